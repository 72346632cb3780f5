"""Jetstream frames as records: both versions, every collection, anything at all."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.connect.backoff import Backoff
from pipeline.connect.jetstream_frames import (
    COLLECTIONS,
    Deleted,
    Ignored,
    Notice,
    Parsed,
    did_of,
    event_time,
    parse_v1,
    parse_v2,
)
from schemas.decode import Refusal, decode
from schemas.records import Follow, Post
from schemas.times import DAY, MINUTE, format_time, parse_time
from tests.integration.conftest_jetstream import NOW, commit, post_id, text_of, v1, v2
from tests.recorded import recorded


def _outcome(collection: str, record: object, operation: str = "create") -> object:
    return parse_v1(v1(3, commit(3, collection, record, operation))).outcome


def test_a_post_with_everything() -> None:
    """Facets count UTF-8 bytes; those outside the text or through a character are left out; embeds give
    links and media; the page of a reply is that of the thread's first author."""
    text = "été #Vigie @ami vigie.example/…"
    encoded = text.encode()

    def facet(part: str, kind: str, **value: str) -> dict[str, Any]:
        start = encoded.index(part.encode())
        index = {"byteStart": start, "byteEnd": start + len(part.encode())}
        return {"index": index, "features": [{"$type": f"app.bsky.richtext.facet#{kind}", **value}]}

    outside = facet("#Vigie", "tag", tag="outside") | {"index": {"byteStart": 0, "byteEnd": len(encoded) + 1}}
    through = facet("#Vigie", "tag", tag="through") | {"index": {"byteStart": 1, "byteEnd": 3}}
    root = "at://did:plc:root/app.bsky.feed.post/r"
    record = {
        "text": text,
        "createdAt": format_time(NOW - MINUTE),
        "langs": ["fr", "en"],
        "tags": ["Vigie", "extra"],
        "facets": [
            facet("#Vigie", "tag", tag="Vigie"),
            facet("@ami", "mention", did="did:plc:ami"),
            facet("vigie.example/…", "link", uri="https://vigie.example/long"),
            outside,
            through,
        ],
        "reply": {"root": {"uri": root}, "parent": {"uri": "at://did:plc:p/app.bsky.feed.post/q"}},
        "embed": {
            "media": {
                "external": {"uri": "https://vigie.example/card"},
                "images": [{"image": {"ref": {"$link": "blob1"}}}],
            }
        },
    }
    assert _outcome(COLLECTIONS[0], record) == Post(
        post_id(3),
        "bluesky",
        "did:plc:u3",
        NOW - MINUTE,
        text,
        lang="fr",
        url="https://bsky.app/profile/did:plc:u3/post/key000003",
        target="did:plc:root",
        reply_to="at://did:plc:p/app.bsky.feed.post/q",
        urls=("https://vigie.example/long", "https://vigie.example/card"),
        hashtags=("Vigie", "extra"),
        mentions=("did:plc:ami",),
        media_hashes=("blob1",),
        source="jetstream",
    )


def test_reposts_likes_follows_and_deletions() -> None:
    """A repost is a Post without text, a like goes to the post's author, a deletion makes no record."""
    uri = "at://did:plc:star/app.bsky.feed.post/k"
    created = format_time(NOW)
    repost = _outcome(COLLECTIONS[1], {"subject": {"uri": uri}, "createdAt": created})
    assert isinstance(repost, Post)
    assert (repost.text, repost.repost_of, repost.is_repost, repost.repost) == ("", uri, True, True)
    like = _outcome(COLLECTIONS[2], {"subject": {"uri": uri}, "createdAt": created})
    assert like == Follow("bluesky", "did:plc:star", "did:plc:u3", NOW, "like", extra={"post_id": uri})
    follow = _outcome(COLLECTIONS[3], {"subject": "did:plc:star", "createdAt": created})
    assert follow == Follow("bluesky", "did:plc:star", "did:plc:u3", NOW, "follow")
    for collection in COLLECTIONS:
        assert _outcome(collection, None, "delete") == Deleted(f"at://did:plc:u3/{collection}/key000003")
    feed = {"subject": {"uri": "at://did:plc:star/app.bsky.feed.generator/k"}, "createdAt": created}
    assert isinstance(_outcome(COLLECTIONS[2], feed), Ignored)
    assert _outcome("app.bsky.graph.block", {}) == Ignored("app.bsky.graph.block")


def test_versions_agree() -> None:
    """The same event in both versions is the same record with the same identity; cursors are their own."""
    one, two = parse_v1(v1(3)), parse_v2(v2(3))
    assert one.outcome == two.outcome
    assert one.identity == two.identity
    assert (one.at, two.at) == (NOW + 30_000, NOW + 30_000)
    assert (one.cursor, two.cursor) == (NOW + 30_000, 503)
    assert parse_v1(b'{"did":"d","time_us":1772359200000000,"kind":"identity"}').outcome == Ignored(
        "identity"
    )
    error = parse_v2(b'{"$type":"error","error":"ConsumerTooSlow","message":"m"}')
    assert error == Parsed(Notice("ConsumerTooSlow", "m", True))


def test_clients_do_not_set_the_clock() -> None:
    """createdAt counts only between a day before the server's time and that time; otherwise the server's
    does."""
    for created, expected in [
        (NOW, NOW),
        (NOW - DAY, NOW - DAY),
        (NOW - DAY - 1, NOW),
        (NOW + 1, NOW),
    ]:
        assert event_time(format_time(created), NOW) == expected
    strange: tuple[object, ...] = ("yesterday", None, 1e300, [], "0001-01-01T00:00:00+23:59")
    for wrong in strange:
        assert event_time(wrong, NOW) == NOW
    future = _outcome(COLLECTIONS[0], text_of(3) | {"createdAt": "2031-01-01T00:00:00Z"})
    assert isinstance(future, Post)
    assert (future.created_at, future.extra) == (NOW + 30_000, {"client_created_at": "2031-01-01T00:00:00Z"})


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**60)
    | st.text(max_size=8)
    | st.sampled_from(["did:plc:a", "at://"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_names = ["text", "createdAt", "langs", "reply", "facets", "embed", "subject", "tags"]


@given(
    st.sampled_from(COLLECTIONS),
    st.dictionaries(st.sampled_from(_names), _json),
    _json,
    st.binary(max_size=40),
)
def test_any_frame_gives_an_outcome(collection: str, record: object, loose: object, noise: bytes) -> None:
    """Whatever the record holds, parsing gives an outcome, and what it gives can be decoded by the
    workers."""
    for parsed in (
        parse_v1(v1(1, commit(1, collection, record))),
        parse_v2(v2(1, commit(1, collection, record))),
        parse_v1(orjson.dumps({"did": loose, "time_us": loose, "kind": loose, "commit": loose})),
        parse_v2(orjson.dumps({"$type": "message", "payload": loose})),
        parse_v1(noise),
        parse_v2(noise),
    ):
        if isinstance(parsed.outcome, Post | Follow):
            from schemas.records import to_dict

            assert decode(orjson.dumps(to_dict(parsed.outcome))) == parsed.outcome
        else:
            assert isinstance(parsed.outcome, Deleted | Ignored | Notice | Refusal)


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True), st.floats(0.001, 5), st.floats(0.001, 600))
def test_backoff_is_bounded(failures: int, draw: float, base: float, cap: float) -> None:
    """A wait is never negative, never over the cap, never over base * 2^failures."""
    wait = Backoff(base, cap).delay(failures, lambda: draw)
    assert 0 <= wait <= cap
    assert wait <= base * 2.0 ** min(failures, 60)


@pytest.mark.shared
def test_recorded_frames() -> None:
    """Frames recorded from the real service: none is refused, and the counts are those of its manifest."""
    path = recorded("frames", "jetstream", "expected_v1.jsonl")
    manifest = json.loads((path.parent / "manifest.json").read_text())
    outcomes = []
    for line in path.read_bytes().splitlines():
        parsed = parse_v1(line)
        outcomes.append(parsed.outcome)
        raw = json.loads(line)
        created = raw.get("commit", {}).get("record", {}).get("createdAt")
        if isinstance(parsed.outcome, Post) and parse_time(created) <= raw["time_us"]:
            assert parsed.outcome.created_at == parse_time(created)
        assert did_of(raw["did"]) == raw["did"]
    kinds = Counter(type(outcome).__name__ for outcome in outcomes)
    assert kinds["Refusal"] == 0
    assert len(outcomes) == manifest["v1_events"]
    assert kinds["Deleted"] == manifest["deletes"]
    assert kinds["Post"] + kinds["Follow"] + kinds["Ignored"] == manifest["v1_events"] - manifest["deletes"]
    assert kinds["Post"] > 30
    assert kinds["Follow"] > 100

"""The quick way from messages to rows gives the rows of the plain way."""

from __future__ import annotations

from typing import Any

import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.scenario.generate import generate
from pipeline.store import enriched_rows
from pipeline.store.enriched_rows import posts_from_json
from pipeline.store.rows import posts_table
from pipeline.text.contract import encode, to_contract
from pipeline.text.enrich import enrich
from schemas.records import Post, to_dict
from tests.property.test_decode import extras, posts

AT = 1_772_535_600_000_000


def plain(raws: list[bytes]) -> pa.Table:
    """The slow way."""
    return posts_table([orjson.loads(raw) for raw in raws], AT)


@settings(max_examples=300, deadline=None)
@given(st.lists(posts, min_size=1, max_size=6), st.data())
def test_any_posts(found: list[Post], data: st.DataObject) -> None:
    """Whatever posts hold, unknown fields included, both ways give the same table."""
    for post in found:
        post.extra = data.draw(extras(Post))
    raws = [orjson.dumps(to_contract(enrich(post, late=n % 2 == 1))) for n, post in enumerate(found)]
    assert posts_from_json(raws, AT).equals(plain(raws))


def test_a_scenario_takes_the_quick_way() -> None:
    """Of ordinary posts, with links, hashtags and threads, none needs the slow way."""
    records = [one for one in generate(2, scale=0.02).records if isinstance(one, Post)]
    raws = [encode(enrich(post)) for post in records]
    quick = enriched_rows._fast(raws, AT)
    assert quick is not None
    assert len(raws) > 500
    assert quick.equals(plain(raws))


POST: dict[str, Any] = {
    "id": "1",
    "platform": "x",
    "author_id": "a",
    "created_at": "2026-01-01T00:00:00Z",
    "text": "salut",
}
OURS = {**POST, "language": "fr", "fingerprint": 7, "late": False, "detectors": {"text": "1"}}


@pytest.mark.parametrize(
    "messages",
    [
        [POST],
        [{**OURS, "created_at": 1_772_535_600}],
        [{**OURS, "created_at": "2026-01-01T00:00:00.1234567Z"}],
        [OURS, {**OURS, "detectors": {"text": "3"}}],
        [{**OURS, "x": 1}, {"x": "text", **OURS}],
        [{"extra": {"late": 1}, **OURS}],
        [{"detectors": 5, "x": {"detectors": {"text": "1"}}}],
        [{**OURS, "fingerprint": -1, "detectors": {"text": "1"}}],
    ],
)
def test_what_others_write(messages: list[dict[str, Any]]) -> None:
    """Messages of another make come out as the slow way has them, or fail as they do there."""
    raws = [orjson.dumps(message) for message in messages]
    try:
        wanted = plain(raws)
    except ValueError as error:
        with pytest.raises(type(error)):
            posts_from_json(raws, AT)
    else:
        assert posts_from_json(raws, AT).equals(wanted)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"id":1}\n{"id":2}', b"null", b'{"id":"\xff"}'])
def test_what_is_no_message(raw: bytes) -> None:
    """It raises alone and beside good ones; no message makes two rows or none."""
    good = orjson.dumps(OURS)
    for raws in ([raw], [good, raw], [raw, good]):
        with pytest.raises((ValueError, AttributeError, TypeError)):
            posts_from_json(raws, AT)


@settings(max_examples=300, deadline=None)
@given(posts, st.booleans(), st.data())
def test_the_quick_way_to_write_a_record(post: Post, late: bool, data: st.DataObject) -> None:
    """Writes what came in, apart from hashtags read from the text, and what Vigie found."""
    post.extra = data.draw(st.none() | extras(Post))
    one = enrich(post, late)
    record = orjson.loads(encode(one))
    assert record == orjson.loads(orjson.dumps(to_contract(one)))
    if not post.deleted:
        came = orjson.loads(orjson.dumps(to_dict(post)))
        assert {name: record[name] for name in came} == came
        found = {"language", "norm_text", "canonical_urls", "fingerprint", "late", "detectors"}
        unknown = {"cluster_id", "burst_score", "account_score"}
        assert record.keys() - came.keys() - {"hashtags"} == found | unknown
        assert (record["norm_text"], record["late"]) == (one.forms.full, late)

"""What a newer version wrote: more fields are kept or passed over, another form is refused by name, nothing misread."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson
import pytest

from pipeline.bus import FORM_HEADER, form_of
from pipeline.detect.intake import Raw
from pipeline.detect.messages import Shuffled, Signal, decode_shuffled, decode_signal, encode
from pipeline.detect.parameters import Parameters
from pipeline.detect.post_step import PostStep
from pipeline.store.enriched_rows import posts_from_json
from pipeline.store.rows import RowError, fan_tables
from pipeline.text.contract import to_contract
from pipeline.text.enrich import enrich
from schemas import erasures
from schemas.cloudevents import envelope, open_envelope
from schemas.decode import Refusal, decode
from schemas.erasures import Erasure
from schemas.records import Kind, Post, to_dict
from tests.integration.conftest_bad import fan, post
from tests.unit.test_quota import alert as an_alert

FUTURE: dict[str, Any] = {
    "schema": "vigie.post/2",
    "specversion": "2.0",
    "kind": "poll",
    "poll": {"options": [{"text": "oui", "votes": 3}]},
    "reactions": 12,
    "edited_at": "2026-07-01T11:00:00Z",
    "late": "perhaps",
}
"""Fields of a later version, a name of Vigie's own among them."""

FOLLOW = {"platform": "x", "page_id": "g", "actor_id": "f", "at": "2026-07-01T10:00:00Z", "action": "follow"}


@pytest.mark.parametrize("record", [post("x", 1), fan("x", 1), FOLLOW], ids=["post", "fan count", "follow"])
def test_unknown_fields_are_kept(record: dict[str, Any]) -> None:
    """A record with fields of a later version is taken, whatever it says of its own version, and goes on with them."""
    taken = decode(orjson.dumps({**record, **FUTURE}))
    assert not isinstance(taken, Refusal)
    told = to_dict(taken)
    assert told.pop("extra") == {"late": "perhaps"}
    assert told == {**record, **{name: value for name, value in FUTURE.items() if name != "late"}}


@pytest.mark.parametrize(
    ("raw", "kind", "code", "field"),
    [
        ({"kind": "poll", "platform": "x", "question": "?"}, None, "unknown_kind", ""),
        ({"kind": "poll", "platform": "x", "question": "?"}, "posts", "missing_field", "id"),
        (
            {"specversion": "1.0", "type": "vigie.post.v2", "data": post("x", 1)},
            "posts",
            "missing_field",
            "id",
        ),
        ({**FOLLOW, "action": "block"}, None, "wrong_value", "action"),
        (post("x", 1, hashtags=[{"tag": "a"}]), "posts", "wrong_type", "hashtags"),
        (post("x", 1, text={"fr": "oui"}), "posts", "wrong_type", "text"),
        (b"\x00\x00\x00\x00\x07" + orjson.dumps(post("x", 1)), "posts", "invalid_json", ""),
        (msgspec.msgpack.encode(post("x", 1)), "posts", "invalid_json", ""),
    ],
    ids=["kind", "kind as post", "envelope", "action", "list", "text", "registry", "packed"],
)
def test_another_form_is_refused_by_name(
    raw: dict[str, Any] | bytes, kind: Kind | None, code: str, field: str
) -> None:
    """Another kind, an envelope, a field of another type, a schema registry's framing: refused, saying where."""
    found = decode(raw if isinstance(raw, bytes) else orjson.dumps(raw), kind)
    assert isinstance(found, Refusal)
    assert (found.code, found.field) == (code, field)


def shuffled() -> list[Shuffled]:
    """What a step says of some posts, rows of every kind among it."""
    step = PostStep(Parameters(), 0, 2)
    text = (
        "Une phrase assez longue pour que des copies en soient cherchées, numéro {}, https://example.org/{}"
    )
    batch = [
        Raw(orjson.dumps(post("x", n, text=text.format(n, n), target="page", author_id=f"a{n}")), offset=n)
        for n in range(20)
    ]
    return [message for posted in step.feed(batch) for message in posted.shuffled]


def longer(raw: bytes) -> bytes:
    """The message with fields at its end that this version does not know."""
    return msgspec.msgpack.encode([*msgspec.msgpack.decode(raw), {"new": [1]}, "more"])


def test_more_fields_between_steps_are_passed_over() -> None:
    """A step of a later version of the same form is understood."""
    for message in shuffled():
        assert message.copies
        assert decode_shuffled(longer(encode(message)), 1) == message
    signal = Signal(1, 5)
    assert decode_signal(longer(encode(signal)), 2) == signal


@pytest.mark.parametrize(
    "change",
    [
        {"sketches": b"\0" * 7},
        {"keys": b"\0" * 12},
        {"keys": b""},
        {"counts": b""},
        {"counts": b"\xff" * 160},
        {"copies_from": b""},
        {"activity_from": b"\0"},
        {"shares_from": b"\0" * 400},
        {"authors_from": b"\0" * 5},
        {"source": 4},
        {"source": -1},
    ],
    ids=str,
)
def test_arrays_that_do_not_fit_are_none_of_ours(change: dict[str, Any]) -> None:
    """Read on, they would bring the worker down, or hold back time for ever."""
    message = next(one for one in shuffled() if one.copies)
    assert decode_shuffled(encode(message), 4) == message
    with pytest.raises(ValueError, match=r"packed arrays|partition"):
        decode_shuffled(encode(msgspec.structs.replace(message, **change)), 4)


def test_signals_of_partitions_that_are_none() -> None:
    """As above; -1 is that of fan partitions."""
    assert decode_signal(encode(Signal(-1, 5)), 2).source == -1
    for source in (-2, 2, 99):
        with pytest.raises(ValueError, match="partition"):
            decode_signal(encode(Signal(source, 5)), 2)


def test_the_form_of_a_message() -> None:
    """What bears no number is of the first form."""
    assert form_of([]) == form_of([("other", b"9")]) == form_of([(FORM_HEADER, b"x")]) == 1
    assert form_of([("other", b"9"), (FORM_HEADER, b"2")]) == 2


def test_the_store_takes_what_it_knows() -> None:
    """Enriched posts and fan records with fields of a later version stand in the store, the fields in `extra`."""
    taken = decode(orjson.dumps(post("x", 1)))
    assert isinstance(taken, Post)
    old = to_contract(enrich(taken))
    new = {**old, "sentiment": 0.5, "detectors": {**old["detectors"], "sentiment": 1}}
    table = posts_from_json([orjson.dumps(old), orjson.dumps(new)], 5)
    assert table["id"].to_pylist() == ["p1", "p1"]
    assert [orjson.loads(extra or "{}") for extra in table["extra"].to_pylist()] == [{}, {"sentiment": 0.5}]
    assert orjson.loads(table["detectors"].to_pylist()[1])["sentiment"] == 1
    counts = dict(fan_tables([{**fan("x", 1), "reach": 7}], 5))["fan_counts"]
    assert orjson.loads(counts["extra"].to_pylist()[0]) == {"reach": 7}
    with pytest.raises(RowError):
        posts_from_json([orjson.dumps({**old, "language": {"code": "fr"}})], 5)


def test_alerts_and_erasures() -> None:
    """More fields are passed over; a kind of alert that this version does not know is none of its own."""
    alert = an_alert(1)
    event = orjson.loads(envelope(alert))
    event["data"]["impact"] = 3
    event["newattribute"] = "x"
    assert open_envelope(orjson.dumps(event)) == alert
    event["data"]["kind"] = "deep_fake"
    with pytest.raises(msgspec.ValidationError):
        open_envelope(orjson.dumps(event))
    erasure = Erasure("x", "0" * 32, 5, "forgotten-00000000")
    told = {**orjson.loads(erasures.encode(erasure)), "asked_by": "x"}
    assert erasures.decode(orjson.dumps(told)) == erasure

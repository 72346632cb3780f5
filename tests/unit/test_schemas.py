"""The JSON Schemas accept what the decoder accepts and refuse the types that it refuses; what Vigie writes is valid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import msgspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped,unused-ignore]
from referencing import Registry, Resource

from agents.app import Shell
from pipeline.backtest import Backtest
from pipeline.bus import Message
from pipeline.config import Settings
from pipeline.connect.files import stamp
from pipeline.connect.sending import dead_letter
from pipeline.detect.intake import Intake, Raw
from pipeline.detect.parameters import Parameters
from pipeline.scenario.generate import generate
from pipeline.text.contract import to_contract
from pipeline.text.enrich import enrich
from schemas.alerts import Alert, encode_alert
from schemas.cloudevents import envelope
from schemas.decode import REFUSALS, Refusal, decode, from_dict
from schemas.jsonschema import json_schemas
from schemas.limits import MAX_ID, MAX_TEXT
from schemas.records import KINDS, FanCount, Follow, Kind, Post, to_dict
from schemas.topics import POSTS_RAW, dead_letter_topic
from tests.property.core_drive import items

SCHEMA: dict[Kind, str] = {"posts": "Post", "fan_counts": "FanCount", "follows": "Follow"}

TELLABLE = {"missing_field", "wrong_type", "wrong_value", "too_long", "control_character"}
"""Refusals that a schema can express. The others speak of syntax, of what a text means as a time, and of depth."""


@cache
def validator(name: str) -> Draft202012Validator:
    """A validator that knows the other schemas by their file names."""
    schemas = json_schemas()
    registry: Registry[Any] = Registry().with_resources(
        (f"{other}.json", Resource.from_contents(schema)) for other, schema in schemas.items()
    )
    return Draft202012Validator(schemas[name], registry=registry)


def valid(name: str, value: object) -> bool:
    return bool(validator(name).is_valid(value))


BASE: dict[Kind, dict[str, Any]] = {
    "posts": {
        "id": "1",
        "platform": "forum",
        "author_id": "a",
        "created_at": "2026-03-03T10:00:00Z",
        "text": "bonjour",
    },
    "fan_counts": {"platform": "forum", "page_id": "p", "observed_at": 1_772_500_000, "followers": 12},
    "follows": {
        "platform": "forum",
        "page_id": "p",
        "actor_id": "a",
        "at": 1_772_500_000_000,
        "action": "follow",
    },
}
STRUCTS: dict[Kind, type[Post | FanCount | Follow]] = {
    "posts": Post,
    "fan_counts": FanCount,
    "follows": Follow,
}
FIELDS: dict[Kind, list[str]] = {
    kind: [name for name in struct.__struct_fields__ if name != "extra"] for kind, struct in STRUCTS.items()
}

strange = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 70), 1 << 70),
    st.integers(788_918_000, 4_102_445_000),
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: not number.is_integer()),
    st.sampled_from([0.0, 3.0, 2.0**53, 1.7e9, 1.7e12, 1.7e15]),
    st.text(max_size=6),
    st.sampled_from(
        ["", "a\x00b", "like", "2026-03-03", "x" * 65, "x" * (MAX_ID + 1), "x" * 4097, "x" * (MAX_TEXT + 1)]
    ),
    st.lists(st.one_of(st.text(max_size=3), st.integers(), st.just("a\x00")), max_size=3),
    st.just(["x"] * 1001),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@st.composite
def candidates(draw: st.DrawFn) -> tuple[Kind, dict[str, Any]]:
    """A valid record of which up to three fields were replaced, added or taken away."""
    kind = draw(st.sampled_from(KINDS))
    data = dict(BASE[kind])
    for name in draw(st.lists(st.sampled_from([*FIELDS[kind], "unknown"]), max_size=3)):
        if draw(st.integers(0, 4)):
            data[name] = draw(strange)
        else:
            data.pop(name, None)
    return kind, data


def number_for_text(data: dict[str, Any]) -> bool:
    """JSON Schema takes 3.0 for an integer; the decoder wants an identifier written as 3."""
    texts = {name for kind in KINDS for name in FIELDS[kind]} - {"followers", "following", "posts"}
    return any(isinstance(data.get(name), float) and data[name].is_integer() for name in texts)


@settings(max_examples=1500, deadline=None)
@given(candidates())
def test_schema_and_decoder_agree(candidate: tuple[Kind, dict[str, Any]]) -> None:
    """Accepted records are valid; records refused for a type, value, length or absence are not."""
    kind, data = candidate
    data = orjson.loads(orjson.dumps(data)) if _fits_json(data) else data
    outcome = from_dict(data, kind)
    if not isinstance(outcome, Refusal):
        assert valid(SCHEMA[kind], data)
    elif outcome.code in TELLABLE and not number_for_text(data):
        assert not valid(SCHEMA[kind], data)


def _fits_json(data: dict[str, Any]) -> bool:
    try:
        orjson.dumps(data)
    except TypeError:  # an integer beyond 64 bits: JSON has it, orjson does not write it
        return False
    return True


@pytest.mark.parametrize("name", list(json_schemas()))
def test_schemas_are_schemas(name: str) -> None:
    """Every document is itself valid under the draft 2020-12 meta-schema."""
    Draft202012Validator.check_schema(json_schemas()[name])


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_fields_are_allowed(kind: Kind) -> None:
    """A field that nobody knows does no harm."""
    assert valid(SCHEMA[kind], {**BASE[kind], "mood": {"deep": [1, None]}})


@cache
def small_backtest() -> Backtest:
    run = Backtest(Parameters())
    run.feed(list(stamp(items(generate(3, scale=0.1).records))))
    run.feed([], end=True)
    return run


def test_every_alert_of_a_backtest_is_valid() -> None:
    """Alerts of a small scenario, of several kinds, and their envelopes fit their schemas."""
    alerts = list(small_backtest().alerts.values())
    assert {alert.kind for alert in alerts} >= {"copy_paste", "fan_spike"}
    for alert in alerts:
        assert [
            error.message for error in validator("Alert").iter_errors(orjson.loads(encode_alert(alert)))
        ] == []
        event = orjson.loads(envelope(alert))
        assert [error.message for error in validator("AlertEvent").iter_errors(event)] == []


def _numbers(value: object) -> list[float]:
    if isinstance(value, float):
        return [value]
    if isinstance(value, dict):
        return [number for inner in value.values() for number in _numbers(inner)]
    return (
        [number for inner in value for number in _numbers(inner)] if isinstance(value, list | tuple) else []
    )


def test_alerts_hold_no_number_that_json_cannot_hold() -> None:
    """No NaN and no infinity anywhere in an alert: orjson would write null, and the alert would not be valid."""
    for alert in small_backtest().alerts.values():
        assert all(map(math.isfinite, _numbers(msgspec.to_builtins(alert))))


SPOILT: dict[str, Any] = {
    "kind": "gossip",
    "revision": 0,
    "status": "withdrawn",
    "severity": "fatal",
    "score": 1.5,
    "first_seen": 1_772_500_000,
    "last_seen": "2026-03-03 10:00",
    "accounts": {"count": 200, "ids": ["a"] * 101},
    "posts": {"count": -1, "ids": []},
    "alert_id": "Campaign 7",
    "window": {"start": "2026-03-03T10:00:00Z"},
    "summary": {"fr": "oui"},
    "reasons": [{"code": "copies"}],
    "detector": None,
}


@pytest.mark.parametrize("field", SPOILT)
def test_a_spoilt_alert_is_not_valid(field: str) -> None:
    """One wrong field is enough."""
    alert: Alert = next(iter(small_backtest().alerts.values()))
    data = orjson.loads(encode_alert(alert))
    assert valid("Alert", data)
    assert not valid("Alert", {**data, field: SPOILT[field]})
    assert not valid("Alert", {name: value for name, value in data.items() if name != field})


texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=80)


@settings(max_examples=200, deadline=None)
@given(texts, st.booleans(), st.none() | texts.filter(bool), st.lists(texts, max_size=3))
def test_enriched_posts_are_valid(text: str, late: bool, target: str | None, urls: list[str]) -> None:
    """What goes onto the enriched topic fits its schema, whatever the text."""
    post = decode(orjson.dumps({**BASE["posts"], "text": text, "target": target, "urls": urls, "mood": 1}))
    assert isinstance(post, Post)
    record = orjson.loads(orjson.dumps(to_contract(enrich(post, late))))
    assert [error.message for error in validator("EnrichedPost").iter_errors(record)] == []


@pytest.mark.parametrize("kind", ["fan_counts", "follows"])
def test_checked_fan_records_are_valid(kind: Kind) -> None:
    """What goes onto the checked topic fits its schema, late or not; unread times do not."""
    record = from_dict(BASE[kind], kind)
    assert not isinstance(record, Refusal)
    assert valid("CheckedFanRecord", to_dict(record))
    assert valid("CheckedFanRecord", {**to_dict(record), "late": True})
    assert not valid("CheckedFanRecord", BASE[kind])  # an epoch number is not how Vigie writes time


def headers_of(headers: tuple[tuple[str, bytes], ...]) -> dict[str, str]:
    return {name: value.decode() for name, value in headers}


@pytest.mark.parametrize("code", REFUSALS)
def test_headers_of_dead_letters_are_valid(code: str) -> None:
    """Headers that connectors write fit their schema for every refusal; an unknown reason does not."""
    _, message = dead_letter(POSTS_RAW, b"{", "replay", f"{code}: why\nand how")
    assert valid("DeadLetterHeaders", headers_of(message.headers))
    _, message = dead_letter(POSTS_RAW, b"{", "replay", "because")
    assert not valid("DeadLetterHeaders", headers_of(message.headers))


class Caught(Shell):
    """A worker's shell that keeps what it would publish."""

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        self.caught = (topic, messages)


class Fetched(NamedTuple):
    """The fields of a fetched record that a dead letter takes over."""

    key: bytes | None
    value: bytes | None
    partition: int
    offset: int


async def test_headers_of_a_workers_dead_letters_are_valid() -> None:
    """A worker's dead letters fit the schema as well, whatever the record held."""
    shell = Caught(Settings.model_validate({}), "127.0.0.1:1", "detect")
    raw = '{"id": "é\\u0000"}'.encode()
    (taken,) = Intake(0, 0, "posts").take([Raw(raw)])
    await shell.refuse(POSTS_RAW, [Fetched(None, raw, 3, 41)], taken.refused)
    topic, (message,) = shell.caught
    headers = headers_of(message.headers)
    assert topic == dead_letter_topic(POSTS_RAW)
    assert valid("DeadLetterHeaders", headers)
    assert headers.keys() == json_schemas()["DeadLetterHeaders"]["properties"].keys()


@pytest.mark.parametrize(
    ("record", "good"),
    [
        ({"alert_id": "burst-1", "at": "2026-03-03T10:00:00Z", "action": "ack"}, True),
        (
            {"alert_id": "burst-1", "at": "2026-03-03T10:00:00Z", "action": "verdict", "verdict": "staged"},
            True,
        ),
        ({"alert_id": "burst-1", "at": "2026-03-03T10:00:00Z", "action": "shrug"}, False),
        ({"alert_id": "burst-1", "action": "ack"}, False),
    ],
)
def test_actions(record: dict[str, str], good: bool) -> None:
    """An answer names the alert, the moment and one of the known actions."""
    assert valid("Action", record) is good

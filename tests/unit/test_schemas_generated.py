"""The generated contracts are up to date, whole, and speak of every topic."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.bus import CLOCK_HEADER, END_HEADER
from schemas import asyncapi
from schemas.generate import TARGET, files, write
from schemas.topics import ACTIONS, ALERTS, FANS_RAW, POSTS_RAW, TOPICS


def test_files_are_up_to_date() -> None:
    """`python -m schemas.generate` would change nothing."""
    there = {path.name: path.read_bytes() for path in TARGET.glob("*.json")}
    made = files()
    stale = sorted(name for name in there.keys() | made.keys() if there.get(name) != made.get(name))
    assert stale == [], "run: python -m schemas.generate"


def test_writing_is_deterministic_and_clears_what_is_gone(tmp_path: Path) -> None:
    """The same bytes each time; a schema that is no longer made does not stay."""
    (tmp_path / "Gone.json").write_text("{}")
    first = {path.name: path.read_bytes() for path in write(tmp_path)}
    second = {path.name: path.read_bytes() for path in write(tmp_path)}
    assert first == second == files()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(first)


def refs(value: object) -> Iterator[str]:
    """Every `$ref` in a document."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "$ref":
                yield inner
            else:
                yield from refs(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from refs(inner)


def resolve(documents: dict[str, Any], home: str, ref: str) -> object:
    """What a reference leads to; KeyError where it leads nowhere."""
    name, _, pointer = ref.partition("#")
    found = documents[name.removeprefix("./") or home]
    for part in filter(None, pointer.split("/")):
        found = found[part]
    return found


@pytest.mark.parametrize("name", list(files()))
def test_every_reference_leads_somewhere(name: str) -> None:
    """References within and between the files resolve to an object."""
    documents = {other: orjson.loads(content) for other, content in files().items()}
    for ref in refs(documents[name]):
        assert isinstance(resolve(documents, name, ref), dict)


def channels() -> dict[str, Any]:
    found: dict[str, Any] = asyncapi.document()["channels"]
    return found


@pytest.mark.parametrize("name", list(TOPICS))
def test_every_topic_has_its_channel(name: str) -> None:
    """Address, partitions and retention are those of the declaration; each message has a payload."""
    topic, channel = TOPICS[name], channels()[name]
    kafka = channel["bindings"]["kafka"]
    assert channel["address"] == kafka["topic"] == name
    assert kafka["partitions"] == topic.partitions
    assert kafka["topicConfiguration"]["retention.ms"] == (topic.retention_hours * 3_600_000 or -1)
    assert kafka["topicConfiguration"]["cleanup.policy"] == ["compact" if topic.compacted else "delete"]
    assert channel["messages"]
    assert all(message["payload"] for message in channel["messages"].values())


def test_there_is_no_channel_without_topic() -> None:
    """The document speaks of declared topics alone."""
    assert list(channels()) == list(TOPICS)


def test_clock_and_end_travel_in_the_headers_of_raw_records() -> None:
    """Both headers bear the names that publishers write."""
    for name in (POSTS_RAW, FANS_RAW):
        messages = channels()[name]["messages"]
        assert CLOCK_HEADER in messages["record"]["headers"]["properties"]
        assert messages["time"]["headers"]["required"] == [CLOCK_HEADER]
        assert messages["end"]["headers"]["required"] == [END_HEADER]


def test_alerts_travel_as_cloudevents_and_may_be_withdrawn() -> None:
    """The alert's payload is the envelope; a message without value withdraws it."""
    messages = channels()[ALERTS]["messages"]
    assert messages["alert"]["payload"]["schema"] == {"$ref": "./AlertEvent.json"}
    assert messages["alert"]["contentType"] == "application/cloudevents+json"
    assert messages["withdrawal"]["payload"]["type"] == "null"


def test_operations_say_who_sends_what() -> None:
    """Vigie receives raw records and actions, sends the rest; its internal topics it does both with."""
    operations = asyncapi.document()["operations"]
    sent = {name.partition(".")[2] for name, operation in operations.items() if operation["action"] == "send"}
    received = {
        name.partition(".")[2] for name, operation in operations.items() if operation["action"] == "receive"
    }
    internal = {name for name, topic in TOPICS.items() if topic.internal}
    assert received - internal == {POSTS_RAW, FANS_RAW, ACTIONS}
    assert sent | received == set(TOPICS)
    assert sent & received == internal

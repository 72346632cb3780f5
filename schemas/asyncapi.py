"""The AsyncAPI 3.0 document of Vigie's topics (asyncapi.com/docs/reference/specification/v3.0.0).

Addresses, partitions and retention come from `schemas.topics`, payloads are the schemas of `schemas.jsonschema` beside
this document. Operations are Vigie's: it receives raw records and actions, and sends the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from schemas.jsonschema import DRAFT, Schema
from schemas.topics import ACTIONS, ALERTS, DLQ, FANS_RAW, POSTS_RAW, TOPICS, Topic

VERSION: Final = "3.0.0"
CONTRACT: Final = "1.0.0"
"""Version of the contract; that of the distribution may rise without it."""

_FORMAT: Final = "application/schema+json;version=draft-2020-12"
_BINDING: Final = "0.5.0"

CLOCK_HEADER: Final = "vigie-clock"
END_HEADER: Final = "vigie-end"

_PLATFORM = "platform, a colon, "
_KEYS: Mapping[str, str] = {
    "Post": _PLATFORM + "author_id",
    "EnrichedPost": _PLATFORM + "author_id",
    "FanCount or Follow": _PLATFORM + "page_id",
    "CopyMember": _PLATFORM + "id",
    "Alert": "alert_id",
    "Action": "alert_id",
    "Erasure": "person, a colon, name, a colon, part",
    "dead letter": "the key of the record as it came",
}

_CLOCK: Schema = {
    "type": "string",
    "pattern": "^[0-9]{1,18}$",
    "description": "decimal microseconds of event time: how far the source had come when it sent this",
}
_RAW_HEADERS: Schema = {
    "type": "object",
    "description": "Names are text, values bytes in UTF-8.",
    "properties": {CLOCK_HEADER: _CLOCK},
}
_TIME_HEADERS: Schema = {**_RAW_HEADERS, "required": [CLOCK_HEADER]}
_END_HEADERS: Schema = {
    "type": "object",
    "properties": {
        END_HEADER: {"type": "string", "description": "its presence counts, on a message without value"},
        CLOCK_HEADER: _CLOCK,
    },
    "required": [END_HEADER],
}
_NOTHING: Schema = {"type": "null", "description": "no value"}


class _Message(NamedTuple):
    name: str
    title: str
    payload: Schema
    headers: Schema | None = None
    content_type: str = "application/json"


def _ref(name: str) -> Schema:
    return {"schemaFormat": _FORMAT, "schema": {"$ref": f"./{name}.json"}}


def _either(*names: str) -> Schema:
    return {
        "schemaFormat": _FORMAT,
        "schema": {"$schema": DRAFT, "anyOf": [{"$ref": f"./{n}.json"} for n in names]},
    }


def _messages(topic: Topic) -> list[_Message]:
    if topic.name.endswith(DLQ):
        raw: Schema = {"type": "string", "format": "binary", "description": "the record's bytes as they came"}
        return [
            _Message(
                "deadLetter", "A refused record", raw, _ref("DeadLetterHeaders"), "application/octet-stream"
            )
        ]
    if topic.internal:
        packed: Schema = {"description": "MessagePack; its form may change with any version"}
        return [
            _Message("internal", "What steps of Vigie send each other", packed, None, "application/msgpack")
        ]
    if topic.name == ALERTS:
        return [
            _Message("alert", "An alert", _ref("AlertEvent"), None, "application/cloudevents+json"),
            _Message("withdrawal", "The alert of this key turned out to be part of another", _NOTHING),
        ]
    if topic.name in (POSTS_RAW, FANS_RAW):
        record = _ref("Post") if topic.name == POSTS_RAW else _either("FanCount", "Follow")
        return [
            _Message("record", topic.record, record, _RAW_HEADERS),
            _Message("time", "The source has sent nothing else here since", _NOTHING, _TIME_HEADERS),
            _Message("end", "The source has nothing more to send", _NOTHING, _END_HEADERS),
        ]
    payload = "CheckedFanRecord" if topic.record == "FanCount or Follow" else topic.record
    return [_Message("record", topic.record, _ref(payload))]


def _message(topic: Topic, message: _Message) -> Schema:
    out: Schema = {
        "name": f"{topic.name}.{message.name}",
        "title": message.title,
        "contentType": message.content_type,
        "payload": message.payload,
    }
    if message.headers is not None:
        out["headers"] = message.headers
    key = _KEYS.get(topic.record)
    if key is not None and message.name not in ("time", "end"):
        out["bindings"] = {
            "kafka": {"key": {"type": "string", "description": key}, "bindingVersion": _BINDING}
        }
    return out


def _channel(topic: Topic) -> Schema:
    config = topic.config()
    return {
        "address": topic.name,
        "description": topic.about,
        "messages": {message.name: _message(topic, message) for message in _messages(topic)},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": config["cleanup.policy"].split(","),
                    "retention.ms": int(config["retention.ms"]),
                    "max.message.bytes": int(config["max.message.bytes"]),
                },
                "bindingVersion": _BINDING,
            }
        },
    }


def _operations(topic: Topic) -> dict[str, Schema]:
    if topic.internal:
        actions = ["send", "receive"]
    else:
        actions = ["receive" if topic.name in (POSTS_RAW, FANS_RAW, ACTIONS) else "send"]
    channel = {"$ref": f"#/channels/{topic.name}"}
    return {f"{action}.{topic.name}": {"action": action, "channel": channel} for action in actions}


def document() -> dict[str, Any]:
    """The whole document, topics in the order of their declaration."""
    topics = list(TOPICS.values())
    operations: dict[str, Schema] = {}
    for topic in topics:
        operations |= _operations(topic)
    return {
        "asyncapi": VERSION,
        "info": {
            "title": "Vigie",
            "version": CONTRACT,
            "description": "Tells, in near real time, when what people see on social feeds is staged.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in topics},
        "operations": operations,
    }

"""JSON Schema (draft 2020-12) of everything that other programs write to Vigie or read from it.

Fields, their order and what is required come from the structs of `schemas.records` and `schemas.alerts`; here they get
what a struct does not say: the forms that readers accept, limits, and the form in which times travel. Two families:

* what comes in (`Post`, `FanCount`, `Follow`): as liberal as `schemas.decode`. What it accepts is valid; what it
  refuses for a missing field, a wrong type or value, or a length is not. Whether a text is a time, and how deeply
  unknown fields are nested, only the decoder can tell.
* what goes out: as Vigie writes it. Unknown fields are allowed everywhere; a later version may add some.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from schemas.alerts import MAX_IDS, Alert
from schemas.cloudevents import TYPE
from schemas.decode import REFUSALS
from schemas.erasures import Erasure
from schemas.limits import MAX_COUNT, MAX_ID, MAX_ITEM, MAX_ITEMS, MAX_LANG, MAX_TEXT
from schemas.records import FOLLOW_ACTIONS, FanCount, Follow, Post
from schemas.times import EARLIEST, LATEST, SECOND, Micros

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


class Enrichment(msgspec.Struct):
    """What an EnrichedPost has beyond its post. The last scores and the cluster are null: they are known later."""

    language: str
    norm_text: str
    canonical_urls: tuple[str, ...]
    fingerprint: int
    cluster_id: str | None
    burst_score: float | None
    account_score: float | None
    late: bool
    detectors: dict[str, str]


class CopyMember(msgspec.Struct):
    """One post belongs to one copy cluster; the last word on a post counts, an empty `cluster_id` takes it out."""

    cluster_id: str
    platform: str
    id: str
    author_id: str
    created_at: Micros


class Action(msgspec.Struct, omit_defaults=True):
    """What somebody answered to an alert."""

    alert_id: str
    at: Micros
    action: str
    actor: str | None = None
    verdict: str | None = None
    until: Micros | None = None
    comment: str | None = None


class DeadLetterHeaders(msgspec.Struct, omit_defaults=True):
    """Headers of a dead letter, as text in UTF-8. Partition and offset are -1 for what never was in a topic."""

    topic: str
    partition: str
    offset: str
    stage: str
    reason: str
    field: str | None = None
    message: str | None = None


_TIMES = frozenset({"created_at", "author_created_at", "observed_at", "at", "actor_created_at", "until"})
_ADDRESSES = frozenset({"url"})
_NO_NUL = "^[^\\u0000]*$"
_INTEGER_IDS: Schema = {"type": "integer", "minimum": -(1 << 63), "maximum": (1 << 64) - 1}
_COUNT: Schema = {"type": "integer", "minimum": 0, "maximum": MAX_COUNT - 1}
_UTC: Schema = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$",
}
_MOMENT: list[Schema] = [
    {"type": "string", "format": "date-time", "description": "RFC 3339; without an offset it is UTC"},
    {
        "type": "number",
        "description": "epoch seconds, milliseconds or microseconds, told apart by their size; 1995 to 2100",
        "minimum": EARLIEST // SECOND - 1,
        "maximum": LATEST,
    },
]


def _text(limit: int, least: int = 0) -> Schema:
    schema: Schema = {"type": "string", "maxLength": limit, "pattern": _NO_NUL}
    return {**schema, "minLength": least} if least else schema


def _limit(name: str) -> int:
    if name == "lang":
        return MAX_LANG
    return MAX_ITEM if name in _ADDRESSES else MAX_ID


def _types(base: Schema) -> set[str]:
    return {base["type"]} if "type" in base else {option["type"] for option in base["anyOf"]}


def _incoming(name: str, base: Schema, required: bool) -> Schema:
    """One field as the decoder takes it."""
    if name == "action":
        return {"enum": list(FOLLOW_ACTIONS)}
    if name == "text":
        return _text(MAX_TEXT)
    kinds = _types(base)
    options: list[Schema]
    if name in _TIMES:
        options = list(_MOMENT)
    elif "integer" in kinds:
        options = [_COUNT]
    elif "boolean" in kinds:
        options = [{"type": "boolean"}]
    elif "array" in kinds:
        options = [{"type": "array", "maxItems": MAX_ITEMS, "items": _text(MAX_ITEM)}]
    else:
        options = [_text(_limit(name), least=1 if required else 0), _INTEGER_IDS]
    if not required:
        options.append({"type": "null"})
    return options[0] if len(options) == 1 else {"anyOf": options}


def _outgoing(name: str, base: Schema, required: bool) -> Schema:
    """One field as Vigie writes it: absent rather than null where the struct has a default."""
    if name == "action" and required:
        return {"enum": list(FOLLOW_ACTIONS)}
    kinds = _types(base)
    if name in _TIMES:
        return _UTC
    if "integer" in kinds:
        return _COUNT
    if "boolean" in kinds:
        return {"type": "boolean"}
    if "array" in kinds:
        return {"type": "array", "items": {"type": "string"}}
    return _text(MAX_TEXT) if name == "text" else _text(_limit(name), least=1)


def _component(struct: type[msgspec.Struct]) -> Schema:
    (_,), components = msgspec.json.schema_components((struct,))
    return dict(components[struct.__name__])


def _record(struct: type[msgspec.Struct], field: Callable[[str, Schema, bool], Schema]) -> Schema:
    base = _component(struct)
    required = base["required"]
    return {
        "title": base["title"],
        "description": base["description"],
        "type": "object",
        "properties": {
            name: field(name, kind, name in required)
            for name, kind in base["properties"].items()
            if name != "extra"
        },
        "required": required,
    }


def _enriched() -> Schema:
    post, more = _record(Post, _outgoing), _component(Enrichment)
    properties = {**post["properties"], **more["properties"]}
    properties["fingerprint"] = {"type": "integer", "minimum": 0, "maximum": (1 << 63) - 1}
    return {
        **post,
        "title": "EnrichedPost",
        "description": "A validated post with what its text gives away. " + more["description"],
        "properties": properties,
        "required": [*post["required"], *more["required"]],
    }


def _checked() -> Schema:
    late: Schema = {"const": True, "description": "only where the record came too late for the detectors"}
    forms = [_record(FanCount, _outgoing), _record(Follow, _outgoing)]
    for form in forms:
        form["properties"]["late"] = late
    return {
        "title": "CheckedFanRecord",
        "description": "A validated follower count or follow event.",
        "anyOf": forms,
    }


def _alert() -> Schema:
    (_,), definitions = msgspec.json.schema_components((Alert,), ref_template="#/$defs/{name}")
    alert = definitions.pop("Alert")
    alert["description"] = str(Alert.__doc__).removeprefix("The contract's alert. ")
    properties = alert["properties"]
    properties["alert_id"]["pattern"] = "^[a-z_]+-[0-9a-f]{20}$"
    properties["revision"]["minimum"] = 1
    properties["score"] |= {"minimum": 0, "maximum": 1}
    properties["first_seen"] = properties["last_seen"] = _UTC
    definitions["Window"]["properties"] = {"start": _UTC, "end": _UTC}
    members = definitions["Members"]
    members["properties"]["count"]["minimum"] = 0
    members["properties"]["ids"]["maxItems"] = MAX_IDS
    members["required"] = ["count", "ids"]
    members["description"] = f"How many, and the first {MAX_IDS} of them in order of time."
    return {**alert, "$defs": definitions}


def _event() -> Schema:
    return {
        "title": "AlertEvent",
        "description": "An alert in its envelope: CloudEvents 1.0, structured mode, JSON.",
        "type": "object",
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {"type": "string", "pattern": "^.+/[1-9][0-9]*$", "description": "alert_id/revision"},
            "source": {"type": "string", "minLength": 1},
            "type": {"const": TYPE},
            "subject": {"type": "string", "minLength": 1, "description": "alert_id"},
            "time": _UTC,
            "datacontenttype": {"const": "application/json"},
            "data": {"$ref": "Alert.json"},
        },
        "required": ["specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"],
    }


def _member() -> Schema:
    schema = _record(CopyMember, _outgoing)
    schema["properties"]["cluster_id"] = {"type": "string", "pattern": "^(copies-[0-9a-f]{20})?$"}
    return schema


def _action() -> Schema:
    schema = _record(Action, _outgoing)
    schema["properties"]["action"] = {"enum": ["ack", "mute", "verdict"]}
    schema["properties"]["comment"] = _text(MAX_ITEM)
    return schema


def _dead_letter() -> Schema:
    schema = _component(DeadLetterHeaders)
    properties = {name: {"type": "string"} for name in schema["properties"]}
    properties["partition"]["pattern"] = properties["offset"]["pattern"] = "^(-1|[0-9]+)$"
    properties["reason"] |= {
        "pattern": f"^({'|'.join(REFUSALS)})(:[\\s\\S]*)?$",
        "description": "the code of the refusal, which a message may follow after a colon",
    }
    return {**schema, "properties": properties}


_MAKERS: Mapping[str, Callable[[], Schema]] = {
    "Post": lambda: _record(Post, _incoming),
    "FanCount": lambda: _record(FanCount, _incoming),
    "Follow": lambda: _record(Follow, _incoming),
    "EnrichedPost": _enriched,
    "CheckedFanRecord": _checked,
    "Alert": _alert,
    "AlertEvent": _event,
    "CopyMember": _member,
    "Action": _action,
    "Erasure": lambda: _component(Erasure),
    "DeadLetterHeaders": _dead_letter,
}


def json_schemas() -> dict[str, Schema]:
    """Name -> schema. They refer to each other by file name (`Alert.json`)."""
    return {name: {"$schema": DRAFT, **make()} for name, make in _MAKERS.items()}

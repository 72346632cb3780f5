"""From bytes to a record, or to the reason why not.

Outcomes are values: a `Refusal` names what is wrong, in which field, with which value. No input makes these
functions raise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import orjson

from schemas.decode_quick import quick_post
from schemas.limits import MAX_COUNT, MAX_DEPTH, MAX_ID, MAX_ITEM, MAX_ITEMS, MAX_LANG, MAX_TEXT
from schemas.records import FOLLOW_ACTIONS, FanCount, Follow, Kind, Post, Record
from schemas.times import parse_time


class Refusal(msgspec.Struct, frozen=True):
    """Why a record was not taken. `code` is one of `REFUSALS`; `field` may be empty; `message` is for people."""

    code: str
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


REFUSALS: dict[str, str] = {
    "invalid_json": "not JSON in UTF-8 (lone surrogates included)",
    "not_an_object": "JSON, but not an object",
    "unknown_kind": "the fields fit none of Post, FanCount, Follow",
    "missing_field": "a required field is absent, null or empty",
    "wrong_type": "a field has another type than the contract's",
    "wrong_value": "a field has a value that is not allowed",
    "time_invalid": "a time cannot be read",
    "time_out_of_range": "a time lies outside 1995 to 2100",
    "too_long": "a field is longer than allowed",
    "control_character": "a field holds the character NUL",
    "too_deep": "unknown fields are nested deeper than 100 levels",
    "not_ours": "an internal topic holds a message that no step of Vigie wrote",
    "not_storable": "a record fits no row of its table",
}


class _Bad(Exception):
    def __init__(self, code: str, field: str, message: str) -> None:
        self.refusal = Refusal(code, field, message)


def _show(value: object) -> str:
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # nested too deeply; an integer of thousands of digits
        text = f"a {type(value).__name__} too large to show"
    return text if len(text) <= 60 else text[:57] + "..."


def _string(data: Mapping[str, Any], name: str, limit: int) -> str:
    value = data.get(name)
    if type(value) is not str:
        if value is None:
            raise _Bad("missing_field", name, f"{name} is missing")
        if type(value) is int and name != "text" and abs(value) < 1 << 64:  # many feeds write ids as numbers
            value = str(value)
        else:
            raise _Bad("wrong_type", name, f"{name} is {_show(value)}; a string is needed")
    if not value and name != "text":
        raise _Bad("missing_field", name, f"{name} is empty")
    if len(value) > limit:
        raise _Bad("too_long", name, f"{name} has {len(value)} characters; {limit} are allowed")
    if "\x00" in value:
        raise _Bad("control_character", name, f"{name} holds the character NUL")
    return value


def _optional_string(data: Mapping[str, Any], name: str, limit: int = MAX_ITEM) -> str | None:
    value = data.get(name)
    if value is None or value == "":
        return None
    return _string(data, name, limit)


def _time(data: Mapping[str, Any], name: str) -> int:
    value = data.get(name)
    if value is None:
        raise _Bad("missing_field", name, f"{name} is missing")
    try:
        return parse_time(value)
    except (ValueError, OverflowError) as error:
        # The messages of `parse_time` and of `datetime`; that of text which is no time at all repeats the text.
        outside = str(error).startswith(("outside", "year", "date value out of range"))
        code = "time_out_of_range" if outside else "time_invalid"
        raise _Bad(
            code,
            name,
            f"{name} is {_show(value)}; RFC 3339 or an epoch number between 1995 and 2100 is needed",
        ) from None


def _optional_time(data: Mapping[str, Any], name: str) -> int | None:
    return None if data.get(name) is None else _time(data, name)


def _count(data: Mapping[str, Any], name: str) -> int:
    value = data.get(name)
    if type(value) is float and value.is_integer():  # CSV and data frames turn counts into floats
        value = int(value)
    if type(value) is not int:
        if value is None:
            raise _Bad("missing_field", name, f"{name} is missing")
        raise _Bad("wrong_type", name, f"{name} is {_show(value)}; a whole number is needed")
    if not 0 <= value < MAX_COUNT:
        raise _Bad("wrong_value", name, f"{name} is {_show(value)}; a count between 0 and 2^53 is needed")
    return value


def _optional_count(data: Mapping[str, Any], name: str) -> int | None:
    return None if data.get(name) is None else _count(data, name)


def _flag(data: Mapping[str, Any], name: str) -> bool:
    value = data.get(name)
    if value is None:
        return False
    if type(value) is not bool:
        raise _Bad("wrong_type", name, f"{name} is {_show(value)}; true or false is needed")
    return value


def _strings(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = data.get(name)
    if value is None:
        return ()
    if type(value) is not list or not all(type(item) is str for item in value):
        raise _Bad("wrong_type", name, f"{name} is {_show(value)}; a list of strings is needed")
    if len(value) > MAX_ITEMS or any(len(item) > MAX_ITEM for item in value):
        raise _Bad("too_long", name, f"{name} has more than 1,000 items or an item of over 4,096 characters")
    if any("\x00" in item for item in value):
        raise _Bad("control_character", name, f"{name} holds the character NUL")
    return tuple(value)


def _extra(data: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any] | None:
    if not data.keys() - known:
        return None
    extra = {name: value for name, value in data.items() if name not in known}
    level: list[Any] = [value for value in extra.values() if type(value) in (dict, list)]
    depth = 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise _Bad("too_deep", "", f"unknown fields are nested deeper than {MAX_DEPTH} levels")
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) in (dict, list)
        ]
    return extra


_POST = frozenset(Post.__struct_fields__) - {"extra"}
_FAN_COUNT = frozenset(FanCount.__struct_fields__) - {"extra"}
_FOLLOW = frozenset(Follow.__struct_fields__) - {"extra"}


def _post(data: Mapping[str, Any]) -> Post:
    get = data.get
    post = Post(
        _string(data, "id", MAX_ID),
        _string(data, "platform", MAX_ID),
        _string(data, "author_id", MAX_ID),
        _time(data, "created_at"),
        _string(data, "text", MAX_TEXT),
    )
    # Most posts have few of these; asking for each costs less than a loop over the declared fields.
    if get("lang") is not None:
        post.lang = _optional_string(data, "lang", MAX_LANG)
    if get("url") is not None:
        post.url = _optional_string(data, "url")
    if get("target") is not None:
        post.target = _optional_string(data, "target", MAX_ID)
    if get("author_name") is not None:
        post.author_name = _optional_string(data, "author_name", MAX_ID)
    if get("author_created_at") is not None:
        post.author_created_at = _optional_time(data, "author_created_at")
    if get("author_followers") is not None:
        post.author_followers = _optional_count(data, "author_followers")
    if get("reply_to") is not None:
        post.reply_to = _optional_string(data, "reply_to", MAX_ID)
    if get("repost_of") is not None:
        post.repost_of = _optional_string(data, "repost_of", MAX_ID)
    if get("is_repost") is not None:
        post.is_repost = _flag(data, "is_repost")
    if get("urls") is not None:
        post.urls = _strings(data, "urls")
    if get("hashtags") is not None:
        post.hashtags = _strings(data, "hashtags")
    if get("mentions") is not None:
        post.mentions = _strings(data, "mentions")
    if get("media_hashes") is not None:
        post.media_hashes = _strings(data, "media_hashes")
    if get("source") is not None:
        post.source = _optional_string(data, "source", MAX_ID)
    if get("deleted") is not None:
        post.deleted = _flag(data, "deleted")
    post.extra = _extra(data, _POST)
    return post


def _fan_count(data: Mapping[str, Any]) -> FanCount:
    return FanCount(
        _string(data, "platform", MAX_ID),
        _string(data, "page_id", MAX_ID),
        _time(data, "observed_at"),
        _count(data, "followers"),
        _optional_string(data, "page_name", MAX_ID),
        _optional_count(data, "following"),
        _optional_count(data, "posts"),
        _extra(data, _FAN_COUNT),
    )


def _follow(data: Mapping[str, Any]) -> Follow:
    action = _string(data, "action", 64)
    if action not in FOLLOW_ACTIONS:
        raise _Bad(
            "wrong_value",
            "action",
            f"action is {_show(action)}; one of {', '.join(FOLLOW_ACTIONS)} is needed",
        )
    return Follow(
        _string(data, "platform", MAX_ID),
        _string(data, "page_id", MAX_ID),
        _string(data, "actor_id", MAX_ID),
        _time(data, "at"),
        action,
        _optional_time(data, "actor_created_at"),
        _optional_string(data, "actor_name", MAX_ID),
        _optional_count(data, "actor_followers"),
        _optional_count(data, "actor_posts"),
        _extra(data, _FOLLOW),
    )


_BUILDERS: dict[Kind, Callable[[Mapping[str, Any]], Record]] = {
    "posts": _post,
    "fan_counts": _fan_count,
    "follows": _follow,
}


def recognise(fields: Mapping[str, Any]) -> Kind | None:
    """The kind of record that these fields make, or None."""
    if "text" in fields and "author_id" in fields:
        return "posts"  # of a page, perhaps, whose id stands there as well
    if "page_id" in fields:
        if "action" in fields or "actor_id" in fields:
            return "follows"
        return "fan_counts"
    if "text" in fields or "author_id" in fields or "created_at" in fields:
        return "posts"
    if "followers" in fields or "observed_at" in fields:
        return "fan_counts"
    return "follows" if "actor_id" in fields else None


def from_dict(data: object, kind: Kind | None = None) -> Record | Refusal:
    """Validates parsed JSON. Without `kind` the record is recognised by its fields."""
    if not isinstance(data, dict):
        return Refusal("not_an_object", "", f"{_show(data)} is not a JSON object")
    kind = kind or recognise(data)
    if kind is None:
        return Refusal("unknown_kind", "", "none of the fields of Post, FanCount or Follow is there")
    try:
        return _BUILDERS[kind](data)
    except _Bad as bad:
        return bad.refusal


def decode(raw: bytes, kind: Kind | None = None) -> Record | Refusal:
    """Validates one JSON document in UTF-8."""
    if kind == "posts" and (post := quick_post(raw)) is not None:
        return post
    try:
        data = orjson.loads(raw)
    except (orjson.JSONDecodeError, RecursionError) as error:
        return Refusal("invalid_json", "", f"not JSON in UTF-8: {error}")
    return from_dict(data, kind)

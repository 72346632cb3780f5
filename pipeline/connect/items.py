"""What file reading hands on: items, how far reading has come, and why a file could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from schemas.decode import recognise
from schemas.limits import MAX_BYTES, MAX_ID
from schemas.records import Kind
from schemas.times import Micros, parse_time
from schemas.topics import FANS_RAW, POSTS_RAW

MAX_LINE = 16 << 20
"""Longest line kept, in bytes. Of a longer one the beginning comes through, over `MAX_RECORD` anyway."""

MAX_RECORD = MAX_BYTES
"""Largest record that is published, in bytes; the topics take messages of 8 MiB with key and headers."""

TIME_FIELD: dict[Kind, str] = {"posts": "created_at", "fan_counts": "observed_at", "follows": "at"}
"""The field that holds a record's event time."""


class Item(NamedTuple):
    """One record as read, good or bad.

    raw: the JSON document to publish (a bad line: its bytes as they are). at: event time, None when
    unreadable. key: `platform:author` or `platform:page`, None when unreadable. kind: as recognised or as
    told, None when neither. source and line: the file, and the line (row of a Parquet file), counted from 1.
    """

    raw: bytes
    at: Micros | None
    key: bytes | None
    kind: Kind | None
    source: str
    line: int


class Progress:
    """Bytes of the files read so far (`done`) of `total`, as they lie on disk."""

    def __init__(self, total: int = 0) -> None:
        self.total = total
        self.done = 0


class FileProblem(Exception):
    """A file that cannot be read (further).

    The message names the file, what is wrong and what to do. wrong_use: the name itself is at fault (missing
    file, unknown suffix), not the content.
    """

    def __init__(self, path: str, wrong: str, advice: str, *, wrong_use: bool = False) -> None:
        super().__init__(f"{path}: {wrong}. {advice}")
        self.path = path
        self.wrong_use = wrong_use


def _part(value: object) -> str | None:
    """An identifier as `schemas.decode` takes it: text, or a number that stands for text."""
    if type(value) is int:
        value = str(value)
    return value if type(value) is str and 0 < len(value) <= MAX_ID else None


def describe(data: Mapping[str, Any], kind: Kind | None) -> tuple[Micros | None, bytes | None, Kind | None]:
    """Event time, key and kind of parsed JSON, each None when it cannot be read. Never raises."""
    kind = kind or recognise(data)
    if kind is None:
        return None, None, None
    try:
        at = parse_time(data.get(TIME_FIELD[kind]))
    except (ValueError, OverflowError):
        at = None
    platform = _part(data.get("platform"))
    who = _part(data.get("author_id" if kind == "posts" else "page_id"))
    key = None if platform is None or who is None else f"{platform}:{who}".encode()
    return at, key, kind


def topic_of(item: Item) -> str:
    """Where a record goes; one of unknown kind goes to the posts, whose worker refuses it."""
    return FANS_RAW if item.kind in ("fan_counts", "follows") else POSTS_RAW

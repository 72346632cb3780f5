"""What a webhook request holds: its signature and its records. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import NamedTuple
from zlib import crc32

import msgspec
import orjson

from pipeline.connect.items import MAX_RECORD
from schemas.decode import Refusal, decode, from_dict
from schemas.packing import packed
from schemas.records import FanCount, Kind, Post, Record, record_key
from schemas.topics import FANS_RAW, POSTS_RAW

SIGNATURE_HEADERS = ("x-vigie-signature", "x-hub-signature-256")

Identity = tuple[object, ...]


class Accepted(NamedTuple):
    """One valid record: where it goes, its key, its JSON as sent, and what tells it from other records."""

    topic: str
    key: bytes
    raw: bytes
    identity: Identity


class Wrong(msgspec.Struct, frozen=True):
    """Why a body is refused: index of the record (-1: the body as a whole), field, code and reason."""

    record: int
    field: str
    code: str
    reason: str


def sign(secret: str, body: bytes) -> str:
    """The signature header's value: `sha256=` and the HMAC-SHA256 of the raw body in hexadecimal."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def signature_fits(secret: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether one of the signature headers holds the body's signature; compared in constant time."""
    expected = sign(secret, body).encode()
    given = [headers[name] for name in SIGNATURE_HEADERS if name in headers]
    return any(hmac.compare_digest(value.strip().lower().encode(), expected) for value in given)


def signed(body: bytes, timestamp: str) -> bytes:
    """What is signed where a timestamp is asked for: it, a full stop, the body."""
    return timestamp.encode() + b"." + body


def fresh(timestamp: str, now: float, tolerance: float) -> bool:
    """Whether a timestamp (decimal Unix seconds) lies within so many seconds of now."""
    return (
        timestamp.isascii()
        and timestamp.isdigit()
        and len(timestamp) < 13
        and abs(int(timestamp) - now) <= tolerance
    )


def identity(record: Record) -> Identity:
    """Two records with the same identity say the same; an edit or a deletion says something else than the post."""
    content = crc32(msgspec.msgpack.encode(record))
    if isinstance(record, Post):
        return ("post", record.platform, record.id, content)
    if isinstance(record, FanCount):
        return ("fan_count", record.platform, record.page_id, record.observed_at, content)
    return ("follow", record.platform, record.page_id, record.actor_id, record.at, record.action, content)


def _documents(body: bytes) -> list[tuple[bytes | None, object]] | Wrong:
    """(bytes as sent, parsed) for every record; bytes without parsed value where it is left to `decode`."""
    try:
        data = orjson.loads(body)
    except (orjson.JSONDecodeError, RecursionError):
        found = [line for line in body.split(b"\n") if line and not line.isspace()]
        if not found:
            return Wrong(-1, "", "invalid_json", "the body is empty")
        return [(line, None) for line in found]
    if isinstance(data, list):
        return [(None, element) for element in data]
    return [(body.strip(), data)]


def parse_body(body: bytes, kind: Kind | None = None) -> list[Accepted] | Wrong:
    """All records of one JSON object, a JSON array of objects or newline-delimited JSON, or the first fault.

    Unknown fields stay in the record. Never raises.
    """
    documents = _documents(body)
    if isinstance(documents, Wrong):
        return documents
    accepted: list[Accepted] = []
    for index, (sent, data) in enumerate(documents):
        record = from_dict(data, kind) if data is not None or sent is None else decode(sent, kind)
        if isinstance(record, Refusal):
            return Wrong(index, record.field, record.code, record.message)
        raw = packed(data) if sent is None else sent
        if len(raw) > MAX_RECORD:
            reason = f"the record has {len(raw)} bytes; {MAX_RECORD} are allowed"
            return Wrong(index, "", "too_long", reason)
        topic = POSTS_RAW if isinstance(record, Post) else FANS_RAW
        accepted.append(Accepted(topic, record_key(record), raw, identity(record)))
    return accepted

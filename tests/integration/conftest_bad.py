"""What can be wrong with a record, and where it is found again."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson
from aiokafka import AIOKafkaProducer

from tests.integration.conftest import RunningVigie

DEEP = b"[" * 600 + b"]" * 600
"""JSON that parsers take and writers do not."""


def post(platform: str, number: object, **more: object) -> dict[str, object]:
    """A good post; `more` spoils it."""
    return {
        "id": f"p{number}",
        "platform": platform,
        "author_id": "a",
        "created_at": "2026-07-01T10:00:00Z",
        "text": f"Bonjour, voici le message numéro {number}.",
        "source": f"test of {platform}",
        **more,
    }


def fan(platform: str, second: int, **more: object) -> dict[str, object]:
    """A good follower count; `more` spoils it."""
    at = f"2026-07-01T10:00:{second:02d}Z"
    return {"platform": platform, "page_id": "g", "observed_at": at, "followers": second, **more}


def without(record: dict[str, object], name: str) -> dict[str, object]:
    """The record, one field less."""
    return {field: value for field, value in record.items() if field != name}


class Bad(NamedTuple):
    """Bytes that are refused, and how the refusal is called."""

    raw: bytes
    code: str
    field: str = ""


def bad_posts(platform: str) -> list[Bad]:
    """Everything that can be wrong with a post."""
    good = post(platform, "bad")
    spoilt: list[tuple[dict[str, object], str, str]] = [
        (without(good, "id"), "missing_field", "id"),
        (without(good, "platform"), "missing_field", "platform"),
        (without(good, "author_id"), "missing_field", "author_id"),
        (without(good, "created_at"), "missing_field", "created_at"),
        (without(good, "text"), "missing_field", "text"),
        ({**good, "id": ""}, "missing_field", "id"),
        ({**good, "text": None}, "missing_field", "text"),
        ({**good, "text": 7}, "wrong_type", "text"),
        ({**good, "id": ["x"]}, "wrong_type", "id"),
        ({**good, "id": 1.5}, "wrong_type", "id"),
        ({**good, "hashtags": "x"}, "wrong_type", "hashtags"),
        ({**good, "urls": [1]}, "wrong_type", "urls"),
        ({**good, "is_repost": "yes"}, "wrong_type", "is_repost"),
        ({**good, "author_followers": "many"}, "wrong_type", "author_followers"),
        ({**good, "author_followers": -1}, "wrong_value", "author_followers"),
        ({**good, "created_at": "soon"}, "time_invalid", "created_at"),
        ({**good, "created_at": True}, "time_invalid", "created_at"),
        ({**good, "created_at": {}}, "time_invalid", "created_at"),
        ({**good, "created_at": "0000-01-01T00:00:00Z"}, "time_out_of_range", "created_at"),
        ({**good, "created_at": "0001-01-01T00:00:00+14:00"}, "time_out_of_range", "created_at"),
        ({**good, "created_at": "9999-12-31T23:59:59Z"}, "time_out_of_range", "created_at"),
        ({**good, "created_at": 0}, "time_out_of_range", "created_at"),
        (
            {**good, "author_created_at": "9999-12-31T23:59:59-14:00"},
            "time_out_of_range",
            "author_created_at",
        ),
        ({**good, "text": "x" * 5_000_000}, "too_long", "text"),
        ({**good, "id": "x" * 600}, "too_long", "id"),
        ({**good, "text": "a\0b"}, "control_character", "text"),
        ({**good, "id": "a\0b"}, "control_character", "id"),
        ({**good, "hashtags": ["a\0b"]}, "control_character", "hashtags"),
    ]
    whole = orjson.dumps(good)
    return [
        *(Bad(orjson.dumps(record), code, field) for record, code, field in spoilt),
        Bad(whole[:-1], "invalid_json"),
        Bad(whole + b"}", "invalid_json"),
        Bad(whole.replace(b"Bonjour", b"\xff\xfe"), "invalid_json"),
        Bad(whole.replace(b"Bonjour", b"\\ud83e"), "invalid_json"),
        Bad(whole.replace(b"Bonjour", b"\xed\xa0\x80"), "invalid_json"),
        Bad(whole.replace(b"Bonjour", b"\0"), "invalid_json"),
        Bad(whole.replace(b"Bonjour", b"\n"), "invalid_json"),
        Bad(whole[:-1] + b',"x":NaN}', "invalid_json"),
        Bad(b"[" * 5000 + platform.encode(), "invalid_json"),
        Bad(b"[" + whole + b"]", "not_an_object"),
        Bad(orjson.dumps(platform), "not_an_object"),
    ]


def bad_fans(platform: str) -> list[Bad]:
    """What can be wrong with a follower count or a follow event."""
    follow = {"platform": platform, "page_id": "g", "actor_id": "f", "at": 1_782_900_000, "action": "follow"}
    spoilt: list[tuple[dict[str, object], str, str]] = [
        (fan(platform, 1, followers=-1), "wrong_value", "followers"),
        (fan(platform, 1, followers="many"), "wrong_type", "followers"),
        (fan(platform, 1, followers=1.5), "wrong_type", "followers"),
        (without(fan(platform, 1), "followers"), "missing_field", "followers"),
        (fan(platform, 1, observed_at="9999-01-01"), "time_out_of_range", "observed_at"),
        ({**follow, "action": "stare"}, "wrong_value", "action"),
        ({**follow, "page_id": "g\0"}, "control_character", "page_id"),
        ({**follow, "actor_created_at": "then"}, "time_invalid", "actor_created_at"),
        (post(platform, 1), "unknown_kind", ""),
        ({"about": platform}, "unknown_kind", ""),
    ]
    return [Bad(orjson.dumps(record), code, field) for record, code, field in spoilt]


class Sent(NamedTuple):
    """Where a message lies."""

    partition: int
    offset: int


def send(stack: RunningVigie, topic: str, values: Sequence[bytes | None], **more: Any) -> list[Sent]:
    """Puts messages into a topic, one after the other, by nobody's rules."""

    async def main() -> list[Sent]:
        producer = AIOKafkaProducer(
            bootstrap_servers=stack.kafka, max_request_size=16 << 20, max_batch_size=16 << 20
        )
        await producer.start()
        try:
            done = [await producer.send_and_wait(topic, value, **more) for value in values]
            return [Sent(one.partition, one.offset) for one in done]
        finally:
            await producer.stop()

    return asyncio.run(main())


def letters(stack: RunningVigie, topic: str, sent: Sequence[Sent]) -> dict[Sent, Bad]:
    """The dead letters of these messages, as they stand in the store."""
    found = stack.rows(
        "SELECT partition, offset, base64Encode(raw), code, field, stage FROM dead_letters FINAL "
        "WHERE topic = {topic:String} AND (partition, offset) IN {sent:Array(Tuple(Int32, Int64))}",
        topic=topic,
        sent=[tuple(one) for one in sent],
    )
    assert all(row[5] for row in found)
    return {Sent(row[0], row[1]): Bad(base64.b64decode(row[2]), row[3], row[4]) for row in found}


def stored(stack: RunningVigie, platform: str) -> list[str]:
    """Ids of the posts of a platform, sorted, each as often as it is there."""
    return [
        row[0]
        for row in stack.rows(
            "SELECT id FROM posts FINAL WHERE platform = {p:String} ORDER BY id", p=platform
        )
    ]

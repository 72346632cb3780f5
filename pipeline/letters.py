"""Dead letters: what was refused, sent again once the fault is mended, or dropped.

The store keeps them with their bytes. What is done with one is told through its dead-letter topic, so that the sinks
stay the only ones that write. A letter is published before it is marked: a crash between the two leaves it open, and
what is published twice is a duplicate like any other, which the workers and the store's keys take once.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from pipeline.bus import Message
from pipeline.connect.sending import Sender
from pipeline.store.client import StoreClient
from schemas.decode import Refusal, decode
from schemas.records import Post, record_key
from schemas.topics import FANS_RAW, POSTS_RAW, dead_letter_topic

Outcome = Literal["open", "replayed", "dropped"]
OUTCOMES: tuple[Outcome, ...] = ("open", "replayed", "dropped")

PAGE = 500
"""Letters that are read and published at a time."""


_GROUPED = """topic, stage, code, field, count() AS letters, toString(min(at)), toString(max(at)),
argMax(letter_id, at), argMax(message, at)"""
_WHOLE = """base64Encode(raw), letter_id, topic, partition, offset, digest, stage, code, field, message, toString(at),
outcome"""


class Choice(msgspec.Struct, frozen=True):
    """Which letters: all of these hold. Empty: any. `ids`: beginnings of letter ids."""

    ids: tuple[str, ...] = ()
    topic: str = ""
    code: str = ""
    stage: str = ""
    outcome: Outcome = "open"

    @property
    def narrow(self) -> bool:
        """Something was asked for, beside the outcome."""
        return bool(self.ids or self.topic or self.code or self.stage)

    def where(self) -> tuple[str, dict[str, object]]:
        """The condition on the view `letters`, and its parameters."""
        parts, values = ["outcome = {outcome:String}"], dict[str, object](outcome=self.outcome)
        if self.ids:
            parts.append("arrayExists(one -> startsWith(letter_id, one), {ids:Array(String)})")
            values["ids"] = [one.lower() for one in self.ids]
        for name in ("topic", "code", "stage"):
            if wanted := getattr(self, name):
                parts.append(f"{name} = {{{name}:String}}")
                values[name] = wanted
        return " AND ".join(parts), values


class Group(msgspec.Struct, frozen=True):
    """Letters refused at one place for one reason; `example` is the latest one's id, `message` what it says."""

    topic: str
    stage: str
    code: str
    field: str
    letters: int
    first: str
    last: str
    example: str
    message: str


class Letter(msgspec.Struct, frozen=True):
    """One refused record. `offset` and `partition` are -1 where it never reached its topic."""

    raw: bytes
    letter_id: str
    topic: str
    partition: int
    offset: int
    digest: int
    stage: str
    code: str
    field: str
    message: str
    at: str
    outcome: Outcome


class Replayed(msgspec.Struct):
    """What came of sending letters again. refused: by code; these stay as they are."""

    published: int = 0
    refused: Counter[str] = msgspec.field(default_factory=Counter)


def groups(client: StoreClient, choice: Choice) -> list[Group]:
    """The letters, by place and reason; the most first.

    Raises:
        StoreError: the store is away.
    """
    where, values = choice.where()
    rows = client.query(
        f"SELECT {_GROUPED} FROM letters WHERE {where} "  # noqa: S608
        "GROUP BY topic, stage, code, field ORDER BY letters DESC, topic, stage, code, field",
        values,
    ).result_rows
    return [Group(*row) for row in rows]


def letters(client: StoreClient, choice: Choice, page: int = PAGE) -> Iterator[list[Letter]]:
    """The letters by the page, each once, in order of their ids.

    Raises:
        StoreError: the store is away.
    """
    where, values = choice.where()
    after = ""
    while True:
        rows = client.query(
            f"SELECT {_WHOLE} FROM letters WHERE {where} AND letter_id > {{after:String}} "  # noqa: S608
            "ORDER BY letter_id LIMIT {page:UInt32}",
            {**values, "after": after, "page": page},
        ).result_rows
        if rows:
            yield [Letter(base64.b64decode(raw), *row) for raw, *row in rows]
        if len(rows) < page:
            return
        after = rows[-1][1]


def message_of(letter: Letter) -> Message | Refusal:
    """The letter as its topic would take it today, or why it would be refused again."""
    if letter.topic not in (POSTS_RAW, FANS_RAW):
        return Refusal("not_a_source", "", f"nobody sends records to {letter.topic} from outside")
    record = decode(letter.raw, "posts" if letter.topic == POSTS_RAW else None)
    if isinstance(record, Refusal):
        return record
    if letter.topic == FANS_RAW and isinstance(record, Post):
        return Refusal("unknown_kind", "", "a post where follower counts and follow events belong")
    return Message(record_key(record), letter.raw)


def settlement(letter: Letter, outcome: Outcome) -> tuple[str, Message]:
    """The topic and the message that tell the store what became of a letter."""
    headers = (
        ("topic", letter.topic.encode()),
        ("partition", b"%d" % letter.partition),
        ("offset", b"%d" % letter.offset),
        ("digest", b"%d" % letter.digest),
        ("outcome", outcome.encode()),
    )
    return dead_letter_topic(letter.topic), Message(None, None, headers)


async def _send(publisher: Sender, messages: Sequence[tuple[str, Message]]) -> None:
    for topic in dict.fromkeys(topic for topic, _ in messages):
        await publisher.send(topic, [message for name, message in messages if name == topic])


async def settle(publisher: Sender, page: Sequence[Letter], outcome: Outcome) -> None:
    """Marks letters.

    Raises:
        KafkaError: the broker did not take it.
    """
    await _send(publisher, [settlement(letter, outcome) for letter in page])


async def replay(publisher: Sender, page: Sequence[Letter], done: Replayed, dry: bool = False) -> None:
    """Publishes to their topics those letters that would be taken today, then marks them; adds to `done`. `dry`: only
    counts.

    Raises:
        KafkaError: the broker did not take it; the letters are open still.
    """
    good: list[tuple[Letter, Message]] = []
    for letter in page:
        message = message_of(letter)
        if isinstance(message, Refusal):
            done.refused[message.code] += 1
        else:
            good.append((letter, message))
    if not dry:
        await _send(publisher, [(letter.topic, message) for letter, message in good])
        await settle(publisher, [letter for letter, _ in good], "replayed")
    done.published += len(good)

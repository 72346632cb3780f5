# ruff: noqa: S608 (tables and columns are named here; values are parameters)
"""Forgetting a person: what is known of them, the record that makes everybody forget, and waiting until they have."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import msgspec
import orjson

from pipeline.bus import Message, Publisher
from pipeline.store.client import StoreClient
from pipeline.store.forget import PEOPLE
from schemas.erasures import Erasure, decode, digest, encode, fresh_name, parts
from schemas.times import Micros
from schemas.topics import ERASURES

FORGETTER = "vigie-forget"
"""Client id."""

_TRIES = 3
_SETTLED = 3.0
"""Seconds after which a batch that was on its way has come."""


class Person(msgspec.Struct, frozen=True):
    """Who is meant, and what names them: ids of their posts, digests of refused records."""

    platform: str
    author: str
    posts: tuple[str, ...]
    letters: tuple[int, ...]

    def erasure(self, at: Micros) -> Erasure:
        """The record by which they are forgotten."""
        found = tuple(digest(self.platform, post) for post in self.posts)
        person = digest(self.platform, self.author)
        return Erasure(self.platform, person, at, fresh_name(), found, self.letters)


def find(client: StoreClient, platform: str, author: str) -> Person:
    """Looks a person up in the store.

    Raises:
        StoreError: the store is away.
    """
    values = {"p": platform, "a": author}
    posts = client.query(
        "SELECT DISTINCT id FROM (SELECT id FROM posts WHERE platform = {p:String} AND author_id = {a:String} "
        "UNION ALL SELECT id FROM copy_members WHERE platform = {p:String} AND author_id = {a:String})",
        values,
    ).result_rows
    # Of a record that could be read, its author; of one that could not, whoever it mentions.
    letters = client.query(
        "SELECT DISTINCT digest FROM dead_letters WHERE if(isValidJSON(raw), "
        "JSONExtractString(raw, 'platform') IN ({p:String}, '') AND {a:String} IN ("
        "trim(BOTH '\"' FROM JSONExtractRaw(raw, 'author_id')), trim(BOTH '\"' FROM JSONExtractRaw(raw, 'actor_id'))), "
        "match(raw, concat('(^|[^A-Za-z0-9_])', {pattern:String}, '($|[^A-Za-z0-9_])')))",
        {**values, "pattern": _literal(author)},
    ).result_rows
    return Person(
        platform, author, tuple(str(row[0]) for row in posts), tuple(int(row[0]) for row in letters)
    )


def _literal(text: str) -> str:
    """As a pattern of RE2 that stands for the text itself."""
    return "".join(one if one.isalnum() or ord(one) > 127 else f"\\x{{{ord(one):x}}}" for one in text)


def _said(mine: str, reasons: str) -> str:
    """Whether these reasons (JSON) name the person, or a post of theirs."""
    ids = "JSONExtract(one, 'values', 'post_ids', 'Array(String)')"
    posts = f"arrayExists(one -> arrayExists(id -> id IN ({mine}), {ids}), JSONExtractArrayRaw({reasons}))"
    return f"(position({reasons}, {{q:String}}) > 0 OR {posts})"


def count(client: StoreClient, person: Person) -> dict[str, int]:
    """Rows that are about the person, by table: in `alerts` and `alert_revisions` such as name them.

    Raises:
        StoreError: the store is away.
    """
    quoted = orjson.dumps(person.author).decode()  # as it stands in the JSON of reasons
    values = {"p": person.platform, "a": person.author, "q": quoted}
    found = {
        table: _value(
            client,
            f"SELECT count() FROM {table} FINAL WHERE platform = {{p:String}} AND {column} = {{a:String}}",
            values,
        )
        for table, (column, _) in PEOPLE.items()
    }
    mine = "SELECT id FROM posts WHERE platform = {p:String} AND author_id = {a:String}"
    where = (
        "subject_platform IN ({p:String}, '*') AND (has(account_ids, {a:String}) OR subject_id = {a:String} "
        f"OR arrayExists(id -> id IN ({mine}), post_ids) OR {_said(mine, 'reasons')})"
    )
    found["alerts"] = _value(client, f"SELECT count() FROM alerts FINAL WHERE {where}", values)
    of_revision = "JSONExtractRaw(alert, 'reasons')"
    named = (
        "JSONExtractString(alert, 'subject', 'platform') IN ({p:String}, '*') AND "
        "(has(JSONExtract(alert, 'accounts', 'ids', 'Array(String)'), {a:String}) "
        "OR JSONExtractString(alert, 'subject', 'id') = {a:String} "
        f"OR arrayExists(id -> id IN ({mine}), JSONExtract(alert, 'posts', 'ids', 'Array(String)')) "
        f"OR {_said(mine, of_revision)})"
    )
    found["alert_revisions"] = _value(
        client, f"SELECT count() FROM alert_revisions FINAL WHERE {named}", values
    )
    listed = ", ".join(map(str, person.letters)) or "0"
    found["dead_letters"] = (
        _value(client, f"SELECT count() FROM dead_letters FINAL WHERE digest IN ({listed})", {})
        if person.letters
        else 0
    )
    return found


def _value(client: StoreClient, query: str, values: dict[str, str]) -> int:
    return int(client.query(query, values).result_rows[0][0])


def stored_erasures(client: StoreClient) -> list[Erasure]:
    """All that were ever asked for.

    Raises:
        StoreError: the store is away.
    """
    found = client.query("SELECT record FROM erasures FINAL ORDER BY at, mark").result_rows
    return [decode(str(row[0]).encode()) for row in found]


async def publish(bootstrap: str, erasures: Sequence[Erasure]) -> None:
    """Tells everybody.

    Raises:
        KafkaError: the broker did not take it.
    """
    publisher = Publisher(bootstrap, FORGETTER)
    try:
        await publisher.start()
        messages = [Message(f"{one.person}:{one.mark}".encode(), encode(one)) for one in erasures]
        await publisher.send(ERASURES, messages)
    finally:
        await publisher.stop()


def forget(client: StoreClient, bootstrap: str, person: Person, patience: float) -> dict[str, int]:
    """Makes everybody forget a person, and waits until nothing of them is in the store; what is there still.

    Raises:
        KafkaError, StoreError: broker or store are away; saying it again does no harm.
    """
    left: dict[str, int] = {}
    for _ in range(_TRIES):
        # What sinks had in hand when they heard of it may have come in behind their backs: then once more.
        asyncio.run(publish(bootstrap, parts(person.erasure(time.time_ns() // 1000))))
        left = _wait(client, person, patience)
        if not any(left.values()):
            time.sleep(_SETTLED)
            left = count(client, person)
        if not any(left.values()):
            break
        person = find(client, person.platform, person.author)
    return left


def _wait(client: StoreClient, person: Person, patience: float) -> dict[str, int]:
    deadline = time.monotonic() + patience
    while True:
        left = count(client, person)
        if not any(left.values()) or time.monotonic() > deadline:
            return left
        time.sleep(0.3)

"""From decoded JSON to Arrow tables with the store's schemas, column by column. Pure; time is an argument.

300,000 posts take a few seconds: nothing here makes an object per field but Arrow itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
import pyarrow as pa

from pipeline.store.schemas import (
    ACTIONS,
    ALERT_REVISIONS,
    ALERTS,
    COPY_MEMBERS,
    CURSORS,
    DEAD_LETTERS,
    ERASURES,
    FAN_COUNTS,
    FOLLOWS,
    LETTER_OUTCOMES,
    POSTS,
    TIME,
)
from schemas.erasures import Erasure, encode
from schemas.times import Micros, parse_time

Json = Mapping[str, Any]
Told = Sequence[Micros | None]
"""For each record the number under which it was told, if it bears one; empty where none does."""

EPOCH = "1970-01-01T00:00:00Z"
"""Stands in a time column that says nothing and may not be null."""
DEFAULTS: dict[Any, Any] = {pa.string(): "", pa.bool_(): False, pa.list_(pa.string()): ()}
"""What stands in other columns that say nothing and may not be null; 0 where the type is not listed."""


class RowError(ValueError):
    """A record does not fit its table; the message names the column."""


def posts_table(posts: Sequence[Json], ingested_at: Micros, told: Told = ()) -> pa.Table:
    """Table `posts` from EnrichedPost JSON; the column `ingested_at` orders versions of one post: the number in `told`
    where there is one.

    Raises:
        RowError: a field has a type that its column cannot hold (the same for every function here).
    """
    return _table(POSTS, posts, ingested_at, {"detectors": _json, "fingerprint": _unsigned}, told)


def fan_counts_table(counts: Sequence[Json], ingested_at: Micros, told: Told = ()) -> pa.Table:
    """Table `fan_counts` from FanCount JSON; `told` as for posts."""
    return _table(FAN_COUNTS, counts, ingested_at, None, told)


def follows_table(follows: Sequence[Json], ingested_at: Micros, told: Told = ()) -> pa.Table:
    """Table `follows` from Follow JSON; `told` as for posts."""
    return _table(FOLLOWS, follows, ingested_at, None, told)


def fan_tables(records: Sequence[Json], ingested_at: Micros, told: Told = ()) -> list[tuple[str, pa.Table]]:
    """Tables `fan_counts` and `follows` from the records of the fan topic; `told` as for posts."""
    follows = [place for place, record in enumerate(records) if "actor_id" in record]
    counts = [place for place, record in enumerate(records) if "actor_id" not in record]

    def of(places: list[int]) -> tuple[Sequence[Json], Micros, Told]:
        return [records[i] for i in places], ingested_at, [told[i] for i in places] if told else ()

    return [("fan_counts", fan_counts_table(*of(counts))), ("follows", follows_table(*of(follows)))]


def withdrawal(alert_id: str) -> dict[str, Any]:
    """Stands among alerts for one that was withdrawn."""
    return {"alert_id": alert_id, "withdrawn": True}


def alerts_table(alerts: Sequence[Json], ingested_at: Micros, told: Told = ()) -> pa.Table:
    """Table `alerts` from the contract's alerts and `withdrawal`s, in the topic's order: the last wins, or that with
    the highest number in `told` (`version`)."""
    flat: list[Json] = []
    for alert in alerts:
        if alert.get("withdrawn"):
            flat.append({"alert_id": alert["alert_id"], "status": "withdrawn", "is_deleted": 1})
            continue
        subject, window, summary = alert["subject"], alert["window"], alert["summary"]
        flat.append(
            {
                **alert,
                "subject_platform": subject["platform"],
                "subject_id": subject["id"],
                "subject_name": subject.get("name"),
                "window_start": window["start"],
                "window_end": window["end"],
                "account_count": alert["accounts"]["count"],
                "account_ids": alert["accounts"]["ids"],
                "post_count": alert["posts"]["count"],
                "post_ids": alert["posts"]["ids"],
                "summary_fr": summary["fr"],
                "summary_en": summary["en"],
            }
        )
    makers = dict.fromkeys(("reasons", "ruled_out", "detector"), _json)
    return _table(ALERTS, flat, ingested_at, makers, told)


def alert_revisions_table(alerts: Sequence[Json], ingested_at: Micros) -> pa.Table:
    """Table `alert_revisions` from the same values as `alerts_table`."""
    rows: list[Json] = []
    for alert in alerts:
        text = orjson.dumps(alert, option=orjson.OPT_SORT_KEYS)
        row = {**alert, "digest": digest(text), "alert": text.decode()}
        rows.append({**row, "status": "withdrawn"} if alert.get("withdrawn") else row)
    return _table(ALERT_REVISIONS, rows, ingested_at)


def copy_members_table(members: Sequence[Json], ingested_at: Micros, told: Told = ()) -> pa.Table:
    """Table `copy_members` from CopyMember JSON; an empty `cluster_id` takes the post out of its cluster. `told` as for
    alerts."""
    rows = [{**member, "is_deleted": 0 if member.get("cluster_id") else 1} for member in members]
    return _table(COPY_MEMBERS, rows, ingested_at, None, told)


def actions_table(actions: Sequence[Json], ingested_at: Micros) -> pa.Table:
    """Table `actions` from {alert_id, at, action, actor?, verdict?, until?, comment?}."""
    return _table(ACTIONS, actions, ingested_at)


def dead_letters_table(letters: Sequence[Json], refused_at: Micros) -> pa.Table:
    """Table `dead_letters` from {topic, partition, offset, stage, code, field, message, raw: bytes, at?}."""
    rows = []
    for letter in letters:
        raw = letter["raw"]
        content = raw.encode() if isinstance(raw, str) else bytes(raw)
        rows.append({"at": refused_at, **letter, "raw": content, "digest": digest(content)})
    return _table(DEAD_LETTERS, rows, refused_at)


def letter_outcomes_table(outcomes: Sequence[Json], settled_at: Micros) -> pa.Table:
    """Table `letter_outcomes` from {topic, partition, offset, digest, outcome}."""
    return _table(LETTER_OUTCOMES, [{"at": settled_at, **outcome} for outcome in outcomes], settled_at)


def erasures_table(erasures: Sequence[Erasure], ingested_at: Micros) -> pa.Table:
    """Table `erasures`."""
    found = [
        {
            "mark": one.mark,
            "platform": one.platform,
            "person": one.person,
            "at": one.at,
            "record": encode(one).decode(),
        }
        for one in erasures
    ]
    return _table(ERASURES, found, ingested_at)


def cursors_table(cursors: Mapping[str, str], at: Micros) -> pa.Table:
    """Table `cursors` from connector name -> cursor."""
    return _table(
        CURSORS, [{"connector": name, "value": value, "at": at} for name, value in cursors.items()], at
    )


def digest(content: bytes) -> int:
    """64 bits of a content, for keys that must tell different contents apart."""
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big")


def version(ingested_at: Micros, position: int, told: Micros | None = None) -> int:
    """Orders what is stored: by millisecond, then by place in its batch (at most a million); 64 bits. What bears the
    number under which it was told (`pipeline.bus.VERSION_HEADER`) is ordered by that, however often it is stored."""
    if told is not None:
        ingested_at, position = told, told % 1000
    return (ingested_at // 1000 << 20) + position


Maker = Callable[[list[Any]], list[Any]]


def _json(values: list[Any]) -> list[Any]:
    return [
        "" if value is None else value if type(value) is str else orjson.dumps(value).decode()
        for value in values
    ]


def _unsigned(values: list[Any]) -> list[Any]:
    """Hashes: numbers of 64 bits (signed ones wrapped), or hexadecimal text."""
    return [
        0 if value is None else int(value, 16) if type(value) is str else value & 0xFFFFFFFFFFFFFFFF
        for value in values
    ]


def _table(
    schema: pa.Schema,
    records: Sequence[Json],
    ingested_at: Micros,
    makers: Mapping[str, Maker] | None = None,
    told: Told = (),
) -> pa.Table:
    count = len(records)
    columns: list[pa.Array] = []
    for field in schema:
        if field.name == "ingested_at":
            columns.append(entered(ingested_at, count, () if "version" in schema.names else told))
        elif field.name == "version":
            numbers = told or [None] * count
            columns.append(pa.array([version(ingested_at, i, numbers[i]) for i in range(count)], field.type))
        elif field.name == "extra":
            columns.append(pa.array(extra_fields(records, frozenset(schema.names) - {"extra"}), field.type))
        else:
            values = [record.get(field.name) for record in records]
            if makers and field.name in makers:
                values = makers[field.name](values)
            columns.append(_column(field, values))
    return pa.Table.from_arrays(columns, schema=schema)


def entered(ingested_at: Micros, count: int, told: Told) -> pa.Array:
    """The column `ingested_at` of `count` rows: the number under which each was told, or `ingested_at`."""
    if not told:
        return pa.repeat(pa.scalar(ingested_at, TIME), count)
    return pa.array([ingested_at if one is None else one for one in told], pa.int64()).cast(TIME)


def extra_fields(records: Sequence[Json], known: frozenset[str]) -> list[str]:
    """Fields without a column, as JSON; empty where there is none."""
    return [
        ""
        if record.keys() <= known
        else orjson.dumps({name: value for name, value in record.items() if name not in known}).decode()
        for record in records
    ]


def _column(field: pa.Field, values: list[Any]) -> pa.Array:
    try:
        if field.type == TIME:
            return _times(values, nullable=field.nullable)
        if not field.nullable:
            default = DEFAULTS.get(field.type, b"" if field.type == pa.binary() else 0)
            values = [default if value is None else value for value in values]
        return pa.array(values, field.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError, TypeError, OverflowError) as error:
        raise RowError(f"column {field.name}: {error}") from error


def _times(values: list[Any], *, nullable: bool) -> pa.Array:
    """RFC 3339 text (Arrow reads it a hundred times faster than Python), or whole microseconds."""
    if not nullable:
        values = [EPOCH if value is None else value for value in values]
    if all(value is None or type(value) is str for value in values):
        try:
            return pa.array(values, pa.string()).cast(TIME)
        except pa.ArrowInvalid:
            pass  # forms that only Python reads: no offset, seven digits, …
    return pa.array([_micros(value) for value in values], pa.int64()).cast(TIME)


def _micros(value: Any) -> Micros | None:
    return 0 if value == EPOCH else value if value is None or type(value) is int else parse_time(value)

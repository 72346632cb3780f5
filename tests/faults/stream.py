"""The records of a run: generated days with operations planted, told as badly as sources tell things."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from pipeline.connect.items import TIME_FIELD
from pipeline.scenario.generate import START, generate
from schemas.records import Post, Record, event_time, record_kind, to_dict
from schemas.times import HOUR, MINUTE, Micros, format_time
from tests.faults.beat import Told, quiet

DAY_OFF = 25 * HOUR
"""How wrong a clock is that is wrong by a day; by a day exactly would leave open whether the source's clock follows."""

_LATENESS = 15 * MINUTE  # the default of `detect.lateness_minutes`
_SHUFFLED, _LATE, _TWICE, _EDITED, _WRONG_CLOCK = 0.3, 0.005, 0.02, 0.003, 0.0005
_POISON = 1e-4

Arrival = tuple[Micros, int, bytes]
"""When a record arrives, in the time of events; its number, by which what arrives together keeps order; its line."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A file of records in the order in which they arrive, and how many of them are spoilt in which way."""

    path: Path
    seed: int
    records: int
    spoilt: dict[str, int]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a stream is like. scale and days: as for `generate`. change: done to each record's fields.

    poison: share of records that are none, 1 for nothing else. least: how many of those there are at the least. start:
    the first day.
    """

    scale: float = 0.3
    days: float = 3.0
    poison: float = _POISON
    least: int = 3
    change: Callable[[random.Random, dict[str, Any]], None] | None = None
    start: Micros = START


def hot_page(_: random.Random, fields: dict[str, Any]) -> None:
    """Everybody follows the same page."""
    if "actor_id" in fields:
        fields["page_id"] = "hot"


def hot_account(rng: random.Random, fields: dict[str, Any]) -> None:
    """Most posts are by the same account."""
    if "author_id" in fields and rng.random() < 0.6:
        fields["author_id"] = "hot"


def write_stream(path: Path, seed: int, shape: Shape | None = None, told: Told = quiet) -> Stream:
    """Writes the stream; the same seed and shape give the same bytes. `told` hears how far it is.

    Raises:
        OSError: the file cannot be written.
    """
    shape = shape or Shape()
    rng = random.Random(f"faults/{seed}")
    count: Counter[str] = Counter()
    told("generating days", 0, 0)
    scenario = generate(seed, shape.days, shape.scale, shape.start)
    lines: Iterable[bytes]
    if shape.poison >= 1.0:
        lines = [_line(_poison(rng, scenario.start)) for _ in range(3_000)]
        records = count["poison"] = len(lines)
    else:
        arrivals = _arrivals(_used_up(scenario.records, told), shape, rng, count)
        for number in range(max(shape.least, round(shape.poison * len(arrivals)))):
            at, _, _ = rng.choice(arrivals)
            arrivals.append((at, -number - 1, _line(_poison(rng, at))))
            count["poison"] += 1
        arrivals.sort()
        records = len(arrivals)
        lines = (line for _, _, line in arrivals)
    told("writing the stream", 0, records)
    with path.open("wb") as file:
        file.writelines(lines)
    return Stream(path, seed, records, dict(sorted(count.items())))


def _used_up(records: list[Record], told: Told) -> Iterator[Record]:
    """In their order. Each leaves the list as it is taken: a soak has millions, and needs them in one form only."""
    total = len(records)
    records.reverse()
    while records:
        told("spoiling the records", total - len(records), total)
        yield records.pop()


def _arrivals(
    records: Iterable[Record], shape: Shape, rng: random.Random, count: Counter[str]
) -> list[Arrival]:
    arrivals: list[Arrival] = []
    for number, record in enumerate(records):
        at = event_time(record)
        fields = to_dict(record)
        if shape.change is not None:
            shape.change(rng, fields)
        if rng.random() < _WRONG_CLOCK:
            count["wrong clock"] += 1
            fields[TIME_FIELD[record_kind(record)]] = format_time(at + rng.choice((-DAY_OFF, DAY_OFF)))
            # Told once and at once: hours later the clock would be less than a day behind it, and follow.
            arrivals.append((at, number, _line(orjson.dumps(fields))))
            continue
        chance = rng.random()
        if chance < _LATE:
            count["late"] += 1
            at += rng.randrange(_LATENESS + 5 * MINUTE, 10 * HOUR)
        elif chance < _LATE + _SHUFFLED:
            count["shuffled"] += 1
            at += rng.randrange(_LATENESS - MINUTE)
        raw = _line(orjson.dumps(fields))
        arrivals.append((at, number, raw))
        if rng.random() < _TWICE:
            count["twice"] += 1
            arrivals.append((at + rng.randrange(HOUR), number, raw))
        if isinstance(record, Post) and rng.random() < _EDITED:
            count["edited"] += 1
            fields |= {"text": f"{fields['text']} (corrigé)"} if rng.random() < 0.5 else {"deleted": True}
            # After the last time that the unedited one comes: which of the two stands in the end is then beyond doubt.
            arrivals.append((at + HOUR + rng.randrange(HOUR), number, _line(orjson.dumps(fields))))
    return arrivals


def _line(raw: bytes) -> bytes:
    """A copy that is no longer than it has to be: what orjson returns holds on to four thousand bytes."""
    return raw + b"\n"


def _poison(rng: random.Random, at: Micros) -> bytes:
    """A record that is none, unlike any other, of the time `at`: what is refused still moves its source's clock."""
    mark = f"poison-{rng.getrandbits(48):012x}"
    post = {"id": mark, "platform": "forum", "author_id": mark, "created_at": format_time(at)}
    count = {"platform": "forum", "page_id": mark, "observed_at": format_time(at)}
    whole = orjson.dumps({**post, "text": "Bonjour"})
    return rng.choice(
        (
            whole[:-1],
            whole.replace(b"Bonjour", b"\xff\xfe"),
            whole.replace(b"Bonjour", b"\\u0000"),
            orjson.dumps(post),
            orjson.dumps({**post, "text": 7}),
            orjson.dumps({**post, "text": mark, "created_at": "soon"}),
            orjson.dumps({**post, "text": mark, "created_at": "9999-12-31T23:59:59Z"}),
            orjson.dumps([mark]),
            orjson.dumps({"about": mark}),
            orjson.dumps({**post, "text": mark})[:-1] + b',"x":' + b"[" * 600 + b"]" * 600 + b"}",
            orjson.dumps({**count, "followers": -1}),
            orjson.dumps({**count, "followers": "many"}),
        )
    )

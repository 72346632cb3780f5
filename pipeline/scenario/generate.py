"""Generates a scenario and writes it to files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from pipeline.scenario.fans import come_and_go, count
from pipeline.scenario.life import live
from pipeline.scenario.plants import PLANTS, Plant
from pipeline.scenario.truth import Planted, write_truth
from pipeline.scenario.world import World
from schemas.records import FanCount, Follow, Post, Record, event_time, to_dict
from schemas.times import Micros

START: Micros = 1_772_492_400_000_000
"""Midnight in Paris, Tuesday 3 March 2026."""

MIN_DAYS = 3.0
"""A day of ordinary history, then two days in which everything is planted."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Records in order of event time, and what was planted among them, in order of its start.

    The last operations may run some minutes past `end`.
    """

    seed: int
    start: Micros
    end: Micros
    records: list[Record]
    truth: list[Planted]


def by_time(record: Record) -> tuple[Micros, int, str, str]:
    """What records are sorted by."""
    if isinstance(record, Post):
        return record.created_at, 0, record.platform, record.id
    if isinstance(record, Follow):
        return record.at, 1, record.page_id, record.actor_id
    return event_time(record), 2, record.platform, record.page_id


def generate(
    seed: int,
    days: float = 3,
    scale: float = 1.0,
    start: Micros = START,
    plants: Mapping[str, Plant] | None = None,
) -> Scenario:
    """A scenario: the same arguments give the same records.

    Args:
        seed: any whole number.
        days: length; the plants lie in days 2 and 3, further days are ordinary.
        scale: size of the ordinary life (1: about 60,000 posts in three days) and of organic waves.
            Operations keep their numbers of accounts.
        start: first day; taken back to midnight in Paris.
        plants: what to plant instead of all of `PLANTS`.

    Raises:
        ValueError: `days` below 3 or `scale` not in 0.02..100.
    """
    if days < MIN_DAYS:
        raise ValueError(f"days is {days}; at least {MIN_DAYS:g} are needed")
    if not 0.02 <= scale <= 100:
        raise ValueError(f"scale is {scale}; 0.02 to 100 is allowed")
    world = World(seed, days, scale, start)
    live(world)
    come_and_go(world)
    chosen = PLANTS if plants is None else plants
    truth = [plant(world, world.stream(f"plant/{name}")) for name, plant in chosen.items()]
    count(world)
    records: list[Record] = [*world.posts, *world.follows, *world.readings]
    records.sort(key=by_time)
    truth.sort(key=lambda planted: (planted.start, planted.name))
    return Scenario(seed, world.start, world.end, records, truth)


def _write(records: Iterable[Record], path: Path) -> None:
    with path.open("wb") as file:
        for record in records:
            file.write(orjson.dumps(to_dict(record), option=orjson.OPT_APPEND_NEWLINE))


def write(scenario: Scenario, directory: Path) -> None:
    """Writes posts.jsonl, fan_counts.jsonl, follows.jsonl (each in order of time) and truth.json.

    Raises:
        OSError: the directory cannot be made or written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    _write((record for record in scenario.records if isinstance(record, Post)), directory / "posts.jsonl")
    _write(
        (record for record in scenario.records if isinstance(record, FanCount)),
        directory / "fan_counts.jsonl",
    )
    _write((record for record in scenario.records if isinstance(record, Follow)), directory / "follows.jsonl")
    write_truth(scenario.truth, directory / "truth.json")

"""The posts that everything is measured on: generated ones, and recorded ones where they are at hand."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from pipeline.connect.files import read
from pipeline.connect.items import Item
from pipeline.demo import items
from pipeline.scenario.generate import generate
from schemas.records import Post
from tests.measure import shared

_OF_SCALE_ONE = 57_000
"""Posts of a generated scenario of scale 1, about."""

SEED = 1


def generated(count: int, seed: int = SEED) -> list[Item]:
    """The first `count` posts of a scenario that has at least about so many."""
    scenario = generate(seed, scale=min(100.0, max(0.02, 1.05 * count / _OF_SCALE_ONE)))
    return list(items(islice((record for record in scenario.records if isinstance(record, Post)), count)))


def recorded(count: int) -> list[Item] | None:
    """The first `count` posts of a recorded operation; None where the recordings are absent."""
    data = shared()
    file = data / "ira_tweets" / "2015q4.parquet" if data is not None else None
    return list(islice(read([file]), count)) if file is not None and file.exists() else None


def kinds(count: int, quick: bool = False) -> Iterator[tuple[str, list[Item]]]:
    """Both, each with its title; the generated ones alone if `quick`."""
    yield "Generated posts", generated(count)
    found = None if quick else recorded(count)
    if found is not None:
        yield "Recorded posts (2015 Q4)", found

"""The plot of creation dates counts accounts in cells, is small, and names nobody."""

from __future__ import annotations

import random
from collections import Counter
from xml.etree import ElementTree

import pytest

from schemas.records import Follow
from schemas.times import DAY, HOUR, parse_time
from tests.eval.followers import creation_dates
from tests.eval.plot import heat_map

START = parse_time("2014-01-01T00:00:00Z")


def test_a_heat_map_of_many_accounts_is_small_and_names_nobody() -> None:
    """30,000 followers: well-formed, below 200 kB, without any of their ids."""
    rng = random.Random(1)
    records = [
        Follow(
            "x",
            "page",
            f"somebody{n}",
            START + n * HOUR,
            "follow",
            START + n * HOUR - rng.randrange(1500) * DAY,
        )
        for n in range(30_000)
    ]
    svg = creation_dates(records)
    ElementTree.fromstring(svg)
    assert len(svg) < 200_000
    assert "somebody" not in svg


def test_every_cell_is_drawn_once() -> None:
    """As many squares as there are cells, however many shades they take."""
    rng = random.Random(2)
    cells = Counter((rng.randrange(20), int(10 * rng.random() ** 3)) for _ in range(5000))
    svg = heat_map("a", "b", "c", (20, 10), cells, [], [])
    assert svg.count("h1v1h-1z") == len(cells)


def test_a_cell_outside_is_refused() -> None:
    """The size is a promise."""
    with pytest.raises(ValueError, match="20 x 10"):
        heat_map("a", "b", "c", (20, 10), {(20, 3): 1}, [], [])

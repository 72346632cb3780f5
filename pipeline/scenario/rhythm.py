"""When people are awake: levels of activity over the day and the week, and counts drawn from them."""

from __future__ import annotations

import hashlib
from math import exp
from random import Random

from schemas.times import DAY, HOUR, MINUTE, Micros

ZONES: dict[str, int] = {"paris": 60, "montreal": -300, "london": 0, "newyork": -300}
"""Where authors live, and their clock's offset from UTC in minutes (winter time: a scenario lasts days)."""

HOME: Micros = ZONES["paris"] * MINUTE
"""The offset of the clock by which operations are timed."""

# Shares of the day's posts by local hour: asleep at four, a bump over lunch, the summit at nine.
_AWAKE = (0.30, 0.14, 0.07, 0.04, 0.05, 0.10, 0.28, 0.60, 0.85, 0.90, 0.90, 0.95,
          1.25, 1.20, 0.90, 0.85, 0.90, 1.00, 1.20, 1.45, 1.65, 1.75, 1.35, 0.75)  # fmt: skip

CHRONOTYPES: dict[str, tuple[float, float]] = {"lark": (-1.3, 0.25), "usual": (0.0, 0.55), "owl": (2.2, 0.20)}
"""Hours by which somebody's day is shifted, and the share of people who live so."""

# Multipliers for what a page is about: by local hour (four-hour blocks from midnight), and at weekends.
_PAGES: dict[str, tuple[tuple[float, ...], float]] = {
    "even": ((1.0, 1.0, 1.0, 1.0, 1.0, 1.0), 1.0),
    "office": ((0.4, 0.9, 1.6, 1.5, 1.0, 0.5), 0.45),
    "evening": ((1.1, 0.4, 0.5, 0.8, 1.3, 1.8), 1.2),
    "commute": ((0.5, 1.9, 0.9, 0.9, 1.7, 0.7), 0.5),
    "leisure": ((0.8, 0.6, 0.9, 1.1, 1.2, 1.3), 1.7),
}


def stream(seed: int, name: str) -> Random:
    """Random numbers for one purpose: another purpose's consumption never changes them."""
    return Random(  # noqa: S311 - play, not secrets
        int.from_bytes(hashlib.blake2b(f"{seed}\x1f{name}".encode(), digest_size=16).digest(), "big")
    )


def midnight(at: Micros) -> Micros:
    """The last midnight in Paris at or before `at`."""
    return (at + HOME) // DAY * DAY - HOME


def local_hour(at: Micros, zone: str = "paris") -> float:
    """Hours since local midnight, 0..24."""
    return (at + ZONES[zone] * MINUTE) % DAY / HOUR


def weekday(at: Micros, zone: str = "paris") -> int:
    """0 is Monday."""
    return int((at + ZONES[zone] * MINUTE) // DAY + 3) % 7  # 1970-01-01 was a Thursday


def awake(at: Micros, zone: str, chronotype: str = "usual") -> float:
    """How active people of one zone are; the mean over a day is about 0.8."""
    hour = (local_hour(at, zone) - CHRONOTYPES[chronotype][0]) % 24
    low = int(hour)
    part = hour - low
    return _AWAKE[low] * (1 - part) + _AWAKE[(low + 1) % 24] * part


def interest(at: Micros, rhythm: str, zone: str) -> float:
    """How much of people's attention a page has at that hour of the week, about 1 on average."""
    blocks, weekend = _PAGES[rhythm]
    return blocks[int(local_hour(at, zone) // 4)] * (weekend if weekday(at, zone) >= 5 else 1.0)


def poisson(rate: float, rng: Random) -> int:
    """A Poisson count (Knuth's product of uniforms; in parts, so that exp does not underflow)."""
    count = 0
    while rate > 0:
        part = min(rate, 200.0)
        rate -= part
        limit, product = exp(-part), rng.random()
        while product > limit:
            count += 1
            product *= rng.random()
    return count

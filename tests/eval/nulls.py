"""False discoveries among thousands of series watched at once: targets, accounts and pages on which nothing happens.

Each has a rhythm of day and week, hours that differ, and counts that scatter as negative binomial variables. They are
fed to the detectors themselves, a few hundred at a time: no detector compares one with another, but accounts are held
against their platform, so these come by the thousand.

    python -m tests.eval.nulls
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.detect.activity import Activity
from pipeline.detect.bursts import TargetBursts
from pipeline.detect.clock import FINAL, Tick
from pipeline.detect.fan_spikes import FanSpikes
from pipeline.detect.finding import Finding
from pipeline.detect.parameters import Parameters
from pipeline.detect.source_counts import SourceCount
from pipeline.scenario.generate import START
from schemas.records import FanCount, Follow
from schemas.times import DAY, HOUR, MINUTE, Micros
from tests.author_watch import AuthorWatch
from tests.measure import say, table
from tests.source_watch import SourceWatch

SERIES = 10_000
DAYS = 14
MOST = 1.0
"""False alarms of severity warning or higher in 100,000 series-days."""

_SLOT = 5 * MINUTE
_AT_ONCE = 250
_ACCOUNTS = 2500
"""Accounts of one platform."""
_YEAR = 365 * DAY
_SOURCES, _SOURCE_DAYS = 10, 63
"""Sources that are watched together, and for how long."""

Array = npt.NDArray[np.float64]


class Told(NamedTuple):
    """What one detector said of `series` series in so many series-days, by severity."""

    what: str
    series: int
    days: int
    severities: Counter[str]
    reasons: Counter[str]

    @property
    def loud(self) -> int:
        """Alerts of severity warning or higher."""
        return sum(count for severity, count in self.severities.items() if severity != "info")

    @property
    def rate(self) -> float:
        """Of those, in 100,000 series-days."""
        return 1e5 * self.loud / self.days


def rates(rng: np.random.Generator, days: int, slot: Micros) -> Array:
    """Mean counts of one series over 1: rhythm of day and week, and hours that are good or bad by themselves."""
    at = START + np.arange(days * DAY // slot) * slot
    hour, weekday = at % DAY / HOUR, at // DAY % 7
    depth, peak = rng.uniform(0.2, 0.95), rng.uniform(10, 22)
    day = 1 + depth * np.sin((hour - peak + 6) / 24 * 2 * np.pi)
    day = day ** rng.uniform(1, 2)  # some pages sleep deeper
    week = np.where(weekday >= 5, rng.uniform(0.3, 1.6), 1.0)
    steps = rng.normal(0, rng.uniform(0.05, 0.35), len(at) * slot // HOUR + 2)
    mood = np.zeros(len(steps))
    for i in range(1, len(steps)):
        mood[i] = 0.8 * mood[i - 1] + steps[i]
    level = day * week * np.exp(mood[np.arange(len(at)) * slot // HOUR])
    shape: Array = level / level.mean()
    return shape


def _counts(rng: np.random.Generator, mean: Array, dispersion: float) -> npt.NDArray[np.int64]:
    return rng.poisson(rng.gamma(1 / dispersion, mean * dispersion))


def _moments(rng: np.random.Generator, counts: npt.NDArray[np.int64], slot: Micros) -> npt.NDArray[np.int64]:
    starts = START + np.repeat(np.flatnonzero(counts), counts[counts > 0]) * slot
    return np.sort(starts + rng.integers(0, slot, len(starts)))


def target(rng: np.random.Generator, name: str) -> list[Activity]:
    """Two weeks of a page: a community of its own size, some talk, few newcomers, here and there a phrase of others."""
    a_day = min(3000.0, float(np.exp(rng.normal(np.log(6), 1.8))))
    counts = _counts(rng, a_day * _SLOT / DAY * rates(rng, DAYS, _SLOT), rng.uniform(0.05, 1.0))
    times = _moments(rng, counts, _SLOT)
    people = max(3, int(a_day * rng.uniform(0.4, 6)))
    weights = np.arange(1, people + 1) ** -rng.uniform(0.5, 1.2)
    authors = rng.choice(people, len(times), p=weights / weights.sum())
    born = START - (60 * DAY + rng.random(people) * 12 * _YEAR).astype(np.int64)
    new = rng.random(people) < rng.uniform(0, 0.1)
    born[new] = START - (rng.random(int(new.sum())) * 30 * DAY).astype(np.int64)
    talk, passing, links = rng.uniform(0.1, 0.7), rng.uniform(0, 0.4), rng.uniform(0, 0.4)
    draw = rng.random((len(times), 4))
    site = rng.zipf(1.8, len(times))
    return [
        Activity(
            "null", name, at, f"{name}/{who}", f"{name}/{number}", int(born[who]), bool(a < talk),
            bool(talk <= a < talk + passing * (1 - talk)),
            (int(c * 40),) if b < 0.03 else (1000 + number,) if b < 0.8 else (),
            f"site-{where}.example" if d < links else "",
        )
        for number, (at, who, (a, b, c, d), where) in enumerate(
            zip(times.tolist(), authors.tolist(), draw.tolist(), site.tolist(), strict=True)
        )
    ]  # fmt: skip


def account(rng: np.random.Generator, name: str) -> list[Activity]:
    """Two weeks of a person: sleeps, has busy days, talks in runs."""
    a_day = min(120.0, float(np.exp(rng.normal(np.log(3), 1.3))))
    shape = rates(rng, DAYS, _SLOT)
    awake = (START + np.arange(len(shape)) * _SLOT) % DAY / HOUR
    asleep = (awake - rng.uniform(22, 26)) % 24 < rng.uniform(6, 9)
    counts = _counts(rng, a_day * _SLOT / DAY * np.where(asleep, 0.02, 1.4) * shape, rng.uniform(0.5, 6))
    times = _moments(rng, counts, _SLOT)
    draw, talk = rng.random((len(times), 3)), rng.uniform(0.1, 0.8)
    site = rng.zipf(1.8, len(times))
    return [
        Activity(
            "null", name, at, name, f"{name}/{number}", None, bool(a < talk), bool(a > 0.85), (),
            f"site-{where}.example" if b < 0.2 else "",
        )
        for number, (at, (a, b, _), where) in enumerate(zip(times.tolist(), draw.tolist(), site.tolist(), strict=True))
    ]  # fmt: skip


def counter(rng: np.random.Generator, name: str, days: int, step: Micros) -> list[FanCount]:
    """Readings of one page's followers: growth with a rhythm, losses, some readings missing."""
    fans = int(np.exp(rng.normal(np.log(8000), 1.6))) + 50
    growth = fans * np.exp(rng.normal(np.log(0.0008), 1.0)) * step / DAY
    gains = _counts(rng, growth * rates(rng, days, step), rng.uniform(0.05, 0.6))
    losses = rng.poisson(np.full(len(gains), growth * rng.uniform(0.1, 0.9)))
    followers = fans + np.cumsum(gains - losses)
    minute = int(rng.integers(0, step // 2))
    missing = rng.random(len(gains)) < 0.02
    return [
        FanCount("null", name, START + i * step + minute, max(0, int(count)))
        for i, count in enumerate(followers)
        if not missing[i]
    ]


def follows(rng: np.random.Generator, name: str) -> list[Follow]:
    """Two weeks of one page's new fans, old and varied accounts with a few that are young or empty."""
    a_day = min(400.0, float(np.exp(rng.normal(np.log(12), 1.3))))
    times = _moments(rng, _counts(rng, a_day / 24 * rates(rng, DAYS, HOUR), rng.uniform(0.05, 0.6)), HOUR)
    young, empty = rng.uniform(0.02, 0.25), rng.uniform(0.02, 0.2)
    draw, age = rng.random((len(times), 2)), rng.random(len(times))
    said = rng.lognormal(4, 1.6, len(times)).astype(int)
    return [
        Follow(
            "null", name, f"{name}/{number}", at, "follow", at - int(old * (30 * DAY if a < young else 10 * _YEAR)),
            None, 0 if b < empty else 50 + number % 500, 0 if b < empty else 1 + int(posts),
        )
        for number, (at, (a, b), old, posts) in enumerate(
            zip(times.tolist(), draw.tolist(), age.tolist(), said.tolist(), strict=True)
        )
    ]  # fmt: skip


def sources(series: int) -> Told:
    """Sources of ten platforms at once, over two months: from one post an hour to some hundreds, restless as targets
    are, some of which bring their posts in a batch a day or a week."""
    found: list[Finding] = []
    for block in range(0, series, _SOURCES):
        watch, means = SourceWatch(Parameters().silence), []
        for number in range(block, min(block + _SOURCES, series)):
            rng = np.random.default_rng([11, 7, number])
            mean = np.exp(rng.uniform(0, 6)) * rates(rng, _SOURCE_DAYS, HOUR)
            period = rng.choice([1, 1, 1, 1, 24, 168])
            if period > 1:  # the same posts, but all of them at one hour
                whole = mean.reshape(-1, period)[: _SOURCE_DAYS * 24 // period].sum(axis=1)
                mean = np.zeros(len(mean))
                mean[int(rng.integers(0, period)) :: period][: len(whole)] = whole[: len(mean) // period]
            spread = rng.uniform(0.05, 0.6)
            means.append(rng.poisson(rng.gamma(1 / spread, np.maximum(mean, 1e-9) * spread)))
        for hour, came in enumerate(np.array(means).T.tolist()):
            at = START + hour * HOUR
            counts = [
                SourceCount("null", f"s{n}", at // HOUR, posts, at, at + HOUR - 1)
                for n, posts in enumerate(came)
                if posts
            ]
            watch.count(counts, at + HOUR if counts else 0)
            watch.upto(at + HOUR)
        found += watch.end()
    return Told(
        "sources (source_silent)", series, series * _SOURCE_DAYS,
        Counter(finding.severity for finding in found), Counter(r.code for f in found for r in f.reasons),
    )  # fmt: skip


def _hourly(rows: list[tuple[Micros, int, object]], step: Micros) -> Iterator[tuple[Micros, list[object]]]:
    """Rows of one time step after the other, with the time at which each ends."""
    rows.sort(key=lambda row: row[:2])
    start = 0
    while start < len(rows):
        end_at = (rows[start][0] // step + 1) * step
        end = start
        while end < len(rows) and rows[end][0] < end_at:
            end += 1
        yield end_at, [row for _, _, row in rows[start:end]]
        start = end


def _watch(
    what: str,
    series: int,
    days: int,
    step: Micros,
    make: Callable[[np.random.Generator, str], Iterable[object]],
    fresh: Callable[[Micros], TargetBursts | AuthorWatch | FanSpikes],
    at_once: int = _AT_ONCE,
) -> Told:
    lateness = Parameters().lateness
    last: dict[str, Finding] = {}
    for block in range(0, series, at_once):
        if block % 2000 == 0:
            say(f"eval: {what}, {block} of {series}")
        rows: list[tuple[Micros, int, object]] = []
        for number in range(block, min(block + at_once, series)):
            rng = np.random.default_rng([11, len(what), number])
            for row in make(rng, f"s{number}"):
                at = row.observed_at if isinstance(row, FanCount) else row.at  # type: ignore[attr-defined]
                rows.append((at, number, row))
        detector = fresh(lateness)
        for now, batch in _hourly(rows, step):
            detector.add(batch)  # type: ignore[arg-type]
            for finding in detector.advance(Tick(now, now - lateness)):
                last[finding.alert_id] = finding
        for finding in detector.advance(FINAL):
            last[finding.alert_id] = finding
    standing = [finding for finding in last.values() if not finding.withdrawn]
    return Told(
        what, series, series * days,
        Counter(finding.severity for finding in standing),
        Counter(r.code for f in standing if f.severity != "info" for r in f.reasons),
    )  # fmt: skip


def measured(series: int = SERIES) -> list[Told]:
    """All of them. `series`: of each detector's main kind."""
    p = Parameters()
    return [
        _watch("targets (burst)", series, DAYS, HOUR, target, lambda late: TargetBursts(p.bursts, late)),
        _watch(
            "accounts (author_burst)", series, DAYS, HOUR, account, lambda late: AuthorWatch(p.authors, late), _ACCOUNTS
        ),
        _watch(
            "follower counts, hourly (fan_spike)", series, DAYS, 6 * HOUR,
            lambda rng, name: counter(rng, name, DAYS, HOUR), lambda late: FanSpikes(p.fans, late),
        ),
        _watch(
            "follower counts, daily for 90 days (fan_spike)", series // 5, 90, DAY,
            lambda rng, name: counter(rng, name, 90, DAY), lambda late: FanSpikes(p.fans, late),
        ),
        _watch("follow events (fan_spike)", series // 5, DAYS, 6 * HOUR, follows, lambda late: FanSpikes(p.fans, late)),
        sources(series // 10),
    ]  # fmt: skip


def report(problems: list[str]) -> str:
    """The section; says in `problems` what is not as it should be."""
    found = measured()
    if any(told.rate > MOST for told in found):
        problems.append("series on which nothing happens are alarmed")
    rows = [
        (
            told.what,
            f"{told.series:,}",
            f"{told.days:,}",
            told.severities["info"],
            told.loud,
            f"{told.rate:.2f}",
            ", ".join(f"{code} {count}" for code, count in sorted(told.reasons.items())) or "–",
        )
        for told in found
    ]
    head = (
        "series",
        "number",
        "series-days",
        "info",
        "warning or higher",
        "per 100,000 series-days",
        "reasons of these",
    )
    return (
        "Thousands of series on which nothing happens, watched at once for two weeks: rhythm of day and week, restless"
        f" hours, negative binomial counts. Asked for: {MOST:g} alert of severity warning or higher in 100,000"
        " series-days.\n\n" + table(head, rows)
    )


if __name__ == "__main__":
    print(report([]))

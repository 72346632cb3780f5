"""False alarms: days on which nothing is staged, generated and recorded. Every alert of severity warning or higher is
listed.

    python -m tests.eval "false alarms"
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping
from functools import cache
from math import exp, factorial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from pipeline.backtest import Backtest, backtest
from pipeline.connect.files import read, stamp
from pipeline.demo import items
from pipeline.detect.copy_parameters import CopyParameters
from pipeline.detect.parameters import Parameters
from pipeline.scenario.generate import generate
from pipeline.scenario.plants import INNOCENT
from pipeline.scenario.plants.own_campaign import LINK
from pipeline.scenario.truth import Planted
from schemas.records import Post, to_dict
from tests.eval.oracle import unconfirmed
from tests.measure import say, shared, table

SEEDS = range(101, 151)
SCALE = 0.25
MOST = 1.0
"""Alerts of severity warning or higher in 100,000 posts, copies that brute force confirms apart."""

_SUBJECTS = {
    "burst": "page or hashtag",
    "author_burst": "account",
    "copy_paste": "text",
    "fan_spike": "page",
    "coordinated_accounts": "group of accounts",
    "pile_on": "page",
    "fake_fans": "page",
}


class Alarm(NamedTuple):
    """An alert of severity warning or higher where nothing was staged; `where` names a source or a look-alike.

    confirmed: brute force finds the copies that it speaks of.
    """

    where: str
    kind: str
    severity: str
    score: float
    reasons: tuple[str, ...]
    confirmed: bool

    def row(self) -> tuple[object, ...]:
        """Cells of the page: nobody's name, id or words."""
        subject = _SUBJECTS.get(self.kind, "other")
        return (
            self.where,
            self.kind,
            self.severity,
            f"{self.score:.2f}",
            subject,
            ", ".join(self.reasons),
            "copies confirmed" if self.confirmed else "**false**",
        )


class Source(NamedTuple):
    """What one source brought: posts read, alerts in all, those of severity warning or higher."""

    name: str
    posts: int
    alerts: int
    alarms: list[Alarm]

    @property
    def false(self) -> list[Alarm]:
        """Without copies that brute force confirms."""
        return [alarm for alarm in self.alarms if not alarm.confirmed]


def declared() -> Parameters:
    """The defaults, and the one campaign that has been declared, as an installation's settings would."""
    return Parameters(copies=CopyParameters(declared_urls=(LINK,)))


def alarms(
    alerts: Iterable[Mapping[str, Any]], posts: Mapping[str, Mapping[str, Any]], name: str
) -> list[Alarm]:
    """The loud ones among alerts over posts (id -> record) that are all innocent."""
    loud = [alert for alert in alerts if alert["severity"] != "info"]
    wrong = set(unconfirmed(loud, posts))
    return [
        Alarm(
            name,
            alert["kind"],
            alert["severity"],
            alert["score"],
            tuple(reason["code"] for reason in alert["reasons"]),
            alert["kind"] == "copy_paste" and alert["alert_id"] not in wrong,
        )
        for alert in sorted(loud, key=lambda alert: (alert["kind"], alert["first_seen"], alert["alert_id"]))
    ]


def innocent_day(seed: int, scale: float) -> tuple[Source, list[Planted]]:
    """Three generated days with all innocent look-alikes and nothing else."""
    scenario = generate(seed, scale=scale, plants=INNOCENT)
    run = Backtest(declared())
    run.feed(list(stamp(items(scenario.records))), end=True)
    alerts = [msgspec.to_builtins(alert) for alert in run.alerts.values()]
    posts = {one.id: to_dict(one) for one in scenario.records if isinstance(one, Post)}
    return Source("generated", len(posts), len(alerts), alarms(alerts, posts, f"seed {seed}")), scenario.truth


@cache
def recorded(data: Path) -> tuple[Source, ...]:
    """The ordinary posts that were recorded, file by file."""
    found = []
    for file in sorted((data / "background").glob("*.jsonl.gz")):
        say(f"eval: {file.name}")
        with tempfile.TemporaryDirectory() as folder:
            report = backtest(read([file]), Parameters(), Path(folder))
            alerts = [json.loads(line) for line in (Path(folder) / "alerts.jsonl").open(encoding="utf-8")]
        posts = {item["id"]: item for item in (json.loads(item.raw) for item in read([file]))}
        name = file.name.removesuffix(".jsonl.gz")
        read_in: int = report["records"]["read"]  # type: ignore[index]
        found.append(Source(name, read_in, len(alerts), alarms(alerts, posts, name)))
    return tuple(found)


def report(problems: list[str]) -> str:
    """The section; says in `problems` what is not as it should be."""
    days, look_alikes = [], 0
    for seed in SEEDS:
        say(f"eval: innocent days, seed {seed}")
        source, truth = innocent_day(seed, SCALE)
        days.append(source)
        look_alikes += len(truth)
    data = shared()
    sources = [
        Source(
            f"generated, {len(SEEDS)} seeds, {look_alikes} look-alikes",
            sum(day.posts for day in days),
            sum(day.alerts for day in days),
            [alarm for day in days for alarm in day.alarms],
        ),
        *(recorded(data) if data is not None else ()),
    ]
    posts, false = sum(source.posts for source in sources), sum(len(source.false) for source in sources)
    rate = 1e5 * false / posts
    if rate > MOST:
        problems.append(f"{rate:.2f} false alarms in 100,000 innocent posts")
    rows = [
        (source.name, f"{source.posts:,}", source.alerts, len(source.alarms), len(source.false))
        for source in sources
    ]
    listed = [alarm.row() for source in sources for alarm in source.alarms]
    head = ("where", "kind", "severity", "score", "subject", "reasons", "judged")
    return (
        "Days on which nothing is staged: breaking news, an outcry, a match final, a fandom, new year and name-day"
        " wishes, a giveaway, an association's declared campaign, readers of one paper, a news ticker, a broadcast,"
        " broken counters; and posts as they were recorded.\n\n"
        + table(("source", "posts", "alerts", "warning or higher", "of these not copies"), rows)
        + f"\n\nFalse alarms: {false} in {posts:,} posts, **{rate:.2f} per 100,000** (asked for: {MOST:g}). With so few"
        f" the rate lies below {_upper(false) * 1e5 / posts:.2f} with 95 % confidence.\n\n"
        + (table(head, listed) if listed else "There is none to list.")
    )


def _upper(events: int) -> float:
    """Upper 95 % bound of a Poisson mean (one-sided), exact: the mean at which so few events have 5 % probability."""
    low, high = 0.0, 10.0 + 3 * events
    for _ in range(60):
        middle = (low + high) / 2
        tail = sum(exp(-middle) * middle**k / factorial(k) for k in range(events + 1))
        low, high = (middle, high) if tail > 0.05 else (low, middle)
    return high

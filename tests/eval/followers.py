"""The recorded followers of one page, in order: which groups of them look bought, and their creation dates as a plot.

    python -m tests.eval.followers

prints the table. No account is named: the plot counts accounts in cells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq

from pipeline.detect.clock import FINAL, Tick
from pipeline.detect.fan_spikes import FanSpikes
from pipeline.detect.finding import Finding
from pipeline.detect.parameters_fans import FanSpikeParameters
from schemas.records import Follow
from schemas.times import DAY, HOUR, Micros, format_time, parse_time
from tests.eval.plot import heat_map
from tests.measure import ROOT, shared, table

PLOT = ROOT / "docs" / "plots" / "followers.svg"
_ACROSS, _UP = 140, 80
_BATCH = 1000
_SIZED = 0.05
"""Cohorts smaller than this share of a wave are not worth a mention."""
_COLUMNS = ("follower_id", "follower_created", "f_statuses", "f_followers", "est_follow_time")


def follows(file: Path) -> list[Follow]:
    """The follow events of the file, in order of following."""
    rows = zip(*(pq.read_table(file).column(name).to_pylist() for name in _COLUMNS), strict=True)
    return [
        Follow(
            "x",
            "page",
            actor,
            parse_time(at),
            "follow",
            parse_time(created),
            None,
            _whole(fans),
            _whole(posts),
        )
        for actor, created, posts, fans, at in rows
    ]


def _whole(number: float | None) -> int | None:
    return None if number is None or number != number else int(number)


def findings(records: Sequence[Follow]) -> list[Finding]:
    """What the detector says of them in the end, in order of time."""
    detector, last = FanSpikes(FanSpikeParameters(), HOUR), dict[str, Finding]()
    for first in range(0, len(records), _BATCH):
        part = records[first : first + _BATCH]
        detector.add(part)
        now = max(record.at for record in part)
        last |= {found.alert_id: found for found in detector.advance(Tick(now, now - HOUR))}
    last |= {found.alert_id: found for found in detector.advance(FINAL)}
    return sorted((found for found in last.values() if not found.withdrawn), key=lambda found: found.start)


def _cohorts(found: Finding) -> str:
    values = next((reason.values for reason in found.reasons if reason.code == "creation_cohort"), None)
    if values is None:
        return "–"
    least = _SIZED * found.accounts.count
    batches = sorted(
        (one for one in values["cohorts"] if one["accounts"] >= least), key=lambda one: str(one["start"])
    )
    return "; ".join(f"{one['start'][:10]} to {one['end'][:10]}: {one['accounts']}" for one in batches)


def _row(found: Finding) -> tuple[object, ...]:
    codes = [reason.code for reason in found.reasons]
    marks = [code for code in codes if not code.endswith("_above_baseline") and code != "creation_cohort"]
    span = f"{format_time(found.start)[:13]} h to {format_time(found.end)[:13]} h".replace("T", " ")
    return span, found.accounts.count, found.severity, _cohorts(found), ", ".join(marks) or "–"


def report(data: Path, plot: Path) -> str:
    """A table of the waves and their cohorts; the plot is written to a file."""
    records = follows(data / "follow_events" / "page_a.parquet")
    told = findings(records)
    plot.parent.mkdir(parents=True, exist_ok=True)
    plot.write_text(creation_dates(records), encoding="utf-8")
    head = ("wave of follows (UTC)", "accounts", "severity", "cohorts (created, accounts)", "other marks")
    return (
        f"{len(records):,} followers of one page, of whom nobody said which are bought. What `fan_spike` tells of "
        "them, with the fortnights in which most accounts of a wave were created:\n\n"
        + table(head, [_row(found) for found in told])
        + "\n\nEach follower by order of following and date of creation; a fan that follows on its first day lies on "
        "the upper edge. Accounts made in one batch and delivered in one go are a short level stroke.\n\n"
        f"![Creation dates of followers, in order of following](plots/{plot.name})"
    )


def creation_dates(records: Sequence[Follow]) -> str:
    """The heat map: order of following across, date of creation up."""
    created = [record.actor_created_at or 0 for record in records]
    first, last = _january(min(created)), _january(max(created) + 366 * DAY)
    cells = Counter(
        (place * _ACROSS // len(records), (at - first) * _UP // (last - first))
        for place, at in enumerate(created)
    )
    years = [datetime(year, 1, 1, tzinfo=UTC) for year in range(_year(first), _year(last) + 1)]
    ticks = [((parse_time(year) - first) / (last - first), str(year.year)) for year in years]
    thousands = range(0, len(records), 5000)
    return heat_map(
        "When the followers of a page were created",
        "order of following",
        "account created",
        (_ACROSS, _UP),
        cells,
        [(place / len(records), f"{place:,}") for place in thousands],
        ticks,
    )


def _year(at: Micros) -> int:
    return int(format_time(at)[:4])


def _january(at: Micros) -> Micros:
    return parse_time(datetime(_year(at), 1, 1, tzinfo=UTC))


if __name__ == "__main__":
    if (there := shared()) is not None:
        print(report(there, PLOT))

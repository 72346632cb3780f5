"""Closed fan_spike findings are a function of the set of records."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detect.clock import FINAL, Tick
from pipeline.detect.fan_spikes import FanSpikes
from pipeline.detect.finding import Finding
from pipeline.detect.parameters_fans import FanSpikeParameters
from schemas.records import FanCount, Follow
from schemas.times import DAY, HOUR, MINUTE, Micros

START = 1_700_000_000_000_000
LATENESS = 6 * HOUR


def _time(record: FanCount | Follow) -> Micros:
    return record.observed_at if isinstance(record, FanCount) else record.at


def _records(seed: int) -> list[FanCount | Follow]:
    """Two pages with clean and dirty counts at their own pace, follows, purchases and repeats."""
    rng = random.Random(seed)
    out: list[FanCount | Follow] = []
    for page in ("a", "b"):
        fans, at, step = rng.randrange(1500, 60_000), START, rng.choice((DAY, DAY, 6 * HOUR, 2 * HOUR))
        bought = {rng.randrange(20, 45): rng.choice((0.0, 0.02, 0.1, 1.0)) for _ in range(2)}
        while at < START + 50 * DAY:
            at += int(step * rng.choice((1, 1, 1, 1, 0.97, 1.02, 2, 4)))
            day = (at - START) // DAY
            fans += round(rng.gauss(8, 4) * step / DAY) + round(fans * bought.pop(day, 0.0))
            shown = rng.choices((fans, 0, fans // 2, fans // 100 * 100), (60, 1, 1, 1))[0]
            for value in {shown, rng.choices((shown, shown - 3), (20, 1))[0]}:
                out.append(FanCount("x", page, at, max(0, value), rng.choice((None, "Page", "La page"))))
        days = sorted(rng.sample(range(3, 49), 3))
        for day in range(50):
            for n in range(rng.randrange(3) + (150 if day in days else 0)):
                moment = START + day * DAY + rng.randrange(DAY // 20 if day in days else DAY)
                created = START - (rng.randrange(10) if day == days[0] else rng.randrange(2000)) * DAY
                actor = f"{page}{day}-{n}"
                known = rng.choice((0, 3)) if day == days[0] else 300, rng.choice((None, 12))
                out.append(Follow("x", page, actor, moment, "follow", created, None, *known))
    return out + rng.sample(out, len(out) // 20)


def _run(records: list[FanCount | Follow], rng: random.Random, batch: int, hurry: Micros) -> list[Finding]:
    """Arrival shuffled within the lateness, batches and ticks at random; the closed findings."""
    arrival = sorted(records, key=lambda record: _time(record) + rng.randrange(hurry + 1))
    detector, seen, latest = FanSpikes(FanSpikeParameters(), LATENESS), 0, {}
    clock: Micros = 0
    closed: list[Finding] = []
    while seen < len(arrival):
        part = arrival[seen : seen + rng.randrange(1, batch + 1)]
        seen += len(part)
        detector.add(part)
        clock = max(clock, *map(_time, part)) if len(part) > 1 else max(clock, _time(part[0]))
        if rng.random() < 0.5:
            progress = clock - rng.choice((0, MINUTE, LATENESS))
            for finding in detector.advance(Tick(progress, max(0, progress - LATENESS))):
                latest[finding.alert_id] = finding
                if finding.closed:
                    closed.append(finding)
    for finding in detector.advance(FINAL):
        latest[finding.alert_id] = finding
        if finding.closed:
            closed.append(finding)
    assert all(finding.closed or finding.withdrawn for finding in latest.values())
    assert len({finding.alert_id for finding in closed}) == len(closed)
    return sorted(closed, key=lambda finding: finding.alert_id)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 10_000), st.sampled_from((3, 40, 5000)), st.booleans())
def test_any_arrival_and_any_ticks_give_the_same_closed_findings(
    seed: int, order: int, batch: int, in_time: bool
) -> None:
    """Permutations within the lateness, any batches and ticks: equal field by field; every finding ends."""
    records = _records(seed)
    whole = _run(records, random.Random(0), len(records), 0)
    assert _run(records, random.Random(order), batch, 0 if in_time else LATENESS - 1) == whole


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_the_same_record_twice_counts_once(seed: int, order: int) -> None:
    """Every record delivered two or three times changes nothing."""
    records = _records(seed)
    repeated = records * 2 + records[::3]
    assert _run(repeated, random.Random(order), 50, HOUR) == _run(records, random.Random(0), 5000, 0)


def test_the_records_of_these_tests_hold_findings() -> None:
    """The equalities above are not about empty lists: rises and waves of all severities occur."""
    found = [
        finding for seed in range(12) for finding in _run(_records(seed), random.Random(seed), 400, HOUR)
    ]
    assert {finding.severity for finding in found} >= {"info", "warning", "error"}
    assert {finding.evidence.table for finding in found} == {"fan_counts", "follows"}

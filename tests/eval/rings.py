"""Rings of ordinary profiles that work for weeks, and innocent groups that have as much in common.

Parameters were set on seeds 101 to 130; those measured begin at 1.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pipeline.detect.account_days import AccountDays
from pipeline.detect.clock import END, FINAL
from pipeline.detect.parameters_weeks import WeeksParameters
from pipeline.detect.ring_weeks import RingWeeks
from pipeline.scenario.weeks import TWINS, weeks
from pipeline.text.enrich import enrich
from tests.eval.plot import Line, line_chart
from tests.measure import say, table

SEEDS = 50
AROUND_SEEDS = 20
CURVE_SEEDS = 4
CAREFULNESS = (0.0, 0.25, 0.5, 0.75, 1.0)
SIZES = (10, 30, 60)
RECALL = 0.9


class Found(NamedTuple):
    """Over several worlds. planted, named: ring accounts by size of ring. innocent: other accounts that were named.
    twins: how often an innocent group had half of a told ring's accounts."""

    planted: Counter[int]
    named: Counter[int]
    innocent: int
    twins: Counter[str]


def found(seeds: Iterable[int], carefulness: float, around: bool = False) -> Found:
    """What the detector names in generated worlds."""
    planted: Counter[int] = Counter()
    named: Counter[int] = Counter()
    twins: Counter[str] = Counter()
    innocent = 0
    for seed in seeds:
        world = weeks(seed, SIZES, carefulness, around=around)
        days = AccountDays()
        days.add(map(enrich, world.posts))
        told = {one.alert_id: one for one in RingWeeks(WeeksParameters()).feed(days.take(END), FINAL)}
        rings = [set(one.accounts.ids) for one in told.values() if not one.withdrawn]
        every = set().union(*rings)
        ring_accounts = set()
        for size in SIZES:
            accounts = {account for _, account in world.groups[f"ring_{size}"]}
            ring_accounts |= accounts
            planted[size] += size
            named[size] += len(accounts & every)
        innocent += len(every - ring_accounts)
        for twin in TWINS:
            accounts = {account for _, account in world.groups[twin]}
            twins[twin] += any(2 * len(accounts & ring) >= len(ring) for ring in rings)
    return Found(planted, named, innocent, twins)


def _recall(some: Found) -> str:
    """By size of ring."""
    rows = [
        (size, some.planted[size], some.named[size], f"{some.named[size] / some.planted[size]:.3f}")
        for size in SIZES
    ]
    return table(("ring of", "accounts", "named", "recall"), rows)


def report(
    plots: Path, problems: list[str], seeds: int = SEEDS, around: int = AROUND_SEEDS, curve: int = CURVE_SEEDS
) -> str:
    """Precision and recall by account, the twins, rings among them, and recall by how carefully a ring hides."""
    say(f"eval: rings, {seeds} worlds")
    main = found(range(1, seeds + 1), 0.25)
    right = sum(main.named.values())
    precision = right / max(1, right + main.innocent)
    lines: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)
    for carefulness in CAREFULNESS:
        say(f"eval: rings that hide themselves {carefulness:g}")
        some = found(range(1, curve + 1), carefulness)
        for size in SIZES:
            lines[size].append((carefulness, some.named[size] / some.planted[size]))
    plots.mkdir(parents=True, exist_ok=True)
    chart = line_chart(
        "Accounts of rings that are named",
        "carefulness",
        "recall",
        [Line(f"ring of {size}", lines[size]) for size in SIZES],
    )
    (plots / "rings.svg").write_text(chart, encoding="utf-8")
    if precision < 0.95 or sum(main.twins.values()) > max(1, seeds // 50):
        problems.append("innocent accounts are named in rings")
    short = any(main.named[size] < RECALL * main.planted[size] for size in (30, 60))
    if short and seeds == SEEDS:
        problems.append("rings of 30 and 60 are not found to nine tenths")
    say("eval: rings among people who care for the same")
    mixed = found(range(1, around + 1), 0.25, around=True)
    if sum(mixed.named.values()) < 0.95 * (sum(mixed.named.values()) + mixed.innocent):
        problems.append("people who care for what a ring praises are named with it")
    twins = table(("innocent group", "told as a ring"), [(twin, main.twins[twin]) for twin in TWINS])
    curves = table(
        ("carefulness", *(f"ring of {size}" for size in SIZES)),
        [(f"{at:g}", *(f"{lines[size][n][1]:.2f}" for size in SIZES)) for n, at in enumerate(CAREFULNESS)],
    )
    return (
        f"{seeds} worlds of three weeks on four forums, carefulness 0.25; parameters set on seeds 101 to 130. "
        f"Precision by account: {precision:.3f} ({main.innocent} others named). Recall asked for in rings of 30 and "
        f"60: {RECALL:g}, {'not reached' if short else 'reached'}.\n\n{_recall(main)}\n\n{twins}\n\n"
        f"{around} worlds in which the innocent groups are fans, employees and journalists of the brands that the "
        f"rings work for: {mixed.innocent} of them named.\n\n{_recall(mixed)}\n\nRecall over {curve} worlds each:\n\n"
        f"{curves}\n\n![Recall by carefulness](plots/rings.svg)"
    )

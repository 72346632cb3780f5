"""What rings over weeks add to a backtest, as posts multiply: the same weeks, with ever more people in them."""

from __future__ import annotations

import time
from collections.abc import Sequence

from pipeline.backtest import BATCH, Backtest
from pipeline.connect.files import stamp
from pipeline.connect.items import Item
from pipeline.demo import items
from pipeline.detect.parameters import Parameters
from pipeline.detect.parameters_weeks import WeeksParameters
from pipeline.scenario.weeks import weeks
from tests.bench.options import Options
from tests.measure import say, table

TITLE = "Rings over weeks"

_SIZES = (100_000, 300_000, 600_000)
_QUICK = (10_000, 20_000)
_GROUPS, _EACH = 8_300, 8.7
"""Posts of rings and innocent groups, and of an ordinary account, about."""


def _made(count: int) -> list[Item]:
    """About so many posts."""
    return list(items(weeks(1, ordinary=max(0, round((count - _GROUPS) / _EACH))).posts))


def _seconds(posts: Sequence[Item], enabled: bool) -> float:
    """CPU time of a backtest."""
    run = Backtest(Parameters(weeks=WeeksParameters(enabled=enabled)))
    stamped = list(stamp(posts))
    began = time.process_time()
    for start in range(0, len(stamped), BATCH):
        run.feed(stamped[start : start + BATCH])
    run.feed([], end=True)
    return time.process_time() - began


def section(options: Options) -> str:
    """CPU time of a backtest with the detector and without it."""
    rows = []
    for size in _QUICK if options.quick else _SIZES:
        say(f"bench: rings over weeks, {size:,} posts")
        posts = _made(size)
        without, found = _seconds(posts, False), _seconds(posts, True)
        more = found - without
        rows.append(
            (
                f"{len(posts):,}",
                f"{without:.1f}",
                f"{more:.1f}",
                f"{more / without:.0%}",
                f"{1e6 * more / len(posts):.0f}",
            )
        )
    return (
        "Backtests of three weeks on four forums, with ever more people in them (CPU seconds of one core).\n\n"
        + table(("posts", "without, s", "rings add, s", "share", "µs a post"), rows)
    )

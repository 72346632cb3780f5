"""Rings over weeks: what the detector costs as posts multiply, and what it adds to a backtest."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import islice

from pipeline.backtest import BATCH, Backtest
from pipeline.connect.files import read, stamp
from pipeline.connect.items import Item
from pipeline.detect.account_days import AccountDays
from pipeline.detect.clock import END, FINAL
from pipeline.detect.parameters import Parameters
from pipeline.detect.parameters_weeks import WeeksParameters
from pipeline.detect.ring_weeks import RingWeeks
from pipeline.scenario.weeks import weeks
from pipeline.text.enrich import enrich
from tests.bench.options import Options
from tests.measure import say, shared, table

TITLE = "Rings over weeks"

_SIZES = (100_000, 300_000, 600_000)
_QUICK = (10_000, 20_000)
_GROUPS, _EACH = 8_300, 8.7
"""Posts of rings and innocent groups, and of an ordinary account, about."""


def _alone(count: int) -> tuple[int, float]:
    """About so many posts of three weeks, and the CPU time of the detector."""
    posts = weeks(1, ordinary=max(0, round((count - _GROUPS) / _EACH))).posts
    kept, spent = AccountDays(), 0.0
    for start in range(0, len(posts), BATCH):
        some = list(map(enrich, posts[start : start + BATCH]))
        began = time.process_time()
        kept.add(some)
        spent += time.process_time() - began
    began = time.process_time()
    RingWeeks(WeeksParameters()).feed(kept.take(END), FINAL)
    return len(posts), spent + time.process_time() - began


def _backtest(posts: Sequence[Item], enabled: bool) -> float:
    """CPU time of a backtest."""
    run = Backtest(Parameters(weeks=WeeksParameters(enabled=enabled)))
    stamped = list(stamp(posts))
    began = time.process_time()
    for start in range(0, len(stamped), BATCH):
        run.feed(stamped[start : start + BATCH])
    run.feed([], end=True)
    return time.process_time() - began


def section(options: Options) -> str:
    """Both tables; of recorded posts where they are at hand."""
    sizes = _QUICK if options.quick else _SIZES
    rows = []
    for size in sizes:
        say(f"bench: rings over weeks, {size:,} posts")
        count, seconds = _alone(size)
        rows.append((f"{count:,}", f"{seconds:.1f}", f"{1e6 * seconds / count:.0f}"))
    text = (
        "CPU time of the detector alone, over three generated weeks with ever more people in them.\n\n"
        + table(("posts", "s", "µs a post"), rows)
    )
    data = shared()
    if data is None:
        return text
    periods = [data / "ira_tweets" / f"{period}.parquet" for period in ("2015q4", "2016may_sep")]
    posts = list(islice(read(periods), sizes[1]))
    say("bench: rings over weeks, a backtest")
    without, found = _backtest(posts, False), _backtest(posts, True)
    return (
        f"{text}\n\nA backtest over {len(posts):,} recorded posts takes {without:.1f} s of CPU time without it and "
        f"{found:.1f} s with it: {found / without - 1:+.0%}."
    )

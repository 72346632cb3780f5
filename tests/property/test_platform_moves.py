"""Alerts of a whole platform are a function of the set of counts, however many partitions the pages lie in."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.connect.items import Item
from pipeline.detect.parameters import Parameters
from pipeline.detect.parameters_platform import PlatformParameters
from schemas.records import FanCount, Record
from schemas.times import DAY, HOUR, MINUTE, Micros
from tests.property.core_drive import alerts_of, backtested, items, lived

START: Micros = 1_700_000_000_000_000 // DAY * DAY
SMALL = Parameters(
    lateness_minutes=120.0,
    platform=PlatformParameters(min_judged=4, min_pages=3, min_history=3, loss_share=0.3, gain_share=0.4),
)


def stream(seed: int) -> list[Item]:
    """Counts of a dozen pages on two platforms with purges, restorings, wrong readings, gaps, repeats and delays."""
    rng = random.Random(seed)
    placed: list[tuple[Micros, int, Record]] = []
    days = 45
    events = {rng.randrange(12, days): rng.choice((0.9, 0.95, 1.05, 1.3)) for _ in range(3)}
    wrong = {rng.randrange(12, days): rng.choice((0.0, 0.6, 1.5)) for _ in range(2)}
    for page in range(14):
        platform = "x" if page < 9 else "y"
        fans, step = rng.randrange(1_000, 20_000), rng.choice((DAY, DAY, 6 * HOUR))
        at = START + rng.randrange(HOUR)
        seen: set[int] = set()
        while at < START + days * DAY:
            at += int(step * rng.choice((1, 1, 1, 1, 1.02, 2)))
            day = (at - START) // DAY
            fans += rng.randrange(-2, 12)
            if platform == "x" and day in events and day not in seen and rng.random() < 0.9:
                fans = round(fans * events[day])
                seen.add(day)
            if rng.random() < 0.004:
                fans = round(fans * 1.5)
            shown = round(fans * wrong.get(day, 1.0)) if platform == "x" else fans
            delay = rng.randrange(90 * MINUTE) if rng.random() < 0.3 else 0
            placed.append((at + delay, len(placed), FanCount(platform, f"p{page}", at, shown)))
            if rng.random() < 0.05:
                placed.append(
                    (at + rng.randrange(HOUR), len(placed), FanCount(platform, f"p{page}", at, shown))
                )
    placed.sort(key=lambda entry: entry[:2])
    return items(record for _, _, record in placed)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10_000), st.integers(1, 5), st.integers(1, 3), st.integers(0, 2**32), st.integers(1, 400)
)
def test_however_the_pages_are_spread_the_alerts_are_the_same(
    seed: int, sources: int, shuffles: int, order: int, most: int
) -> None:
    """Partitions, batches and interleaving change nothing of the last word."""
    given_stream = stream(seed)
    live = lived([given_stream], SMALL, sources, shuffles, order, most)
    expected = backtested([given_stream], SMALL, 500)
    assert alerts_of(live) == alerts_of(expected)
    assert live.counts == expected.counts
    assert all(alert.status == "closed" for alert in live.alerts.values())


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(0, 2**32))
def test_a_second_stream_knows_nothing_of_the_first(seed: int, sources: int, order: int) -> None:
    """The same counts twice, one stream after the other, tell what they told once."""
    one = stream(seed)
    assert alerts_of(lived([one, one], SMALL, sources, 2, order, 100)) == alerts_of(
        backtested([one], SMALL, 300)
    )


def test_the_streams_of_these_tests_hold_events() -> None:
    """The equalities above are not about empty lists: losses, gains, and pages' own rises beside them occur."""
    found = [alert for seed in range(10) for alert in backtested([stream(seed)], SMALL, 500).alerts.values()]
    codes = {reason.code for alert in found for reason in alert.reasons}
    assert codes >= {"platform_wide_loss", "platform_wide_gain", "growth_above_baseline"}

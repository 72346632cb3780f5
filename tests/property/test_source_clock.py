"""One wrong date moves no clock; time that has really moved does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.detect.source_clock import LEAP, SourceClock
from schemas.times import DAY, EARLIEST, HOUR, LATEST

START = 1_700_000_000_000_000
wild = st.one_of(st.integers(START + 400 * DAY, LATEST - 1), st.integers(EARLIEST, START - 400 * DAY))


@given(st.lists(st.integers(0, HOUR), min_size=3, max_size=40), st.data())
def test_single_wild_dates_leave_the_clock_alone(steps: list[int], data: st.DataObject) -> None:
    """With a wild date between any two good ones, the clock ends where it ends without them."""
    good, at = [], START
    for step in steps:
        at += step
        good.append(at)
    clean, dirty = SourceClock(), SourceClock()
    for clock in (clean, dirty):  # of the first dates nothing is known: two that agree are believed
        clock.see(START)
        clock.see(START)
    for moment in good:
        clean.see(moment)
        if data.draw(st.booleans()):
            dirty.see(data.draw(wild))
        dirty.see(moment)
    dirty.see(good[-1])
    clean.see(good[-1])
    assert dirty.now == clean.now == good[-1]


@given(st.integers(LEAP + 1, 300 * DAY))
def test_time_that_moved_is_followed_from_the_second_record(gap: int) -> None:
    """After a long silence one record is doubted, two are believed."""
    clock = SourceClock()
    clock.see(START)
    assert clock.see(START) == START
    assert clock.see(START + gap) == START
    assert clock.see(START + gap + 1) == START + gap + 1


@given(st.lists(st.integers(EARLIEST, LATEST - 1), max_size=30))
def test_it_never_runs_backwards(moments: list[int]) -> None:
    """Whatever comes, the clock only moves on."""
    clock, before = SourceClock(), 0
    for at in moments:
        now = clock.see(at)
        assert now >= before
        before = now

"""What is usual on a platform is a function of the days told, whatever their order, and no few accounts make it."""

from __future__ import annotations

import pickle
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detect.author_days import LADDER, AuthorDay, AuthorDays, rung
from pipeline.detect.author_findings import Judged, pace_limit, sleepless_limit
from pipeline.detect.author_habits import UNKNOWN, PlatformHabit, PlatformHabits, quantile
from pipeline.detect.author_runs import Stretch
from pipeline.detect.parameters_volume import AuthorParameters
from schemas.times import HOUR

P = AuthorParameters()


def day_of(day: int, peaks: list[int], hours: int = 5, even: bool = False) -> list[AuthorDay]:
    """One account of each of these fullest hours."""
    days = AuthorDays()
    for number, peak in enumerate(peaks):
        days.add(day, ("p", f"a{number}"), peak, hours, even)
    return days.take(day + 1)


def crowd(rng: random.Random, size: int) -> list[int]:
    """Fullest hours of a heavy-tailed crowd."""
    return [min(200, 1 + int(rng.paretovariate(1.6) - 1)) for _ in range(size)]


def learned(days: list[list[AuthorDay]], upto: int) -> PlatformHabit:
    habits = PlatformHabits(P)
    for sums in days:
        habits.add(sums)
    habits.take(upto)
    return habits.before("p", upto)


@given(st.integers(1, 10**6))
def test_a_rung_is_the_highest_that_is_reached(posts: int) -> None:
    """Up to fifteen exactly, then within a fifth and one."""
    reached = LADDER[rung(posts)]
    assert reached == posts if posts <= 15 else reached <= posts
    assert posts <= max(reached * 1.25 + 1, 15) or posts > LADDER[-1]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.floats(0, 1))
def test_quantile_leaves_no_more_than_its_share_above(counts: list[int], share: float) -> None:
    """At most the rest of the share lies above it, and less than the share below."""
    place, total = quantile([float(count) for count in counts], share), sum(counts)
    assert sum(counts[place + 1 :]) <= (1 - share) * total + 1e-9
    assert not total or sum(counts[:place]) <= share * total + 1e-9


@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_neither_order_nor_partitions_nor_pauses_of_learning_matter(
    seed: int, partitions: int, days: int
) -> None:
    """Sums of several partitions, told in any order and learned all at once or day by day, give the same habit as of
    each day, bit for bit."""
    rng = random.Random(seed)
    told: list[AuthorDay] = []
    for day in range(days):
        parts = [AuthorDays() for _ in range(partitions)]
        for number, peak in enumerate(crowd(rng, rng.randrange(1, 40))):
            rng.choice(parts).add(day, ("p", f"a{number}"), peak, rng.randrange(1, 25), rng.random() < 0.2)
        told += [one for part in parts for one in part.take(day + 1)]
    at_once, in_turn = PlatformHabits(P), PlatformHabits(P)
    at_once.add(rng.sample(told, len(told)))
    at_once.take(days)
    for day in range(days):
        in_turn.add(rng.sample(of_day := [one for one in told if one.day == day], len(of_day)))
        in_turn.take(day + 1)
        in_turn = pickle.loads(pickle.dumps(in_turn))
    for day in range(days + 2):
        assert at_once.before("p", day) == in_turn.before("p", day)
    assert at_once.before("p", 0) == UNKNOWN
    assert at_once.before("q", days) == UNKNOWN


@given(st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_an_account_counts_once_a_day(seed: int) -> None:
    """Stretches of one account on one day leave one account with its greatest figures, in any order."""
    rng = random.Random(seed)
    stretches = [(rng.randrange(1, 300), rng.randrange(1, 25), rng.random() < 0.3) for _ in range(4)]
    days = AuthorDays()
    for peak, hours, even in stretches:
        days.add(7, ("p", "a"), peak, hours, even)
    assert days.take(7) == []
    (only,) = days.take(8)
    assert only.accounts == 1
    assert only.paces == ((rung(max(peak for peak, _, _ in stretches)), 1),)
    assert only.hours == ((max(hours for _, hours, _ in stretches), 1),)
    assert only.even == any(even for _, _, even in stretches)
    assert days.take(99) == []


@given(st.integers(0, 10**6), st.integers(500, 3000), st.integers(0, 10), st.integers(1, 100_000))
@settings(max_examples=60, deadline=None)
def test_a_ring_does_not_make_the_habit(seed: int, size: int, ring: int, pace: int) -> None:
    """Up to half of `platform_top` accounts that post at any pace, without sleep and evenly, every day: the habit goes
    no further than the fullest hours of the crowd's own next accounts would take it."""
    rng = random.Random(seed)
    people = [sorted(crowd(rng, size)) for _ in range(5)]
    clean = learned([day_of(day, peaks) for day, peaks in enumerate(people)], 5)
    loud = learned(
        [day_of(day, peaks) + _ring(AuthorDays(), day, ring, pace) for day, peaks in enumerate(people)], 5
    )
    next_ones = max(peaks[-1 - (P.platform_top - ring)] for peaks in people)
    assert loud.high <= next_ones * (P.platform_top / size / P.platform_share) ** 0.5
    assert (loud.hours, loud.even, loud.median) == (clean.hours, clean.even, clean.median)


def _ring(days: AuthorDays, day: int, ring: int, pace: int) -> list[AuthorDay]:
    for number in range(ring):
        days.add(day, ("p", f"ring{number}"), pace, 24, True)
    return days.take(day + 1)


def test_one_in_two_hundred_makes_a_loud_platform() -> None:
    """Ten thousand accounts: where one in 200 posts 80 an hour, 60 is nothing; where nobody passes 5, 16 is much."""
    loud = learned([day_of(day, [1] * 9950 + [80] * 50) for day in range(4)], 4)
    quiet = learned([day_of(day, [1] * 9950 + [5] * 50) for day in range(4)], 4)
    assert loud.known
    assert quiet.known
    assert 60 < pace_limit(P, loud) <= 120
    assert pace_limit(P, quiet) == P.pace_least
    assert pace_limit(P, UNKNOWN) == P.pace_posts


def test_few_accounts_or_days_are_not_known() -> None:
    """Two days, or a few hundred accounts, change no threshold; neither does a platform that was silent for long."""
    for days, size in ((2, 10_000), (30, 400)):
        habit = learned([day_of(day, [1] * size) for day in range(days)], days)
        assert (habit.days, round(habit.accounts), habit.known) == (days, size, False)
        assert pace_limit(P, habit) == P.pace_posts
    habits = PlatformHabits(P)
    for day in range(5):
        habits.add(day_of(day, [1] * 600))
    habits.take(5)
    assert habits.before("p", 30).known
    assert habits.before("p", 36) == UNKNOWN
    habits.forget(100)
    assert len(habits) == 0


def test_weeks_later_a_habit_is_another() -> None:
    """A platform that has become loud is judged by its new habit after some weeks; what was known before is kept."""
    habits = PlatformHabits(P)
    for day in range(60):
        habits.add(day_of(day, [1] * 900 + [3 if day < 30 else 60] * 100))
    habits.take(60)
    assert habits.before("p", 30).high < habits.before("p", 60).high
    assert habits.before("p", 60).days == 60


# What a habit may change of a judgement


def stretch(peak: int, awake: int, cv: float) -> Stretch:
    """A day of posts as even as `cv` says."""
    even, strict = cv <= P.regular_cv, cv <= P.strict_cv
    return Stretch(
        "p", "a", 0, 23, 0, 23 * HOUR, 0.0, 20 * peak, awake, awake, peak, 3, peak * even, awake * even,
        peak * strict, awake * strict, cv, 0.0, 0, 0, 0, 0, "", 0, ("1",), True,
    )  # fmt: skip


platforms = st.builds(
    PlatformHabit,
    known=st.booleans(),
    high=st.sampled_from(LADDER),
    hours=st.integers(0, 24),
    even=st.booleans(),
)


@given(platforms)
def test_no_platform_moves_a_limit_far(habit: PlatformHabit) -> None:
    """Between 15 and 240 posts an hour, on a rung or at 30, and 20 to 24 hours; unknown platforms move nothing."""
    pace, hours = pace_limit(P, habit), sleepless_limit(P, habit)
    assert P.pace_least <= pace <= P.extreme_posts
    assert pace in {*LADDER, P.pace_posts, P.extreme_posts}
    assert P.sleepless_hours <= hours <= 24
    if habit.known:
        assert pace >= min(habit.high, P.extreme_posts)
        assert pace <= max(P.pace_least, P.platform_ratio * habit.high)
    else:
        assert (pace, hours) == (P.pace_posts, P.sleepless_hours)


@given(platforms, st.integers(1, 400), st.integers(1, 24), st.floats(0, 1))
def test_a_habit_never_hides_a_clock_nor_makes_a_machine_of_a_sleeper(
    habit: PlatformHabit, peak: int, awake: int, cv: float
) -> None:
    """Spacing like a clock's in all of 24 hours is flagged on every platform. Who sleeps is nowhere sleepless, and who
    posts unevenly is never more than fast. What is told says by what it was judged."""
    judged = Judged.by(P, stretch(peak, awake, cv), habit)
    assert judged.machine or not (cv <= P.strict_cv and awake == 24)
    assert not judged.machine or (awake >= P.sleepless_hours and cv <= P.regular_cv)
    assert not judged.fast_even or (judged.fast and cv <= P.regular_cv)
    assert 0 <= judged.score <= 1
    if judged.flagged:
        codes = {reason.code for reason in judged.finding(closed=True).reasons}
        assert ("platform_habit" in codes) is habit.known
        assert ("platform_unknown" in codes) is not habit.known


@given(platforms, st.integers(1, 400), st.integers(1, 24), st.floats(0, 0.9))
def test_more_even_is_never_less_suspicious(habit: PlatformHabit, peak: int, awake: int, cv: float) -> None:
    """The score falls neither with the evenness of the spacing, nor, at the same spacing, with the pace."""
    score = Judged.by(P, stretch(peak, awake, cv), habit).score
    judged = Judged.by(P, stretch(peak, awake, cv + 0.05), habit)
    assert judged.score <= score or not (judged.machine or judged.fast_even)
    assert Judged.by(P, stretch(peak + 20, awake, cv), habit).score >= score - 1e-4


def test_a_platform_that_does_not_sleep_asks_for_more() -> None:
    """Where accounts are awake for 22 of 24 hours, 22 are not sleepless and 24 are; where even posting is common, it
    takes a spacing closer to a clock's."""
    tired = PlatformHabit(known=True, high=10, hours=22)
    assert not Judged.by(P, stretch(5, 22, 0.4), tired).flagged
    assert Judged.by(P, stretch(5, 24, 0.4), tired).machine
    timed = PlatformHabit(known=True, high=10, hours=5, even=True)
    assert not Judged.by(P, stretch(5, 24, 0.4), timed).flagged
    assert Judged.by(P, stretch(5, 24, 0.2), timed).machine

"""Bursts are a function of the set of posts: not of their order, their batches or the ticks."""

from __future__ import annotations

import pickle
import random
from collections.abc import Sequence

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detect.activity import Activity
from pipeline.detect.bursts import TargetBursts
from pipeline.detect.clock import END, Tick
from pipeline.detect.finding import Finding
from pipeline.detect.parameters_volume import BurstParameters
from schemas.times import DAY, HOUR, MINUTE, SECOND

LATENESS = 7 * MINUTE
MONDAY = 1_600_041_600_000_000
SMALL = BurstParameters(
    min_posts=5,
    wave_posts=8,
    wave_history_hours=0.5,
    min_history_hours=0.25,
    min_surprise=2.0,
    min_ratio=2.0,
    short_history_ratio=1.0,
    few_accounts=3,
)


SLOW = BurstParameters(
    min_posts=24,
    wave_posts=10,
    wave_history_hours=0.5,
    min_history_hours=0.25,
    min_surprise=1.0,
    min_ratio=1.5,
    short_history_ratio=1.0,
    few_accounts=3,
)
"""Few intervals stand out by themselves, many hours do."""

FORGETFUL = msgspec.structs.replace(SLOW, forget_days=30 / 1440)
"""Half an hour of silence, and a target begins anew."""


def tick(progress: int) -> Tick:
    return Tick(END, END) if progress >= END else Tick(progress, max(0, progress - LATENESS))


@st.composite
def streams(draw: st.DrawFn) -> list[Activity]:
    """Some targets with a trickle of posts and a few bursts, up to two days, in order of time."""
    rng = random.Random(draw(st.integers(0, 10**6)))
    rows: list[Activity] = []
    for target in range(draw(st.integers(1, 2))):
        at = MONDAY
        for _ in range(draw(st.integers(3, 12))):
            for _ in range(rng.choice([1, 2, 4, 8, 16, 25])):
                at += rng.choice([1, 5, 20, 60]) * SECOND
                author = f"a{rng.randrange(rng.choice([2, 10, 40]))}"
                rows.append(
                    Activity(
                        "p",
                        f"t{target}",
                        at,
                        author,
                        f"{len(rows)}",
                        rng.choice([None, at - 2 * DAY, at - 400 * DAY]),
                        rng.random() < 0.3,
                        rng.random() < 0.2,
                        (rng.randrange(6), rng.randrange(100)),
                        rng.choice(["", "a.org", "b.org"]),
                    )
                )
            at += rng.choice([1, 4, 9, 20, 45, 200]) * MINUTE
    rows.sort(key=lambda row: (row.at, row.post_id))
    return rows


def shuffled(rows: Sequence[Activity], rng: random.Random) -> list[Activity]:
    """Another order of arrival in which nothing is late: each post is delayed by less than the lateness."""
    return sorted(rows, key=lambda row: row.at + rng.randrange(LATENESS - 1))


def play(
    detector: TargetBursts, rows: Sequence[Activity], rng: random.Random | None, ticks: float = 1.0
) -> tuple[list[Finding], list[Finding]]:
    """Everything said, and the closed findings. Progress is the latest time seen."""
    said: list[Finding] = []
    progress, i = 0, 0
    while i < len(rows):
        size = 1 if rng is None else rng.randrange(1, 12)
        batch = rows[i : i + size]
        i += size
        progress = max(progress, *(row.at for row in batch)) if len(batch) > 1 else max(progress, batch[0].at)
        detector.add(batch)
        if rng is None or rng.random() < ticks:
            said += detector.advance(tick(progress))
    said += detector.advance(tick(END))
    return said, sorted((f for f in said if f.closed), key=lambda f: f.alert_id)


@given(
    streams(),
    st.integers(0, 10**6),
    st.sampled_from([0.0, 0.2, 1.0]),
    st.sampled_from([SMALL, SLOW, FORGETFUL]),
)
@settings(max_examples=200, deadline=None)
def test_closed_findings_depend_on_the_set_only(
    rows: list[Activity], seed: int, ticks: float, parameters: BurstParameters
) -> None:
    """Any arrival within the lateness, any batches and any ticks give the same closed findings."""
    rng = random.Random(seed)
    _, plain = play(TargetBursts(parameters, LATENESS), rows, None)
    _, other = play(TargetBursts(parameters, LATENESS), shuffled(rows, rng), rng, ticks)
    assert other == plain


@given(streams(), st.integers(0, 10**6), st.sampled_from([SMALL, SLOW, FORGETFUL]))
@settings(max_examples=150, deadline=None)
def test_what_is_said_early_holds(rows: list[Activity], seed: int, parameters: BurstParameters) -> None:
    """An open finding only grows and ends closed or withdrawn; none comes before its first post."""
    rng = random.Random(seed)
    detector = TargetBursts(parameters, LATENESS)
    latest: dict[str, Finding] = {}
    progress = 0
    arrivals = shuffled(rows, rng)
    for row in [*arrivals, None]:
        if row is None:
            found = detector.advance(tick(END))
        else:
            detector.add([row])
            progress = max(progress, row.at)
            found = detector.advance(tick(progress))
        for finding in found:
            before = latest.get(finding.alert_id)
            if before is not None:
                assert not before.closed
                assert not before.withdrawn
                if not finding.withdrawn:
                    assert finding.posts.count >= before.posts.count
                    assert finding.start == before.start
                    assert finding.end >= before.end
            assert row is None or finding.first_seen <= progress
            latest[finding.alert_id] = finding
    assert all(finding.closed or finding.withdrawn for finding in latest.values())


@given(streams(), st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_a_detector_that_was_saved_and_loaded_goes_on_as_if_nothing_had_happened(
    rows: list[Activity], seed: int
) -> None:
    """Pickling the state in mid-stream changes nothing."""
    cut = random.Random(seed).randrange(len(rows))
    detector = TargetBursts(SMALL, LATENESS)
    detector.add(rows[:cut])
    early = detector.advance(tick(rows[cut].at)) if cut else []
    detector = pickle.loads(pickle.dumps(detector))
    _, late = play(detector, rows[cut:], None)
    _, plain = play(TargetBursts(SMALL, LATENESS), rows, None)
    assert sorted([f for f in early if f.closed] + late, key=lambda f: f.alert_id) == plain


@given(st.integers(1, 40), st.integers(31, 60))
@settings(max_examples=20, deadline=None)
def test_memory_is_given_back(targets: int, days: int) -> None:
    """A month after its last post a target is forgotten, and so is everything at the end of the stream."""
    detector = TargetBursts(SMALL, LATENESS)
    detector.add([Activity("p", f"t{i}", MONDAY + i * HOUR, "a", f"{i}") for i in range(targets)])
    detector.advance(tick(MONDAY + targets * HOUR))
    assert len(detector) == targets
    later = MONDAY + targets * HOUR + days * DAY
    detector.add([Activity("p", "new", later, "a", "x")])
    detector.advance(tick(later))
    assert len(detector) == 1
    detector.advance(tick(END))
    assert len(detector) == 0


def test_a_forgotten_target_begins_anew() -> None:
    """After a month of silence nothing of the months before counts, whether the target was swept meanwhile or not."""
    rng = random.Random(3)
    month = round(31 * DAY)
    rows = [post("quiet", MONDAY + rng.randrange(2 * DAY), n) for n in range(300)]
    rows += [post("quiet", MONDAY + 3 * HOUR + rng.randrange(5 * MINUTE), n) for n in range(300, 360)]
    again = MONDAY + 3 * DAY + month
    rows += [post("quiet", again + rng.randrange(4 * DAY), n) for n in range(1000, 1060)]
    rows += [post("quiet", again + 4 * DAY + rng.randrange(5 * MINUTE), n) for n in range(1100, 1140)]
    others = [post("lively", MONDAY + n * HOUR, 2000 + n) for n in range((4 * DAY + month) // HOUR)]
    rows = sorted(rows + others, key=lambda row: row.at)
    _, swept = play(TargetBursts(BurstParameters(), LATENESS), rows, None)
    _, kept = play(TargetBursts(BurstParameters(), LATENESS), rows, rng, 0.0)
    assert swept == kept
    assert any(finding.subject.id == "quiet" and finding.start >= again for finding in kept)


def post(target: str, at: int, number: int) -> Activity:
    """One post of its own author and words."""
    return Activity("p", target, at, f"a{number}", str(number), None, False, False, (number,), "")

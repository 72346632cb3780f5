"""Inhuman pace is a function of the set of posts: not of their order, their batches or the ticks."""

from __future__ import annotations

import pickle
import random
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detect.activity import Activity
from pipeline.detect.authors import AuthorPace
from pipeline.detect.clock import END, Tick
from pipeline.detect.finding import Finding
from pipeline.detect.parameters_volume import AuthorParameters
from schemas.times import DAY, HOUR, MINUTE, SECOND

LATENESS = 50 * MINUTE
MONDAY = 1_600_041_600_000_000
SMALL = AuthorParameters(pace_posts=6, extreme_posts=20, quiet_posts=3, regular_posts=12, sleepless_hours=10)


def tick(progress: int) -> Tick:
    return Tick(END, END) if progress >= END else Tick(progress, max(0, progress - LATENESS))


@st.composite
def streams(draw: st.DrawFn) -> list[Activity]:
    """Up to three accounts: people with evenings and nights, and clockworks; in order of time."""
    rng = random.Random(draw(st.integers(0, 10**6)))
    rows: list[Activity] = []
    for author in range(draw(st.integers(1, 3))):
        at = MONDAY + rng.randrange(HOUR)
        step = rng.choice([4, 7, 20, 50]) * MINUTE if rng.random() < 0.5 else 0
        for _ in range(draw(st.integers(1, 80))):
            at += step or rng.choice([5, 60, 600, 3600, 6 * 3600, 30 * 3600]) * SECOND
            rows.append(
                Activity(
                    "p",
                    f"a{author}",
                    at,
                    f"a{author}",
                    f"{len(rows)}",
                    None,
                    rng.random() < 0.3,
                    rng.random() < 0.2,
                    (),
                    rng.choice(["", "a.org", "b.org", "t.co"]),
                )
            )
    rows.sort(key=lambda row: (row.at, row.post_id))
    return rows


def shuffled(rows: Sequence[Activity], rng: random.Random) -> list[Activity]:
    """Another order of arrival in which nothing is late: each post is delayed by less than the lateness."""
    return sorted(rows, key=lambda row: row.at + rng.randrange(LATENESS - 1))


def play(
    detector: AuthorPace, rows: Sequence[Activity], rng: random.Random | None, ticks: float = 1.0
) -> list[Finding]:
    """The closed findings. Progress is the latest time seen, as a single source has it."""
    said: list[Finding] = []
    progress, i = 0, 0
    while i < len(rows):
        size = 1 if rng is None else rng.randrange(1, 12)
        batch = rows[i : i + size]
        i += size
        progress = max([progress, *(row.at for row in batch)])
        detector.add(batch)
        if rng is None or rng.random() < ticks:
            said += detector.advance(tick(progress))
    said += detector.advance(tick(END))
    return sorted((f for f in said if f.closed), key=lambda f: f.alert_id)


@given(streams(), st.integers(0, 10**6), st.sampled_from([0.0, 0.2, 1.0]))
@settings(max_examples=150, deadline=None)
def test_closed_findings_depend_on_the_set_only(rows: list[Activity], seed: int, ticks: float) -> None:
    """Any arrival within the lateness, any batches and any ticks give the same closed findings."""
    rng = random.Random(seed)
    plain = play(AuthorPace(SMALL, LATENESS), rows, None)
    assert play(AuthorPace(SMALL, LATENESS), shuffled(rows, rng), rng, ticks) == plain


@given(streams(), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_accounts_do_not_depend_on_each_other(rows: list[Activity], seed: int) -> None:
    """Accounts dealt out to two detectors give the same closed findings as one detector for all."""
    rng = random.Random(seed)
    where = {row.author_id: rng.random() < 0.5 for row in rows}
    apart = [
        finding
        for half in (True, False)
        for finding in play(
            AuthorPace(SMALL, LATENESS), [row for row in rows if where[row.author_id] is half], None
        )
    ]
    assert sorted(apart, key=lambda f: f.alert_id) == play(AuthorPace(SMALL, LATENESS), rows, None)


@given(streams(), st.integers(0, 10**6))
@settings(max_examples=100, deadline=None)
def test_what_is_said_early_holds(rows: list[Activity], seed: int) -> None:
    """An open finding only grows and ends closed; none comes before its first post."""
    detector = AuthorPace(SMALL, LATENESS)
    latest: dict[str, Finding] = {}
    progress = 0
    for row in [*shuffled(rows, random.Random(seed)), None]:
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
                assert finding.posts.count >= before.posts.count
                assert finding.observed >= before.observed
                assert finding.start == before.start
            assert row is None or finding.first_seen <= progress
            assert not finding.withdrawn
            latest[finding.alert_id] = finding
    assert all(finding.closed for finding in latest.values())


@given(streams(), st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_a_detector_that_was_saved_and_loaded_goes_on_as_if_nothing_had_happened(
    rows: list[Activity], seed: int
) -> None:
    """Pickling the state in mid-stream changes nothing."""
    cut = random.Random(seed).randrange(len(rows))
    detector = AuthorPace(SMALL, LATENESS)
    detector.add(rows[:cut])
    early = detector.advance(tick(rows[cut].at))
    late = play(pickle.loads(pickle.dumps(detector)), rows[cut:], None)
    both = sorted([f for f in early if f.closed] + late, key=lambda f: f.alert_id)
    assert both == play(AuthorPace(SMALL, LATENESS), rows, None)


@given(st.integers(1, 60))
@settings(max_examples=20, deadline=None)
def test_memory_is_given_back(accounts: int) -> None:
    """Quiet accounts are forgotten after a night's sleep, busy ones after a month."""
    detector = AuthorPace(SMALL, LATENESS)
    detector.add([Activity("p", f"a{i}", MONDAY, f"a{i}", f"{i}") for i in range(accounts)])
    detector.add([Activity("p", "busy", MONDAY + i, "busy", f"b{i}") for i in range(5)])
    detector.advance(tick(MONDAY + HOUR))
    assert len(detector) == accounts + 1
    detector.advance(tick(MONDAY + 8 * HOUR))
    assert len(detector) == 1
    detector.advance(tick(MONDAY + 33 * DAY))
    assert len(detector) == 0

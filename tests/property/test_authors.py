"""Inhuman pace is a function of the set of posts: not of their order, their batches or the ticks."""

from __future__ import annotations

import pickle
import random
from collections import Counter
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detect.activity import Activity
from pipeline.detect.author_merge import AuthorMerge
from pipeline.detect.authors import AuthorPace
from pipeline.detect.clock import END, Tick
from pipeline.detect.finding import Finding
from pipeline.detect.parameters_volume import AuthorParameters
from schemas.times import DAY, HOUR, MINUTE, SECOND
from tests.author_watch import AuthorWatch

LATENESS = 50 * MINUTE
MONDAY = 1_600_041_600_000_000
SMALL = AuthorParameters(
    pace_posts=6,
    extreme_posts=20,
    quiet_posts=3,
    regular_posts=12,
    sleepless_hours=10,
    pace_least=3,
    platform_share=0.2,
    platform_top=1,
    platform_accounts=1,
    platform_days=1,
    even_share=0.5,
)
"""A handful of posts makes an alert, and two accounts on one day are a platform with a habit."""


def tick(progress: int) -> Tick:
    return Tick(END, END) if progress >= END else Tick(progress, max(0, progress - LATENESS))


def stream(rng: random.Random, accounts: int) -> list[Activity]:
    """People with evenings and nights, and clockworks; in order of time."""
    rows: list[Activity] = []
    for author in range(rng.randint(1, accounts)):
        at = MONDAY + rng.randrange(HOUR) + rng.randrange(3) * DAY
        step = rng.choice([4, 7, 20, 50]) * MINUTE if rng.random() < 0.5 else 0
        for _ in range(rng.randint(1, 80)):
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
    detector: AuthorWatch, rows: Sequence[Activity], rng: random.Random | None, ticks: float = 1.0
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


def streams(accounts: int = 3) -> st.SearchStrategy[list[Activity]]:
    """Streams of so many accounts at most."""
    return st.integers(0, 10**6).map(lambda seed: stream(random.Random(seed), accounts))


@given(streams(), st.integers(0, 10**6), st.sampled_from([0.0, 0.2, 1.0]))
@settings(max_examples=150, deadline=None)
def test_closed_findings_depend_on_the_set_only(rows: list[Activity], seed: int, ticks: float) -> None:
    """Any arrival within the lateness, any batches and any ticks give the same closed findings."""
    rng = random.Random(seed)
    plain = play(AuthorWatch(SMALL, LATENESS), rows, None)
    assert play(AuthorWatch(SMALL, LATENESS), shuffled(rows, rng), rng, ticks) == plain


def spread(rows: Sequence[Activity], partitions: int, rng: random.Random) -> list[Finding]:
    """The closed findings of a live run: each partition at a clock of its own, its words told in batches of any size.

    As through Kafka, a partition's word comes before its clock, and the time of the whole is the least of the clocks.
    """
    dealt: list[list[Activity]] = [[] for _ in range(partitions)]
    for row in shuffled(rows, rng):
        dealt[int(row.author_id[1:]) % partitions].append(row)
    paces = [AuthorPace(SMALL, source) for source in range(partitions)]
    clocks, merge, latest = [0] * partitions, AuthorMerge(SMALL, LATENESS), dict[str, Finding]()
    while least := [source for source in range(partitions) if clocks[source] < END]:
        source = rng.choice(least)
        rest, size = dealt[source], rng.randrange(1, 12)
        batch, dealt[source] = rest[:size], rest[size:]
        paces[source].add(batch)
        clocks[source] = max([clocks[source], *(row.at for row in batch)]) if batch else END
        word = paces[source].advance(tick(clocks[source]))
        for finding in merge.feed([word] if word is not None else [], tick(min(clocks))):
            before = latest.get(finding.alert_id)
            assert before is None or not before.closed
            latest[finding.alert_id] = finding
            if finding.withdrawn:
                del latest[finding.alert_id]
    assert all(finding.closed for finding in latest.values())
    return [finding for _, finding in sorted(latest.items())]


@given(streams(6), st.integers(1, 4), st.integers(0, 10**6))
@settings(max_examples=200, deadline=None)
def test_partitions_come_to_the_same(rows: list[Activity], partitions: int, seed: int) -> None:
    """Accounts dealt out to partitions, one of which may be days ahead of another, are judged by the same habits."""
    plain = play(AuthorWatch(SMALL, LATENESS), rows, None)
    assert spread(rows, partitions, random.Random(seed)) == plain


def test_habits_of_a_platform_matter_in_these_streams() -> None:
    """What is compared above is something: many alerts are held against what is usual on the platform, some limits are
    raised by it, and some are lowered."""
    codes, limits = Counter[str](), Counter[float]()
    for seed in range(60):
        for finding in play(AuthorWatch(SMALL, LATENESS), stream(random.Random(seed), 6), None):
            codes.update(reason.code for reason in finding.reasons)
            limits.update(r.values["threshold"] for r in finding.reasons if r.code == "pace")
    assert min(codes["platform_habit"], codes["platform_unknown"]) > 20
    assert any(limit < SMALL.pace_posts for limit in limits)
    assert any(limit > SMALL.pace_posts for limit in limits)


@given(streams(), st.integers(0, 10**6))
@settings(max_examples=100, deadline=None)
def test_what_is_said_early_holds(rows: list[Activity], seed: int) -> None:
    """An open finding only grows and ends closed; none comes before its first post."""
    detector = AuthorWatch(SMALL, LATENESS)
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
    detector = AuthorWatch(SMALL, LATENESS)
    detector.add(rows[:cut])
    early = detector.advance(tick(rows[cut].at))
    late = play(pickle.loads(pickle.dumps(detector)), rows[cut:], None)
    both = sorted([f for f in early if f.closed] + late, key=lambda f: f.alert_id)
    assert both == play(AuthorWatch(SMALL, LATENESS), rows, None)


@given(st.integers(1, 60))
@settings(max_examples=20, deadline=None)
def test_memory_is_given_back(accounts: int) -> None:
    """Quiet accounts are forgotten after a night's sleep, busy ones after a month."""
    detector = AuthorWatch(SMALL, LATENESS)
    detector.add([Activity("p", f"a{i}", MONDAY, f"a{i}", f"{i}") for i in range(accounts)])
    detector.add([Activity("p", "busy", MONDAY + i, "busy", f"b{i}") for i in range(5)])
    detector.advance(tick(MONDAY + HOUR))
    assert len(detector) == accounts + 1
    detector.advance(tick(MONDAY + 8 * HOUR))
    assert len(detector) == 1
    detector.advance(tick(MONDAY + 33 * DAY))
    assert len(detector) == 0

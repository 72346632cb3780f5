"""Rings over weeks: a function of the set of account days; found in a world that holds them; states pickle."""

from __future__ import annotations

import pickle
import random
from collections import Counter

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detect.account_days import AccountDay, AccountDays, surplus
from pipeline.detect.clock import END, FINAL, Tick
from pipeline.detect.finding import Finding, reason
from pipeline.detect.parameters_weeks import WeeksParameters
from pipeline.detect.ring_members import members
from pipeline.detect.ring_pairs import groups, kept, kind_evidence
from pipeline.detect.ring_signs import Sign
from pipeline.detect.ring_weeks import RingWeeks
from pipeline.scenario.weeks import TWINS, weeks
from pipeline.text.enrich import enrich
from schemas.times import DAY


def account_days(seed: int) -> tuple[list[AccountDay], dict[str, set[str]]]:
    """The days of a small world with a ring that hides nothing, and the accounts of its groups."""
    world = weeks(seed, (60,), 0.0, ordinary=400)
    days = AccountDays()
    days.add(map(enrich, world.posts))
    return days.take(END), {name: {account for _, account in of} for name, of in world.groups.items()}


def closed(findings: list[Finding]) -> dict[str, Finding]:
    """What stands in the end."""
    last = {finding.alert_id: finding for finding in findings}
    return {name: finding for name, finding in last.items() if finding.closed and not finding.withdrawn}


def by_the_day(days: list[AccountDay], seed: int) -> dict[str, Finding]:
    """Fed as they come live: the days in order, within them in any order, with a crash at each of them."""
    rng, said = random.Random(seed), []
    detector = RingWeeks(WeeksParameters())
    for day in sorted({one.day for one in days}):
        mine = [one for one in days if one.day == day]
        rng.shuffle(mine)
        for one in mine:
            said += detector.feed([one], Tick(day * DAY, day * DAY))
        detector = pickle.loads(pickle.dumps(detector))
    said += detector.feed([], FINAL)
    return closed(said)


@pytest.mark.parametrize("seed", [201, 202])
def test_a_ring_is_found_whatever_the_order_and_no_innocent_group(seed: int) -> None:
    """Live equals all at once, and what is told is the ring."""
    days, of = account_days(seed)
    at_once = closed(RingWeeks(WeeksParameters()).feed(random.Random(seed).sample(days, len(days)), FINAL))
    assert at_once == by_the_day(days, seed)
    named = {account for finding in at_once.values() for account in finding.accounts.ids}
    assert len(named & of["ring_60"]) >= 30
    assert not any(named & of[twin] for twin in TWINS)
    for finding in at_once.values():
        links = next(r.values["links"] for r in finding.reasons if r.code == "account_links")
        former = [one for r in finding.reasons if r.code == "former_accounts" for one in r.values["listed"]]
        assert {one["account"] for one in links + former} == set(finding.accounts.ids[:100])
        assert all(link["common"] for link in links)
        assert msgspec.json.encode(finding)


def test_a_quiet_ring_is_closed_and_what_it_did_is_forgotten() -> None:
    """After the calm the finding is closed; after the window nothing is held."""
    days, _ = account_days(201)
    detector = RingWeeks(WeeksParameters())
    last = max(one.day for one in days)
    said = detector.feed(days, Tick((last + 1) * DAY, (last + 1) * DAY))
    open_ones = {finding.alert_id for finding in said if not finding.closed and not finding.withdrawn}
    assert open_ones
    later = (last + 20) * DAY
    assert {finding.alert_id for finding in detector.feed([], Tick(later, later))} == {
        name for name in open_ones if name not in closed(said)
    }
    new = AccountDay("forum", "x", last + 60, "", None, 1, (), ())
    detector.feed([new], Tick((last + 61) * DAY, (last + 61) * DAY))
    assert len(detector) == 1


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 20)), min_size=2, unique=True))
def test_evidence_depends_on_the_set_and_popular_things_make_no_pairs(rows: list[tuple[int, int]]) -> None:
    """The same pairs for any order of the rows; none for objects that too many have."""

    def evidence(some: list[tuple[int, int]], popular: int) -> set[tuple[int, int, float]]:
        who, what = np.array(some, dtype=np.int64).T
        pairs = kind_evidence(who, what, 10, popular, 0.1)
        return set(zip(*(column.round(9).tolist() for column in pairs), strict=True))

    assert evidence(rows, 10) == evidence(rows[::-1], 10)
    having = {thing: {a for a, other in rows if other == thing} for _, thing in rows}
    assert {pair[:2] for pair in evidence(rows, 3)} == {
        (a, b)
        for accounts in having.values()
        if len(accounts) <= 3
        for a in accounts
        for b in accounts
        if a < b
    }


def test_accounts_with_one_rare_thing_in_common_are_chance_among_many() -> None:
    """One shared object among two hundred accounts keeps no pair; twenty do."""
    rng = random.Random(1)
    for shared, expected in ((1, []), (20, [[0, 1]])):
        rows = {(n, rng.randrange(100, 4000)) for n in range(200) for _ in range(10)}
        rows |= {(n, thing) for n in (0, 1) for thing in range(shared)}
        who, what = np.array(sorted(rows), dtype=np.int64).T
        assert groups(kept(kind_evidence(who, what, 200, 50, 0.1), 200, 0.5)) == expected


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 7)), unique=True), st.integers(0, 40))
def test_who_is_forgotten_was_seen_least(seen: list[tuple[int, int]], most: int) -> None:
    """What is left is no more than allowed, whatever the order; nobody goes before somebody who was seen less."""
    days: list[dict[tuple[str, str], AccountDay]] = [{} for _ in range(8)]
    for who, day in seen:
        days[day]["forum", str(who)] = AccountDay("forum", str(who), day, "", None, 1, (), ())
    gone = surplus(days, most)
    assert gone == surplus([dict(reversed(day.items())) for day in days], most)
    count = Counter(account for day in days for account in day)
    left = [number for account, number in count.items() if account not in gone]
    assert sum(left) <= most
    assert bool(gone) == (len(seen) > most)
    assert max((count[account] for account in gone), default=0) <= min(left, default=99)


def test_what_is_kept_is_bounded() -> None:
    """A crowd that comes once is forgotten, not the accounts that come each day."""
    detector = RingWeeks(WeeksParameters(most_days=100))
    for day in range(20):
        names = [*map(str, range(4)), *(f"{day}-{n}" for n in range(30))]
        detector.feed(
            [AccountDay("forum", name, day, "", None, 1, (), ()) for name in names],
            Tick((day + 1) * DAY, (day + 1) * DAY),
        )
        assert len(detector) <= 100 + len(names)
    assert len(detector) >= 4 * 19


@given(st.integers(20, 60), st.integers(0, 60))
def test_members_are_told_from_the_people_around_them(ring: int, around: int) -> None:
    """Who has the signs is named, whoever else is there; one without is named only if next to all have some."""

    def sign(has: list[bool]) -> Sign:
        every = np.array(has, dtype=bool)
        return Sign(9.0, reason("made_together"), every, np.ones_like(every), 0.1, 1)

    group = np.ones(ring + around + 1, dtype=bool)
    named = members(group, [sign([True] * ring + [False] * (around + 1))] * 2)
    assert named[:ring].all()
    assert not named[ring:].any() if around > ring / 4 else True

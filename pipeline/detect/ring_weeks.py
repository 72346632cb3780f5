"""coordinated_accounts over weeks: rings of ordinary profiles, joined by several weak signals.

Every few days of event time, when all partitions have told it, the accounts of the last weeks are looked at anew: pairs
with more in common than chance gives (`ring_pairs`), the communities that they grow to (`ring_grow`), what a community
has in common beyond its interests (`ring_signs`), as single accounts look ordinary, and who of it that is
(`ring_members`). A ring goes on under its name as long as half of the smaller of its old and new selves is in both;
where two become one, the younger name is withdrawn. The outcome is a function of the set of account days.

The approach is that of Pacheco et al., "Uncovering Coordinated Networks on Social Media", ICWSM 2021, and Nizzoli et
al., "Coordinated Behavior on Social Media in 2019 UK General Election", ICWSM 2021: similarities of pairs, filtered,
then communities.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

import msgspec
import numpy as np

from pipeline.detect.account_days import KINDS, Account, AccountDay, surplus
from pipeline.detect.clock import END, Tick
from pipeline.detect.finding import Finding
from pipeline.detect.parameters_weeks import WeeksParameters
from pipeline.detect.ring_grow import community
from pipeline.detect.ring_members import evidence, members
from pipeline.detect.ring_pairs import Pairs, groups, kept, kind_evidence, summed
from pipeline.detect.ring_signs import signs
from pipeline.detect.ring_weeks_findings import MOST_NAMED, Seen, describe
from pipeline.detect.ring_window import Bools, Window, window
from schemas.alerts import alert_id
from schemas.times import DAY

NAME = "coordinated_accounts"
_CORE = 3
"""Accounts of a group from which it is worth growing: a ring may have no more on each forum."""


class _Ring(NamedTuple):
    """members: when it was last looked at; seen: on which day each account was last one of them."""

    name: str
    born: int
    members: frozenset[Account]
    seen: dict[Account, int]
    last: int
    told: Finding


class RingWeeks:
    """Sees the account days of all partitions; lives in one place. Begins anew after the stream's end."""

    def __init__(self, parameters: WeeksParameters) -> None:
        self._p = parameters
        self._clear()

    def _clear(self) -> None:
        self._days: defaultdict[int, dict[Account, AccountDay]] = defaultdict(dict)
        self._rings: list[_Ring] = []
        self._upto = -1

    def __len__(self) -> int:
        return sum(map(len, self._days.values()))

    def feed(self, days: Iterable[AccountDay], tick: Tick) -> list[Finding]:
        """Takes account days in any order and says what is new by the days that all partitions have told."""
        for one in days:
            self._days[one.day][one.platform, one.author] = one
        findings: list[Finding] = []
        if tick.ended:
            self._look_upto(max(self._days, default=-1), findings, ended=True)
            findings += [msgspec.structs.replace(ring.told, closed=True) for ring in self._rings]
            self._clear()
        else:
            self._look_upto(tick.watermark // DAY - 1, findings)
        return findings

    def _look_upto(self, last: int, findings: list[Finding], ended: bool = False) -> None:
        """Looks at the days up to and including `last` whose turn it is and that have posts, each with those before."""
        first = self._upto + 1
        for day in sorted(day for day in self._days if first <= day <= last):
            for old in [old for old in self._days if old <= day - self._p.window_days]:
                del self._days[old]
            self._bound(day)
            if day % self._p.every_days == 0 or (ended and day == last):
                self._look(day, findings)
        self._upto = max(self._upto, last)
        self._close(last, findings)

    def _bound(self, day: int) -> None:
        """Keeps `most_days` account days up to this day."""
        complete = [past for past in sorted(self._days) if past <= day]
        if gone := surplus([self._days[past] for past in complete], self._p.most_days):
            for past in complete:
                kept = {account: one for account, one in self._days[past].items() if account not in gone}
                self._days[past] = kept

    def _close(self, day: int, findings: list[Finding]) -> None:
        calm = [ring for ring in self._rings if day - ring.last > self._p.quiet_days]
        findings += [msgspec.structs.replace(ring.told, closed=True) for ring in calm]
        self._rings = [ring for ring in self._rings if ring not in calm]

    def _window(self, day: int) -> list[list[AccountDay]]:
        """The days of each account that is looked at, in order of account."""
        days = [self._days[past] for past in sorted(self._days) if past <= day]
        count = Counter(chain.from_iterable(days))
        active = [account for account, number in count.items() if number >= self._p.active_days]
        active.sort(key=lambda account: (-count[account], account))
        return [
            [accounts[account] for accounts in days if account in accounts]
            for account in sorted(active[: self._p.most_accounts])
        ]

    def _look(self, day: int, findings: list[Finding]) -> None:
        self._close(day, findings)
        days = self._window(day)
        if len(days) < 2 * self._p.group_accounts:
            return
        seen = window(days)
        pairs = self._pairs(seen)
        taken = np.zeros(len(seen), dtype=bool)
        for people in self._communities(seen, pairs):
            *own, words = found = signs(people, seen, self._p.batch_days)
            if max(0.0, evidence(people, own)) + words.evidence < self._p.evidence:
                continue
            group = members(people, found) & ~taken
            if group.sum() < self._p.group_accounts:
                continue
            found = signs(group, seen, self._p.batch_days)
            if sum(max(0.0, sign.evidence) for sign in found) >= self._p.evidence:
                taken |= group
                self._tell(day, Seen(np.flatnonzero(group).tolist(), seen, pairs, found), findings)

    def _pairs(self, seen: Window) -> Pairs:
        """Pairs with more in common than chance gives."""
        count, p = len(seen), self._p
        parts = [
            kind_evidence(rows.who, rows.what, count, p.popular_accounts, p.likely)
            for rows in map(seen.rows, KINDS)
            if len(rows.who)
        ]
        return kept(summed(parts, count), count, p.false_share)

    def _communities(self, seen: Window, pairs: Pairs) -> list[Bools]:
        """What the groups that pairs make grow to, largest first. Groups are parts: those that grow into each other are
        one."""
        found: list[Bools] = []
        for core in groups(pairs):
            if len(core) < _CORE or any(2 * one[core].sum() >= len(core) for one in found):
                continue
            grown = community(core, seen)
            while same := [one for one in found if 2 * (one & grown).sum() >= min(one.sum(), grown.sum())]:
                found = [one for one in found if not any(one is other for other in same)]
                grown = community(np.flatnonzero(np.logical_or.reduce([grown, *same])).tolist(), seen)
            found.append(grown)
        return sorted(found, key=lambda one: (-one.sum(), one.argmax()))

    def _tell(self, day: int, seen: Seen, findings: list[Finding]) -> None:
        first = (seen.window.days[n][0] for n in seen.group)
        accounts = frozenset((one.platform, one.author) for one in first)
        same = [
            ring
            for ring in self._rings
            if 2 * len(accounts & ring.members) >= min(len(accounts), len(ring.members)) and ring.last < day
        ]
        same.sort(key=lambda ring: (ring.born, ring.name))
        if same:
            name, born = same[0].name, same[0].born
            findings += [msgspec.structs.replace(ring.told, withdrawn=True) for ring in same[1:]]
        else:
            name, born = alert_id(NAME, "weeks", day, *min(accounts)), day
        ever = {account: last for ring in same[::-1] for account, last in sorted(ring.seen.items())}
        left = [(account, last) for account, last in ever.items() if account not in accounts]
        former = dict(sorted(left, key=lambda one: (-one[1], one[0]))[:MOST_NAMED])
        since = min((ring.told.first_seen for ring in same), default=END)
        told = describe(self._p, name, seen, former, since)
        findings.append(told)
        self._rings = [ring for ring in self._rings if ring not in same]
        self._rings.append(
            _Ring(name, born, accounts, {**former, **dict.fromkeys(sorted(accounts), day)}, day, told)
        )

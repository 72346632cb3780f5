"""coordinated_accounts over weeks: rings of ordinary profiles, joined by several weak signals.

Every few days of event time, when all partitions have told it, the accounts of the last weeks are looked at anew: pairs
with more in common than chance gives (`ring_pairs`), the groups that they make, and what a group has in common beyond
its interests (`ring_signs`), as single accounts look ordinary. A ring goes on under its name as long as half of the
smaller of its old and new selves is in both; where two become one, the younger name is withdrawn. The outcome is a
function of the set of account days.

The approach is that of Pacheco et al., "Uncovering Coordinated Networks on Social Media", ICWSM 2021, and Nizzoli et
al., "Coordinated Behavior on Social Media in 2019 UK General Election", ICWSM 2021: similarities of pairs, filtered,
then communities.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import msgspec
import numpy as np

from pipeline.detect.account_days import KINDS, AccountDay
from pipeline.detect.clock import Tick
from pipeline.detect.finding import Finding
from pipeline.detect.parameters_weeks import WeeksParameters
from pipeline.detect.ring_grow import grown
from pipeline.detect.ring_pairs import Pairs, groups, kept, kind_evidence, summed, with_origins
from pipeline.detect.ring_signs import Profile, Sign, shape, signs
from pipeline.detect.ring_weeks_findings import Seen, describe
from schemas.alerts import alert_id
from schemas.times import DAY

Account = tuple[str, str]
NAME = "coordinated_accounts"


class _Ring(NamedTuple):
    name: str
    born: int
    members: frozenset[Account]
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
            if day % self._p.every_days == 0 or (ended and day == last):
                self._look(day, findings)
        self._upto = max(self._upto, last)
        self._close(last, findings)

    def _close(self, day: int, findings: list[Finding]) -> None:
        calm = [ring for ring in self._rings if day - ring.last > self._p.quiet_days]
        findings += [msgspec.structs.replace(ring.told, closed=True) for ring in calm]
        self._rings = [ring for ring in self._rings if ring not in calm]

    def _window(self, day: int) -> list[list[AccountDay]]:
        """The days of each account that is looked at, in order of account."""
        of: defaultdict[Account, list[AccountDay]] = defaultdict(list)
        for past in sorted(past for past in self._days if past <= day):
            for account, one in self._days[past].items():
                of[account].append(one)
        active = [account for account, days in of.items() if len(days) >= self._p.active_days]
        active.sort(key=lambda account: (-len(of[account]), account))
        return [of[account] for account in sorted(active[: self._p.most_accounts])]

    def _look(self, day: int, findings: list[Finding]) -> None:
        self._close(day, findings)
        window = self._window(day)
        if len(window) < 2 * self._p.group_accounts:
            return
        profiles = [
            Profile(
                days[-1].platform,
                days[-1].author,
                days[-1].name,
                days[-1].created_at,
                frozenset(thing for one in days for thing in one.objects),
            )
            for days in window
        ]
        pairs = kept(self._pairs(window, profiles), len(profiles), self._p.false_share)
        taken: set[int] = set()
        for core in groups(pairs):
            # Half of the evidence is enough to look for the rest of a ring, not to tell of one.
            if len(core) < self._p.group_accounts or not taken.isdisjoint(core):
                continue
            if self._strong(self._signs(core, profiles), 0.5):
                group = [n for n in grown(core, profiles, self._p.batch_days) if n not in taken]
                taken.update(group)
                found = self._signs(group, profiles)
                if self._strong(found, 1.0):
                    self._tell(day, Seen(group, profiles, window, pairs, found), findings)

    def _signs(self, group: list[int], profiles: list[Profile]) -> list[Sign]:
        inside = set(group)
        others = [one for n, one in enumerate(profiles) if n not in inside]
        return signs([profiles[n] for n in group], others, self._p.batch_days)

    def _strong(self, found: list[Sign], part: float) -> bool:
        return sum(max(0.0, sign.evidence) for sign in found) >= part * self._p.evidence

    def _pairs(self, window: list[list[AccountDay]], profiles: list[Profile]) -> Pairs:
        rows: dict[str, tuple[list[int], list[int]]] = {kind: ([], []) for kind in KINDS}
        numbers: dict[str, int] = {}
        own = {
            f"answer {days[0].platform} {post}": n
            for n, days in enumerate(window)
            for one in days
            for _, post in one.own
        }
        for n, profile in enumerate(profiles):
            for thing in sorted(profile.objects):
                who, what = rows[thing.partition(" ")[0]]
                who.append(n)
                what.append(numbers.setdefault(thing, len(numbers)))
                # Whoever answers a post has it in common with its author.
                if (author := own.get(thing, n)) != n and thing not in profiles[author].objects:
                    who.append(author)
                    what.append(numbers[thing])
        parts = []
        for who, what in rows.values():
            if who:
                both = np.unique(np.array([what, who], dtype=np.int64), axis=1)
                _, objects = np.unique(both[0], return_inverse=True)
                parts.append(
                    kind_evidence(both[1], objects, len(profiles), self._p.popular_accounts, self._p.likely)
                )
        made = np.array([np.nan if one.created_at is None else one.created_at for one in profiles])
        shapes: dict[str, int] = {"": -1}
        of = [shapes.setdefault(shape(one.name), len(shapes) - 1) for one in profiles]
        return with_origins(summed(parts, len(profiles)), made, np.array(of, dtype=np.int64))

    def _tell(self, day: int, seen: Seen, findings: list[Finding]) -> None:
        members = frozenset((seen.profiles[n].platform, seen.profiles[n].author) for n in seen.group)
        same = [
            ring
            for ring in self._rings
            if 2 * len(members & ring.members) >= min(len(members), len(ring.members)) and ring.last < day
        ]
        same.sort(key=lambda ring: (ring.born, ring.name))
        if same:
            name, born = same[0].name, same[0].born
            findings += [msgspec.structs.replace(ring.told, withdrawn=True) for ring in same[1:]]
        else:
            name, born = alert_id(NAME, "weeks", day, *min(members)), day
        told = describe(self._p, name, seen)
        findings.append(told)
        self._rings = [ring for ring in self._rings if ring not in same]
        self._rings.append(_Ring(name, born, members, day, told))

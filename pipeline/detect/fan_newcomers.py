"""Who came: what the new followers of a page have in common.

Bought accounts were created in a few batches, have no posts and hardly any followers, are young, or bear
names that count upwards (Cresci et al., "Fame for sale: efficient detection of fake Twitter followers", DSS
2015; Confessore et al., "The Follower Factory", NYT 2018, for followers in order with their creation dates).
Everything is a sum over accounts, so hours can be put together in any order.
"""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from pipeline.detect.parameters_fans import FollowParameters
from schemas.alerts import MAX_IDS
from schemas.times import DAY, Micros

_WEEK = 7 * DAY
_FEW_FOLLOWERS = 5
_FORTNIGHT = 2
_STEM = re.compile(r"^(.*?\D)\d{2,}$")


class Row(NamedTuple):
    """One account that came. -1 and "" stand for what is not known."""

    at: Micros
    actor: str
    created: Micros
    posts: int
    followers: int
    name: str


class Newcomers:
    """What the accounts of some hours have in common. Sums, so hours can be put together."""

    __slots__ = ("count", "dated", "empty", "first", "judged", "numbered", "stems", "weeks", "young")

    def __init__(self) -> None:
        self.count = self.dated = self.young = self.judged = self.empty = self.numbered = 0
        self.weeks: Counter[int] = Counter()  # week of creation -> accounts
        self.stems: Counter[str] = Counter()  # name without its number -> accounts
        self.first: list[tuple[Micros, str]] = []  # in order of (time, id), at most MAX_IDS

    @classmethod
    def of(cls, rows: Iterable[Row], young_days: int) -> Newcomers:
        """The sums over some rows, one an account."""
        group = cls()
        first: list[tuple[Micros, str]] = []
        for row in rows:
            group.count += 1
            first.append((row.at, row.actor))
            if row.created >= 0:
                group.dated += 1
                group.weeks[row.created // _WEEK] += 1
                group.young += row.at - row.created < young_days * DAY
            if row.posts >= 0 or row.followers >= 0:
                group.judged += 1
                group.empty += row.posts == 0 or 0 <= row.followers < _FEW_FOLLOWERS
            stem = _STEM.match(row.name)
            if stem:
                group.numbered += 1
                group.stems[stem[1]] += 1
        group.first = heapq.nsmallest(MAX_IDS, first)
        return group

    def usual(self) -> Usual:
        """What stays of these accounts as the page's past."""
        return Usual(self.count, self.dated, self.young, self.judged, self.empty, self.numbered)

    @classmethod
    def together(cls, groups: Iterable[Newcomers]) -> Newcomers:
        """The sums over several groups."""
        total = cls()
        lists = []
        for group in groups:
            total.count += group.count
            total.dated += group.dated
            total.young += group.young
            total.judged += group.judged
            total.empty += group.empty
            total.numbered += group.numbered
            total.weeks.update(group.weeks)
            total.stems.update(group.stems)
            lists.append(group.first)
        total.first = list(heapq.merge(*lists))[:MAX_IDS]
        return total


class Batch(NamedTuple):
    """A fortnight in which many of the accounts were created; `end` is excluded. beyond: the accounts less
    the young ones that are usual for the page."""

    start: Micros
    end: Micros
    accounts: int
    beyond: float


class Who(NamedTuple):
    """Who came. Shares are of those for whom it is known; usual_* are the page's own before.

    suspicion: 0 (as varied as can be) to 1. batches: the fortnights of creation with most accounts, largest
    first, after the young accounts that are usual for the page are taken out.
    """

    suspicion: float
    batches: tuple[Batch, ...]
    batches_share: float
    empty_share: float
    usual_empty: float
    young_share: float
    usual_young: float
    stem: str
    stem_share: float
    usual_numbered: float
    dated: int
    judged: int


class Usual(NamedTuple):
    """Past newcomers of the page in a few sums: all, dated, young, judged, empty, with a numbered
    name."""

    all: int
    dated: int
    young: int
    judged: int
    empty: int
    numbered: int


def judge(group: Newcomers, past: list[Usual], start: Micros, p: FollowParameters) -> Who | None:
    """Who these newcomers are, compared with the page's past ones; None when too few are known."""
    if max(group.dated, group.judged) < p.min_judged:
        return None
    dated, judged = sum(u.dated for u in past), sum(u.judged for u in past)
    usual_young = sum(u.young for u in past) / dated if dated >= p.min_judged else p.usual_young
    usual_empty = sum(u.empty for u in past) / judged if judged >= p.min_judged else p.usual_empty
    young = group.young / group.dated if group.dated >= p.min_judged else usual_young
    empty = group.empty / group.judged if group.judged >= p.min_judged else usual_empty
    batches = _batches(group, start, usual_young / young if young > usual_young else 1.0, p)
    share = sum(batch.beyond for batch in batches) / group.dated if group.dated >= p.min_judged else 0.0
    # one stem must be commoner than numbered names of any stem are on this page: many people bear a number
    everybody = sum(u.all for u in past)
    numbered = sum(u.numbered for u in past)
    usual_numbered = numbered / everybody if everybody >= p.min_judged else p.usual_numbered
    stem, same = min(group.stems.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
    trust = (
        1 - ramp(share, p.cohort),
        1 - ramp(empty - usual_empty, p.empty),
        1 - ramp(young - usual_young, p.young),
        1 - ramp(same / group.count - usual_numbered, p.stem),
    )
    suspicion = 1 - trust[0] * trust[1] * trust[2] * trust[3]
    return Who(
        round(suspicion, 6), batches, share, empty, usual_empty, young, usual_young, stem, same / group.count,
        usual_numbered,
        group.dated, group.judged,
    )  # fmt: skip


def _batches(group: Newcomers, start: Micros, usual_part: float, p: FollowParameters) -> tuple[Batch, ...]:
    """The fortnights with most accounts, without overlap. Every page has young newcomers, all created lately:
    of the latest weeks only what exceeds their usual part counts."""
    recent = (start - p.young_days * DAY) // _WEEK
    weeks = {week: n * (1 - usual_part) if week >= recent else float(n) for week, n in group.weeks.items()}
    batches: list[Batch] = []
    for _ in range(p.cohort_batches):
        best = max(weeks, key=lambda week: (weeks[week] + weeks.get(week + 1, 0.0), -week), default=None)
        if best is None:
            break
        beyond = weeks.pop(best) + weeks.pop(best + 1, 0.0)
        accounts = group.weeks[best] + group.weeks[best + 1]
        batches.append(Batch(best * _WEEK, (best + _FORTNIGHT) * _WEEK, accounts, beyond))
    return tuple(batches)


def ramp(value: float, bounds: tuple[float, float]) -> float:
    """0 below the lower bound, 1 above the upper, straight between."""
    return min(1.0, max(0.0, (value - bounds[0]) / (bounds[1] - bounds[0])))

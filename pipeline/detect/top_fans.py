"""The most active fans of a page, and which of them look fake.

What one account shows proves little: many people have few followers, some have a new account. Two marks of different
sorts make an account look fake: made together with other fans or lately; an empty profile; a name that differs from
others' in its number only; the words of other fans; posts in step with theirs. In step is who shares more moments with
each of several others than how busy both of them and the moments are would give (Beutel et al., "CopyCatch", WWW 2013;
Jiang et al., "CatchSync: catching synchronized behavior in large directed graphs", KDD 2014: synchronicity against
normality).
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations
from math import fsum, sqrt

import msgspec

from pipeline.detect.activity import Activity
from pipeline.detect.odds import densest, gini, poisson_surprise
from pipeline.detect.parameters_pages import FakeFanParameters
from schemas.times import DAY, MINUTE, Micros


class Fan:
    """What one account posted on a page in the window, in order of (time, id)."""

    __slots__ = ("_days", "_slots", "_span", "created", "followers", "keys", "posts", "stem")

    def __init__(self) -> None:
        self.created: Micros | None = None
        self.followers: int | None = None
        self.stem = ""
        self.posts: list[tuple[Micros, str]] = []
        self.keys: list[int] = []  # of each post's text, 0 where it is too short to be somebody's own
        self._slots: frozenset[int] = frozenset()
        self._days = 0
        self._span: tuple[Micros, Micros] | None = None  # first and last time when these two were made out

    def add(self, row: Activity) -> None:
        """One more post; what it says of the account is the latest."""
        self.created = row.author_created_at
        self.followers = row.author_followers
        self.stem = row.stem
        self.posts.append((row.at, row.post_id))
        self.keys.append(row.sketch[0] if row.sketch else 0)

    def forget(self, before: Micros) -> None:
        """Drops what was posted before."""
        old = 0
        while old < len(self.posts) and self.posts[old][0] < before:
            old += 1
        if old:
            del self.posts[:old], self.keys[:old]

    def slots(self, width: Micros) -> frozenset[int]:
        """The intervals of this width, which divides a day, in which it posted. Every fan is looked at every hour, and
        most did nothing since: as posts come at the end and go at the beginning, first and last time tell."""
        if not self.posts:
            return frozenset()
        span = (self.posts[0][0], self.posts[-1][0])
        if span != self._span:
            self._slots = frozenset([at // width for at, _ in self.posts])
            self._days = len({slot // (DAY // width) for slot in self._slots})
            self._span = span
        return self._slots

    def days(self, width: Micros) -> int:
        """On how many UTC days it posted."""
        return self._days if self.slots(width) else 0


class Suspect(msgspec.Struct, frozen=True):
    """A fan that looks fake. marks: which ones it bears, of `MARKS`."""

    account: str
    marks: tuple[str, ...]
    posts: int


_PRIOR = 20.0
"""Posts, spread evenly over the page's busy moments, that others are taken to have made beside those seen."""

MARKS = ("age", "profile", "name", "words", "step")


class Bench(msgspec.Struct, frozen=True):
    """The most active fans of a page at the end of a window.

    fans: those who were looked at. suspects: in order of (posts descending, account). known_ages, known_profiles: fans
    of whom these are known. cohort: accounts and first date of the largest cohort. posts: ids of the suspects' posts in
    order, with their times. top_share: share of the page's posts by those looked at; gini: of posts over all accounts.
    even: standard deviation of the suspects' numbers of posts over their mean.
    """

    end: Micros
    fans: int
    suspects: tuple[Suspect, ...]
    known_ages: int
    known_profiles: int
    cohort: tuple[int, Micros]
    marks: dict[str, int]
    posts: tuple[tuple[Micros, str], ...]
    accounts: int
    total: int
    top_share: float
    gini: float
    even: float


class PageFans:
    """Accounts that post on one page. Rows must come in order of time."""

    __slots__ = ("_fans", "_p", "_slot", "_slots", "busy")

    def __init__(self, parameters: FakeFanParameters) -> None:
        self._p = parameters
        self._slot = parameters.slot_minutes * MINUTE
        self._fans: dict[str, Fan] = {}
        self._slots: Counter[int] = Counter()  # interval -> accounts that posted in it
        self.busy: set[str] = set()  # with as many posts as a fan has

    def __len__(self) -> int:
        """Accounts in memory."""
        return len(self._fans)

    def add(self, rows: Iterable[Activity]) -> None:
        """Takes posts of the page."""
        fans, least = self._fans, self._p.posts
        if not fans:
            self._slots.clear()
        for row in rows:
            fan = fans.get(row.author_id)
            if fan is None:
                fan = fans[row.author_id] = Fan()
            slot = row.at // self._slot
            if not fan.posts or fan.posts[-1][0] // self._slot != slot:
                self._slots[slot] += 1
            fan.add(row)
            if len(fan.posts) >= least:
                self.busy.add(row.author_id)

    def forget(self, end: Micros) -> None:
        """Drops what lies before the window that ends here."""
        start = end - self._p.window_days * DAY
        for name in list(self.busy):
            self._fans[name].forget(start)
            if len(self._fans[name].posts) < self._p.posts:
                self.busy.discard(name)

    def sweep(self, end: Micros) -> None:
        """Drops accounts that are gone; once a day. Keeps the `pool` busiest."""
        start = end - self._p.window_days * DAY
        self._fans = {
            name: fan for name, fan in self._fans.items() if fan.posts and fan.posts[-1][0] >= start
        }
        if len(self._fans) > self._p.pool:
            kept = heapq.nlargest(
                self._p.pool, self._fans.items(), key=lambda item: (len(item[1].posts), item[0])
            )
            self._fans = dict(kept)
        self.busy.intersection_update(self._fans)
        for slot in [slot for slot in self._slots if slot < start // self._slot]:
            del self._slots[slot]

    def bench(self, end: Micros) -> Bench | None:
        """Judges the window that ends here; call `forget` before. None where the page has too few fans."""
        p = self._p
        if len(self.busy) < p.fakes:
            return None
        busy = {name: self._fans[name] for name in self.busy}
        kept = {name: fan for name, fan in busy.items() if fan.days(self._slot) >= p.days}
        if len(kept) < p.fakes:
            return None
        top = heapq.nsmallest(p.fans, kept.items(), key=lambda item: (-len(item[1].posts), item[0]))
        cohort, marked = self._marked(top, end)
        suspects = [
            Suspect(name, marks, len(fan.posts))
            for name, fan in top
            if len(marks := tuple(mark for mark in MARKS if name in marked[mark])) >= 2
        ]
        for fan in self._fans.values():
            fan.forget(end - p.window_days * DAY)
        counts = [len(fan.posts) for fan in self._fans.values() if fan.posts]
        posts = sorted(post for one in suspects for post in self._fans[one.account].posts)
        return Bench(
            end=end,
            fans=len(top),
            suspects=tuple(suspects),
            known_ages=sum(fan.created is not None for _, fan in top),
            known_profiles=sum(fan.followers is not None for _, fan in top),
            cohort=cohort,
            marks={mark: sum(mark in one.marks for one in suspects) for mark in MARKS},
            posts=tuple(posts),
            accounts=len(counts),
            total=sum(counts),
            top_share=sum(len(fan.posts) for _, fan in top) / sum(counts),
            gini=gini(counts),
            even=_spread([one.posts for one in suspects]),
        )

    def _marked(
        self, top: Sequence[tuple[str, Fan]], end: Micros
    ) -> tuple[tuple[int, Micros], dict[str, set[str]]]:
        p = self._p
        dated = [fan.created for _, fan in top if fan.created is not None]
        width = round(p.cohort_days * DAY)
        start, count = densest(dated, width)
        together = count >= max(p.cohort_accounts, p.cohort_share * len(dated))
        young = end - round(p.young_days * DAY)
        stems = Counter(fan.stem for _, fan in top if fan.stem)
        keys = Counter(key for _, fan in top for key in set(fan.keys) if key)
        marked: dict[str, set[str]] = defaultdict(set)
        for name, fan in top:
            if fan.created is not None and (
                fan.created >= young or (together and start <= fan.created < start + width)
            ):
                marked["age"].add(name)
            if fan.followers is not None and fan.followers <= p.empty_followers:
                marked["profile"].add(name)
            if stems[fan.stem] >= p.stem_accounts:
                marked["name"].add(name)
            if sum(keys[key] > 1 for key in fan.keys) >= p.copied_share * len(fan.keys):
                marked["words"].add(name)
        marked["step"] = self._in_step(top)
        return (count, start), marked

    def _in_step(self, top: Sequence[tuple[str, Fan]]) -> set[str]:
        p = self._p
        slots = {name: fan.slots(self._slot) for name, fan in top}
        mine = Counter(slot for one in slots.values() for slot in one)
        total = sum(self._slots.values()) - sum(mine.values()) + _PRIOR
        # What is normal is what everybody else does: how often one post of theirs would be there when this one is.
        even = _PRIOR / max(1, len(self._slots))
        likely = {slot: (self._slots[slot] - count + even) / total for slot, count in mine.items()}
        # Rounded once: a set is not gone through in the same order in every worker.
        chance = {name: fsum(map(likely.__getitem__, one)) for name, one in slots.items()}
        partners: Counter[str] = Counter()
        for one, other in combinations(slots, 2):
            shared = len(slots[one] & slots[other])
            if shared < p.step_slots:
                continue
            mean = (chance[one] * len(slots[other]) + chance[other] * len(slots[one])) / 2
            if poisson_surprise(shared, mean) >= p.step_surprise:
                partners[one] += 1
                partners[other] += 1
        return {name for name, count in partners.items() if count >= p.step_partners}


def _spread(counts: Sequence[int]) -> float:
    if not counts:
        return 0.0
    mean = sum(counts) / len(counts)
    return sqrt(sum((count - mean) ** 2 for count in counts) / len(counts)) / mean

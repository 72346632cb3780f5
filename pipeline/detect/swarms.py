"""Swarms: far more newcomers on a page than ever come at once.

A newcomer is an account whose first post on the page, for `memory_days`, this is. Everything goes by panes of ten
minutes of event time, each folded as a whole and in order once it is complete, page by page: so the outcome is a
function of the set of posts. What speaks for staging is judged in `pipeline.detect.swarm_findings`.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from zlib import crc32

from pipeline.detect.activity import Activity
from pipeline.detect.parameters_pages import PileOnParameters
from schemas.times import DAY, HOUR, MINUTE, Micros

PANE: Micros = 10 * MINUTE
RECORD_DAYS = 14
_GOES_ON = 0.75
"""Part of what makes a swarm that is enough for it to go on."""
_FADE = 0.9
"""What a page's visitors weigh after a day."""
_YOUNG: Micros = 60 * DAY
_PAGES = 1000
"""Other pages of a page's visitors that are remembered, the commonest."""
_OTHERS = 20
_KNOWN = 20_000
"""Accounts of a page that are remembered; 32 bits of each. Beyond, those who came longest ago are forgotten."""


class Visitor:
    """A newcomer and what it posts on the page from then on."""

    __slots__ = ("account", "at", "created", "followers", "others", "posts", "replies")

    def __init__(self, row: Activity) -> None:
        self.account = row.author_id
        self.at = row.at
        self.created = row.author_created_at
        self.followers = row.author_followers
        self.others = row.others
        self.posts: list[tuple[Micros, str]] = []
        self.replies = 0

    def add(self, row: Activity) -> None:
        """One more post."""
        self.posts.append((row.at, row.post_id))
        self.replies += row.is_reply


class Swarm:
    """One swarm. start, last: its first pane and the last one with so many newcomers. newcomers: who came until then;
    came: until now, of whom `members` are looked at; posts: all on the page until now. told: newcomers when it was last
    told."""

    __slots__ = ("came", "last", "members", "newcomers", "posts", "start", "told", "usual")

    def __init__(
        self, start: int, last: int, usual: float, newcomers: int, posts: int, members: list[Visitor]
    ) -> None:
        self.start = start
        self.last = last
        self.usual = usual
        self.newcomers = self.came = newcomers
        self.posts = posts
        self.members = members
        self.told = 0

    def visitors(self) -> list[Visitor]:
        """Those who are looked at and came before its end."""
        end = (self.last + 1) * PANE
        return [visitor for visitor in self.members if visitor.at < end]


class Habit:
    """What visitors of a page usually are: sums that fade, one count for each account and day."""

    __slots__ = ("dated", "elsewhere", "empty", "profiles", "visits", "young")

    def __init__(self) -> None:
        self.visits = self.dated = self.young = self.profiles = self.empty = 0.0
        self.elsewhere: dict[str, float] = {}

    def add(self, row: Activity, empty: int) -> None:
        """One visit."""
        self.visits += 1
        if row.author_created_at is not None:
            self.dated += 1
            self.young += row.at - row.author_created_at < _YOUNG
        if row.author_followers is not None:
            self.profiles += 1
            self.empty += row.author_followers <= empty
        for page in row.others:
            self.elsewhere[page] = self.elsewhere.get(page, 0.0) + 1

    def fade(self, days: int) -> None:
        """So many days later."""
        factor = _FADE**days
        self.visits *= factor
        self.dated *= factor
        self.young *= factor
        self.profiles *= factor
        self.empty *= factor
        pages = sorted(self.elsewhere.items(), key=lambda item: (-item[1], item[0]))[:_PAGES]
        self.elsewhere = {page: n * factor for page, n in pages if n * factor > 0.01}


class PageSwarms:
    """One page, from its first pane on. Panes must be given in order."""

    __slots__ = (
        "_day",
        "_first",
        "_fresh",
        "_last",
        "_p",
        "_panes",
        "_pending",
        "_records",
        "_seen",
        "_total",
        "habit",
        "others",
        "swarm",
        "visits",
    )

    def __init__(self, parameters: PileOnParameters, pane: int) -> None:
        self._p = parameters
        self._clear(pane)

    def _clear(self, pane: int) -> None:
        self._first = self._last = pane
        self._day = pane * PANE // DAY
        self._seen: dict[int, int] = {}  # account -> day of its last post
        self._panes: deque[tuple[int, int, int]] = deque()  # pane, newcomers, posts: of the window
        self._fresh: dict[str, Visitor] = {}  # newcomers of the window
        self._pending: deque[tuple[int, int]] = deque()  # pane, newcomers in the window that ends with it
        self._records: dict[int, int] = {}  # day -> most newcomers in a window
        self._total: dict[int, int] = {}  # day -> newcomers
        self.habit = Habit()
        self.swarm: Swarm | None = None
        self.visits = 0  # of the step that runs, one for each account and day
        self.others: Counter[str] = Counter()  # other page -> how many of them had been there

    def idle(self, pane: int) -> bool:
        """Nothing that is known of it matters any more."""
        return self.swarm is None and pane - self._last > self._p.memory_days * DAY / PANE

    @property
    def _width(self) -> int:
        return self._p.window_minutes * MINUTE // PANE

    def fold(self, pane: int, rows: Sequence[Activity]) -> None:
        """Takes a pane's posts, in order of (time, id). Call `over` for this pane before."""
        p = self._p
        if pane - self._last > p.memory_days * DAY / PANE:
            self._clear(pane)
        self._last = pane
        today = pane * PANE // DAY
        if today != self._day:
            self._turn(today)
        swarm, newcomers = self.swarm, 0
        self._leave(pane)
        members = {} if swarm is None else {visitor.account: visitor for visitor in swarm.members}
        for row in rows:
            key = crc32(row.author_id.encode("utf-8", "surrogatepass"))
            came = self._seen.get(key)
            if came != today:
                self._seen[key] = today
                self.visits += 1
                if row.others:
                    self.others.update(row.others)
                if swarm is None:
                    self.habit.add(row, p.empty_followers)
            if came is None:
                newcomers += 1
                visitor = Visitor(row)
                if len(self._fresh) < p.judged_accounts:
                    self._fresh[row.author_id] = visitor
                if swarm is not None and len(members) < p.judged_accounts:
                    members[row.author_id] = visitor
                    swarm.members.append(visitor)
            known = members.get(row.author_id) or self._fresh.get(row.author_id)
            if known is not None:
                known.add(row)
        self._panes.append((pane, newcomers, len(rows)))
        self._total[today] = self._total.get(today, 0) + newcomers
        self._judge(pane, newcomers, len(rows))

    def step(self) -> tuple[int, dict[str, int]]:
        """Visits since the last step, and the commonest other pages of these visitors."""
        others = sorted(self.others.items(), key=lambda item: (-item[1], item[0]))[:_OTHERS]
        visits, self.visits = self.visits, 0
        self.others.clear()
        return visits, dict(others)

    def over(self, pane: int) -> Swarm | None:
        """Takes out the swarm that nothing of this pane or later can join, if there is one."""
        swarm = self.swarm
        if swarm is None:
            return None
        calm, longest = self._p.calm_hours * HOUR / PANE, self._p.longest_days * DAY / PANE
        if pane - swarm.last <= calm and pane - swarm.start <= longest:
            return None
        self.swarm = None
        self._pending.clear()
        return swarm

    def _leave(self, pane: int) -> None:
        """The window ends with this pane now."""
        while self._panes and self._panes[0][0] <= pane - self._width:
            self._panes.popleft()
        oldest, gone = (pane - self._width + 1) * PANE, []
        for account, visitor in self._fresh.items():  # in order of time
            if visitor.at >= oldest:
                break
            gone.append(account)
        for account in gone:
            del self._fresh[account]

    def _judge(self, pane: int, newcomers: int, posts: int) -> None:
        p, swarm = self._p, self.swarm
        window = sum(count for _, count, _ in self._panes)
        if swarm is not None:
            swarm.came += newcomers
            swarm.posts += posts
            if window >= p.accounts and window >= _GOES_ON * p.ratio * swarm.usual:
                swarm.last, swarm.newcomers = pane, swarm.came
            return
        while self._pending and self._pending[0][0] <= pane - self._width:
            at, most = self._pending.popleft()
            day = at * PANE // DAY
            self._records[day] = max(self._records.get(day, 0), most)
        usual = self._usual(pane)
        known = (pane - self._first) * PANE >= p.history_hours * HOUR
        if known and window >= p.accounts and window >= p.ratio * usual:
            start = pane - self._width + 1
            self._pending.clear()
            posted = sum(count for *_, count in self._panes)
            self.swarm = Swarm(start, pane, usual, window, posted, list(self._fresh.values()))
        elif newcomers:
            self._pending.append((pane, window))

    def _usual(self, pane: int) -> float:
        """Newcomers in a window: the most of late, or the mean where that is more."""
        days = max(1.0, min(RECORD_DAYS, (pane - self._first) * PANE / DAY))
        mean = sum(self._total.values()) / days * self._width * PANE / DAY
        return max(mean, *self._records.values(), 0.0)

    def _turn(self, today: int) -> None:
        """Another day: forgets what is too old."""
        self.habit.fade(today - self._day)
        self._day = today
        oldest = today - self._p.memory_days
        if len(self._seen) > _KNOWN:
            latest = sorted(self._seen.items(), key=lambda item: (-item[1], item[0]))[:_KNOWN]
            self._seen = dict(latest)
        self._seen = {account: day for account, day in self._seen.items() if day >= oldest}
        for days in (self._records, self._total):
            for day in [day for day in days if day < today - RECORD_DAYS]:
                del days[day]

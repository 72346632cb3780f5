"""Who comes to the pages of a shuffle partition: swarms of newcomers, the most active fans, and which posts draw them.

Posts wait until their pane of event time is complete, and are then folded in order of (time, id). So whatever the order
in which they came, what is said is a function of their set; it is said a pane and the lateness behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from pipeline.detect.activity import Activity
from pipeline.detect.clock import Tick
from pipeline.detect.elsewhere import is_page
from pipeline.detect.fake_fan_findings import describe as describe_fans
from pipeline.detect.fake_fans import FakeEpisode, PageSum, stands_out, steps
from pipeline.detect.finding import Finding
from pipeline.detect.page_posts import PagePost, PagePosts
from pipeline.detect.parameters_causes import CauseParameters
from pipeline.detect.parameters_pages import FakeFanParameters, PileOnParameters
from pipeline.detect.swarm_findings import describe as describe_swarm
from pipeline.detect.swarms import PANE, PageSwarms, Swarm
from pipeline.detect.top_fans import PageFans
from schemas.times import DAY, MINUTE, Micros

Key = tuple[str, str]
"""Platform and page."""


class PageNews(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a partition says of its pages: findings of kinds pile_on and fake_fans, to be completed where partitions
    meet, and every page's figures at each step; posts that may have brought a page fans."""

    findings: list[Finding] = []
    sums: list[PageSum] = []
    posts: list[PagePost] = []


class _Page:
    __slots__ = ("episode", "fans", "swarms")

    def __init__(self, swarms: PageSwarms, fans: PageFans) -> None:
        self.swarms = swarms
        self.fans = fans
        self.episode: FakeEpisode | None = None


class Pages:
    """Pages of one shuffle partition. Hashtag feeds are nobody's and are left out."""

    def __init__(
        self, pile_on: PileOnParameters, fake_fans: FakeFanParameters, causes: CauseParameters
    ) -> None:
        self._pile_on = pile_on
        self._fake_fans = fake_fans
        self._step = steps(fake_fans)
        if pile_on.window_minutes < 1 or pile_on.window_minutes * MINUTE % PANE:
            raise ValueError(f"window_minutes is {pile_on.window_minutes}; a multiple of 10 is needed")
        self._pages: dict[Key, _Page] = {}
        self._posts = PagePosts(causes)
        self._waiting: dict[int, dict[Key, list[Activity]]] = {}
        self._swarming: set[Key] = set()
        self._upto = 0  # panes before this one are folded
        self._next: Micros = 0  # end of the next step

    def __len__(self) -> int:
        """Pages in memory."""
        return len(self._pages)

    def add(self, rows: Sequence[Activity]) -> None:
        """Takes posts, in any order."""
        for row in rows:
            if is_page(row.target):
                pane = self._waiting.setdefault(row.at // PANE, {})
                pane.setdefault((row.platform, row.target), []).append(row)

    def advance(self, tick: Tick) -> PageNews:
        """What the panes that are complete now bring."""
        upto = tick.watermark // PANE
        news = PageNews([], [], [])
        if upto == self._upto:
            return news
        for pane in sorted(pane for pane in self._waiting if pane < upto):
            self._pass(pane, news)
            for key, rows in self._waiting.pop(pane).items():
                self._fold(key, pane, rows, news)
        self._pass(upto, news)
        self._upto = upto
        return news

    def _fold(self, key: Key, pane: int, rows: list[Activity], news: PageNews) -> None:
        rows.sort(key=lambda row: (row.at, row.post_id))
        page = self._pages.get(key)
        if page is None:
            page = self._pages[key] = _Page(PageSwarms(self._pile_on, pane), PageFans(self._fake_fans))
        page.swarms.fold(pane, rows)
        page.fans.add(rows)
        self._posts.fold(key, pane, rows)
        swarm = page.swarms.swarm
        if swarm is not None:
            self._swarming.add(key)
            if swarm.newcomers >= self._pile_on.growth * swarm.told:
                swarm.told = swarm.newcomers
                news.findings.append(self._swarm(key, swarm, closed=False))

    def _swarm(self, key: Key, swarm: Swarm, closed: bool) -> Finding:
        return describe_swarm(self._pile_on, key, swarm, self._pages[key].swarms.habit, closed)

    def _pass(self, pane: int, news: PageNews) -> None:
        """Time goes on to the beginning of a pane."""
        news.posts.extend(self._posts.take(pane))
        for key in sorted(self._swarming):
            swarm = self._pages[key].swarms.over(pane)
            if swarm is not None:
                self._swarming.discard(key)
                news.findings.append(self._swarm(key, swarm, closed=True))
        now = pane * PANE
        if self._next == 0:
            self._next = (now // self._step + 1) * self._step
        while self._next <= now:
            news.findings.extend(self._judge(self._next, news.sums))
            if self._next % DAY == 0:
                self._sweep(self._next)
            if any(page.fans or page.episode for page in self._pages.values()):
                self._next += self._step
            else:
                self._next = (now // self._step + 1) * self._step

    def _judge(self, end: Micros, sums: list[PageSum]) -> Iterator[Finding]:
        p = self._fake_fans
        for key, page in self._pages.items():
            page.fans.forget(end)
            bench = page.fans.bench(end)
            fans, suspects = (bench.fans, len(bench.suspects)) if bench else (0, 0)
            visits, others = page.swarms.step()
            if fans or visits:
                sums.append(PageSum(*key, end, fans, suspects, visits, others))
            episode = page.episode
            if episode is not None and (
                end - episode.last > p.calm_days * DAY or end - episode.first > p.longest_days * DAY
            ):
                yield describe_fans(p, key, episode.first, episode.best, closed=True)
                episode = page.episode = None
            if bench is None or not stands_out(p, bench):
                continue
            if episode is None:
                episode = page.episode = FakeEpisode(bench)
            else:
                episode.add(bench)
            if len(episode.best.suspects) >= p.growth * episode.told:
                episode.told = len(episode.best.suspects)
                yield describe_fans(p, key, episode.first, episode.best, closed=False)

    def _sweep(self, now: Micros) -> None:
        """Once a day: drops what does not matter any more."""
        pane = now // PANE
        for key, page in list(self._pages.items()):
            page.fans.sweep(now)
            if page.swarms.idle(pane) and not page.fans and page.episode is None:
                del self._pages[key]

"""fake_fans: episodes in which many of a page's most active fans look fake, and what is usual on comparable pages.

A page is judged every few hours, by the posts of the window that ends then. Steps on which it stands out, with no more
than `calm_days` between them, are one episode; it is described by the step with the most suspects and posts of theirs.
Whether comparable pages have as many is known only where all partitions meet: every page's figures go there, and a page
is judged against the other pages of its platform at the same step.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from pipeline.detect.clock import Tick
from pipeline.detect.fake_fan_findings import compared
from pipeline.detect.finding import Finding
from pipeline.detect.parameters_pages import FakeFanParameters
from pipeline.detect.top_fans import Bench
from schemas.times import DAY, HOUR, Micros


class PageSum(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Of one page at one step: fans who were looked at, and how many of them look fake; accounts that came since the
    step before (`visits`), and how many of these had been on other pages (the commonest ones)."""

    platform: str
    target: str
    end: Micros
    fans: int
    suspects: int
    visits: int = 0
    others: dict[str, int] = {}


class FakeEpisode:
    """Steps of a page that belong together."""

    __slots__ = ("best", "first", "last", "told")

    def __init__(self, bench: Bench) -> None:
        self.first = self.last = bench.end
        self.best = bench
        self.told = 0

    def add(self, bench: Bench) -> None:
        """One more step."""
        self.last = bench.end
        if (len(bench.suspects), len(bench.posts)) > (len(self.best.suspects), len(self.best.posts)):
            self.best = bench


def stands_out(p: FakeFanParameters, bench: Bench) -> bool:
    """Enough suspects to be told."""
    return len(bench.suspects) >= max(p.fakes, p.share * bench.fans)


class FakeFans:
    """Knows every page's figures. Told by `pipeline.detect.pages`, in order of steps."""

    def __init__(self, parameters: FakeFanParameters) -> None:
        self._p = parameters
        self._clear()

    def _clear(self) -> None:
        self._sums: dict[tuple[str, Micros], dict[str, PageSum]] = {}
        self._waiting: dict[str, Finding] = {}
        self._swept: Micros = 0

    def feed(self, findings: Iterable[Finding], sums: Iterable[PageSum], tick: Tick) -> list[Finding]:
        """Takes what pages say. Returns what there is to say, in order of (first_seen, alert_id)."""
        for one in sums:
            if not one.fans:
                continue
            self._sums.setdefault((one.platform, one.end), {})[one.target] = one
        self._waiting.update((finding.alert_id, finding) for finding in findings)
        found = sorted(self._ready(tick), key=lambda finding: (finding.first_seen, finding.alert_id))
        if tick.ended:
            self._clear()
        elif tick.watermark >= self._swept + DAY:
            self._swept = tick.watermark
            oldest = tick.watermark - round((self._p.longest_days + self._p.calm_days + 1) * DAY)
            self._sums = {key: pages for key, pages in self._sums.items() if key[1] >= oldest}
        return found

    def _ready(self, tick: Tick) -> Iterator[Finding]:
        """Those at whose step all partitions have spoken."""
        for name, finding in list(self._waiting.items()):
            at = finding.evidence.end + 1
            if tick.ended or at <= tick.watermark:
                del self._waiting[name]
                pages = self._sums.get((finding.subject.platform, at), {})
                yield compared(self._p, finding, self._others(pages, finding.subject.id))

    def _others(self, pages: dict[str, PageSum], target: str) -> list[tuple[int, int]]:
        """Fans and suspects of the other pages."""
        return [(one.fans, one.suspects) for name, one in sorted(pages.items()) if name != target]


def steps(p: FakeFanParameters) -> Micros:
    """The time between two judgements.

    Raises:
        ValueError: it does not divide a day.
    """
    if p.step_hours < 1 or 24 % p.step_hours:
        raise ValueError(f"step_hours is {p.step_hours}; a divisor of 24 is needed")
    return p.step_hours * HOUR

"""fan_spike: a page gains fans far above its usual pace. One alert a page and episode, whether the follower
counts show it, the follow events, or both; and who came, where that is known.

Closed findings are a function of the set of records. Each page keeps what lies before the watermark folded,
in order of time; what lies behind it is folded anew, on a copy, whenever it is looked at, and gives
provisional findings. A page is compared with its own past only: the other pages of its platform live in other
partitions.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from pipeline.detect.clock import Tick
from pipeline.detect.fan_counts import CountPage
from pipeline.detect.fan_episodes import episodes, finding_of
from pipeline.detect.fan_follows import FollowPage, Wave
from pipeline.detect.fan_rise import Reading, Rise
from pipeline.detect.finding import Finding
from pipeline.detect.parameters_arrivals import ArrivalParameters
from pipeline.detect.parameters_fans import FanSpikeParameters
from schemas.alerts import Detector
from schemas.records import FanCount, Follow
from schemas.times import DAY, Micros

VERSION = "4"
_Key = tuple[str, str]

_NEVER: Micros = 1 << 62
_WORTH_A_LOOK = 20
"""A page whose open hours hold n follows is looked at again after n / 20 new ones: telling early must stay
cheap."""
_KEEP = 21 * DAY
"""How long newcomers stay known: a rise is told at most 7 days after it began, which may be 3 days back, and
may wait for another 7; rounded up."""
_BACK = 4 * DAY


class _Page:
    """One page: both views, what was told of it, and when to look at it again."""

    __slots__ = ("counts", "due", "follows", "fresh", "told")

    def __init__(self, p: FanSpikeParameters) -> None:
        self.counts = CountPage(p.counts)
        self.follows: FollowPage | None = None
        self.told: dict[str, Finding] = {}
        self.fresh: list[Micros] = []  # times of records that no look has taken in; a heap
        self.due: Micros = _NEVER


class FanSpikes:
    """The detector. `lateness` in microseconds, as the clock's. After the end of the stream it begins
    anew."""

    def __init__(
        self,
        parameters: FanSpikeParameters,
        lateness: Micros,
        arrivals: ArrivalParameters | None = None,
    ) -> None:
        self.parameters = parameters
        self.arrivals = arrivals = arrivals or ArrivalParameters()
        self.lateness = lateness
        self.detector = Detector(
            "fan_spike",
            VERSION,
            {**msgspec.to_builtins(parameters), "arrivals": msgspec.to_builtins(arrivals)},
        )
        self._pages: dict[_Key, _Page] = {}
        self._touched: set[_Key] = set()
        self._due: list[tuple[Micros, _Key]] = []
        self._notes: Counter[str] = Counter()

    @property
    def quality_notes(self) -> Mapping[str, int]:
        """What was found wrong with the counts and passed over, by code: `stale_run`, `catch_up`, `zero`,
        `contradiction`, `reading_error_reverted`; `rounding`, pages that began to show rounded counts; and
        `died_away`, small rises that ended as news does. Over all pages and time scales, up to the
        watermark."""
        return dict(sorted((code, n) for code, n in self._notes.items() if n))

    def add(self, records: Sequence[FanCount | Follow]) -> None:
        """Takes records in any order; none may be late. A record that came before changes nothing."""
        for record in records:
            key = (record.platform, record.page_id)
            page = self._pages.get(key)
            if page is None:
                page = self._pages[key] = _Page(self.parameters)
            if isinstance(record, FanCount):
                at = record.observed_at
                new = page.counts.add(Reading(at, record.followers, record.page_name or ""))
            else:
                at = record.at
                if page.follows is None:
                    page.follows = FollowPage(self.parameters.follows)
                new = page.follows.add(record)
            if new:
                heapq.heappush(page.fresh, at)
                self._touched.add(key)

    def advance(self, tick: Tick) -> list[Finding]:
        """What is new at this time, in order of page: findings opened, changed for good reason, closed,
        withdrawn."""
        if tick.ended:
            visits = set(self._pages)
        else:
            visits = {key for key in self._touched if self._worth(self._pages[key], tick.progress)}
            while self._due and self._due[0][0] <= tick.watermark:
                due, key = heapq.heappop(self._due)
                if key in self._pages and self._pages[key].due == due:
                    visits.add(key)
        findings = [finding for key in sorted(visits) for finding in self._visit(key, tick)]
        if tick.ended:
            self._pages.clear()
            self._touched.clear()
            self._due.clear()
        return findings

    def _worth(self, page: _Page, progress: Micros) -> bool:
        if not page.fresh or page.fresh[0] > progress:
            return False
        waiting = page.follows.waiting if page.follows is not None else 0
        return len(page.fresh) * _WORTH_A_LOOK >= waiting

    def _visit(self, key: _Key, tick: Tick) -> list[Finding]:
        page, p = self._pages[key], self.parameters
        page.counts.fold(tick.watermark, self._notes)
        rises: list[Rise] = page.counts.ahead(tick.progress)
        waves: list[Wave] = []
        follows = page.follows
        if follows is not None:
            follows.fold(tick.watermark)
            waves, follows = follows.ahead(tick.progress)
        out: list[Finding] = []
        standing: set[str] = set()
        open_since, open_due = tick.watermark, _NEVER
        for episode in episodes(rises, waves, p):
            closed = tick.ended or tick.watermark >= episode.deadline(p)
            finding = finding_of(key, episode, follows, p, self.detector, closed, self.arrivals)
            if material(page.told.get(finding.alert_id), finding):
                out.append(finding)
                page.told[finding.alert_id] = finding
            standing.add(finding.alert_id)
            if closed:
                page.counts.rises = [rise for rise in page.counts.rises if rise not in episode.rises]
                if page.follows is not None:
                    page.follows.waves = [wave for wave in page.follows.waves if wave not in episode.waves]
                del page.told[finding.alert_id]
            else:
                open_since, open_due = min(open_since, episode.start), min(open_due, episode.deadline(p))
        for gone in sorted(page.told.keys() - standing):
            out.append(msgspec.structs.replace(page.told.pop(gone), withdrawn=True))
        if page.follows is not None:
            page.follows.forget(min(tick.watermark - _KEEP, open_since - _BACK))
        self._rest(key, page, tick.progress, open_due)
        return out

    def _rest(self, key: _Key, page: _Page, progress: Micros, open_due: Micros) -> None:
        """Notes when to look again."""
        while page.fresh and page.fresh[0] <= progress:
            heapq.heappop(page.fresh)
        if not page.fresh:
            self._touched.discard(key)
        waits = [
            open_due,
            page.counts.deadline(),
            page.follows.deadline() if page.follows is not None else None,
        ]
        due = min(wait for wait in waits if wait is not None)
        if due != page.due or due == _NEVER:
            page.due = due
            if due != _NEVER:
                heapq.heappush(self._due, (due, key))


def material(before: Finding | None, now: Finding) -> bool:
    """Whether people should hear of it again: opened, closed, graver or milder, with other reasons, or a
    fifth more."""
    if before is None:
        return True
    return (
        now.closed != before.closed
        or now.severity != before.severity
        or [r.code for r in now.reasons] != [r.code for r in before.reasons]
        or abs(now.observed - before.observed) >= 0.2 * max(before.observed, 1.0)
        or abs(now.accounts.count - before.accounts.count) >= 0.2 * max(before.accounts.count, 1)
    )

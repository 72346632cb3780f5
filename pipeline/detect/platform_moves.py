"""Purges and other moves of a whole platform: many pages lose, or gain, fans on the same day.

Twitter took locked accounts off everybody's count within hours (July 2018). To each page that is news about itself; in
truth it is one event, and is told as one. It lives in the one place where all fan partitions meet, takes days in
order when every partition has told theirs, and judges the share of pages that moved against the platform's own days
before (median and MAD, as `fan_track` does for one page). So what is told in the end is a function of the set of
counts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from statistics import median

import msgspec

from pipeline.detect.clock import Tick
from pipeline.detect.fan_days import DaySum, PageMove
from pipeline.detect.fan_rise import Ring
from pipeline.detect.fan_spikes import material
from pipeline.detect.finding import Finding
from pipeline.detect.parameters_platform import PlatformParameters
from pipeline.detect.platform_findings import Episode, Move, describe
from schemas.alerts import Detector
from schemas.times import DAY

VERSION = "1"
_KEEP = 60
"""Days for which a move is remembered: a rise of a page is told for good within 38."""


class _Platform:
    """One platform: its usual days, the event that runs, and the moves of late."""

    __slots__ = ("early", "episode", "flagged", "judged", "running", "shares", "told", "waiting")

    def __init__(self, p: PlatformParameters) -> None:
        self.waiting: defaultdict[int, list[DaySum]] = defaultdict(list)
        self.early: defaultdict[int, dict[str, PageMove]] = defaultdict(dict)
        self.shares = {False: Ring(p.history), True: Ring(p.history)}  # loss? -> share of pages a day
        self.judged = 0  # pages, on the last day taken
        self.episode: list[Move] = []
        self.told: Finding | None = None
        self.flagged: dict[int, Move] = {}
        self.running: list[Move] = []  # moves that show themselves before their day is complete


class PlatformMoves:
    """Sees the days of all fan partitions. After the end of the stream it begins anew."""

    def __init__(self, parameters: PlatformParameters) -> None:
        self._p = parameters
        self._detector = Detector("platform_moves", VERSION, msgspec.to_builtins(parameters))
        self._platforms: dict[str, _Platform] = {}
        self._dirty: set[str] = set()
        self._upto = 0
        self._notes: Counter[str] = Counter()

    @property
    def quality_notes(self) -> Mapping[str, int]:
        """Moves that were passed over, by code: `platform_reverted`, counts of many pages that came back within days;
        `platform_two_ways`, days on which many moved, but both ways."""
        return dict(sorted((code, n) for code, n in self._notes.items() if n))

    def add(self, sums: Iterable[DaySum], early: Iterable[PageMove]) -> None:
        """Takes what a partition told, in any order among partitions."""
        for day in sums:
            self._of(day.platform).waiting[day.day].append(day)
        for move in early:
            platform = self._of(move.platform)
            if move.change:
                platform.early[move.day][move.page] = move
            else:
                platform.early[move.day].pop(move.page, None)

    def advance(self, tick: Tick) -> list[Finding]:
        """What is new at this time, by platform. `tick.watermark` is that of all fan partitions together."""
        out: list[Finding] = []
        upto = tick.watermark // DAY  # days before this one are complete everywhere
        names, self._dirty = (set(self._platforms) if upto != self._upto else self._dirty), set()
        self._upto = upto
        for name in sorted(names):
            platform = self._platforms[name]
            platform.running = []
            for day in sorted(day for day in platform.waiting if day < upto):
                self._settle(name, platform, day, out)
                self._take(name, platform, day)
                self._tell(name, platform, out)
            self._settle(name, platform, upto, out)
            for day in [day for day in platform.early if day < upto]:
                del platform.early[day]
            platform.running = self._running(name, platform)
            self._tell(name, platform, out)
        return out

    def forget(self, tick: Tick) -> None:
        """Drops moves that no rise of a page which is not told for good can touch; everything, at the end."""
        if tick.ended:
            self._platforms.clear()
            self._dirty.clear()
            self._upto = 0
        for platform in self._platforms.values():
            for day in [day for day in platform.flagged if day < tick.watermark // DAY - _KEEP]:
                del platform.flagged[day]

    def gains(self, name: str, first: int, last: int) -> float:
        """What the platform's moves of these days (both included) gave the median page, as a share of its fans."""
        platform = self._platforms.get(name)
        if platform is None:
            return 0.0
        return sum(
            move.typical
            for move in (*platform.flagged.values(), *platform.running)
            if first <= move.day <= last and not move.loss
        )

    def _of(self, name: str) -> _Platform:
        self._dirty.add(name)
        if name not in self._platforms:
            self._platforms[name] = _Platform(self._p)
        return self._platforms[name]

    def _take(self, name: str, platform: _Platform, day: int) -> None:
        """One day that is complete."""
        sums = platform.waiting.pop(day)
        day_sum = DaySum(
            name,
            day,
            sum(one.judged for one in sums),
            sum(one.still for one in sums),
            sum(one.rose for one in sums),
            sum(one.fell for one in sums),
            tuple(sorted((move for one in sums for move in one.moves), key=lambda move: move.page)),
        )
        judged, moves = day_sum.judged, day_sum.moves
        platform.judged = judged
        if (found := self._judge(platform, day_sum)) is not None:
            platform.episode.append(found)
            platform.flagged[day] = found
        if judged >= self._p.min_judged:
            for loss, ring in platform.shares.items():
                ring.push(sum((move.change < 0) == loss for move in moves) / judged)

    def _judge(self, platform: _Platform, one: DaySum, note: bool = True) -> Move | None:
        """Whether this was the platform's doing."""
        p, moves, judged = self._p, one.moves, one.judged
        losses = sum(move.change < 0 for move in moves)
        loss = 2 * losses > len(moves)
        same, other = max(losses, len(moves) - losses), min(losses, len(moves) - losses)
        if judged < p.min_judged or same < p.min_pages:
            return None
        usual, least = 0.0, p.loss_share if loss else p.gain_share
        ring = platform.shares[loss]
        if len(ring) >= p.min_history:
            usual = ring.median()
            least = max(least, usual + p.usual_deviations * ring.spread(usual))
        if same < least * judged:
            return None
        if same < p.dominance * other:
            self._notes["platform_two_ways"] += note
            return None
        pages = {move.page: move for move in moves if (move.change < 0) == loss}
        typical = median(abs(move.change) / move.before for move in pages.values())
        same_way = max(same, one.fell if loss else one.rose)
        return Move(
            one.day, loss, judged, one.still, round(usual, 6), round(least, 6), typical, same_way, pages
        )

    def _running(self, name: str, platform: _Platform) -> list[Move]:
        """Moves that show themselves before their day is complete, against the pages judged on the day before."""
        if platform.judged < self._p.min_judged:
            return []
        found = []
        for day, pages in sorted(platform.early.items()):
            moves = tuple(pages.values())
            so_far = DaySum(name, day, max(platform.judged, len(moves)), 0, 0, 0, moves)
            found.append(self._judge(platform, so_far, note=False))
        return [move for move in found if move is not None]

    def _tell(self, name: str, platform: _Platform, out: list[Finding]) -> None:
        """The event as it stands, if there is something new to say of it."""
        moves = (*platform.episode, *platform.running)
        self._say(platform, Episode(name, moves, False) if moves else None, out)

    def _say(self, platform: _Platform, episode: Episode | None, out: list[Finding]) -> None:
        if episode is not None and episode.returned >= self._p.reverted_share:
            self._notes["platform_reverted"] += episode.closed
            episode = None
        now = describe(episode, self._detector) if episode is not None else None
        before = platform.told
        if before is not None and (now is None or now.alert_id != before.alert_id):
            out.append(msgspec.structs.replace(before, withdrawn=True))
            before = platform.told = None
        if now is not None and material(before, now):
            out.append(now)
            platform.told = now

    def _settle(self, name: str, platform: _Platform, day: int, out: list[Finding]) -> None:
        """Closes an event to which a move on this day would not belong."""
        moves = platform.episode
        if moves and (day - moves[-1].day > self._p.settle_days or day - moves[0].day > self._p.longest_days):
            self._say(platform, Episode(name, tuple(moves), True), out)
            platform.episode, platform.told = [], None

"""Rises in a page's follower count.

Counts come at irregular moments and dirty: the same number for days and then the truth at once, zeros,
numbers that drop and return, numbers rounded to three digits, missing days. So growth is not taken from one
reading to the next but over windows of one to three steps between interpolated levels, which spreads what was
missed over the time in which it happened, and is judged against the median and the median absolute deviation
of the page's own such sums (Rousseeuw and Croux, "Alternatives to the median absolute deviation", JASA 1993,
for why not mean and deviation).

A rise of moderate size is told only when its shape is known (`pipeline.detect.fan_shape`): a delivery stops, while
attention dies away over days. A page is compared with itself only; pages of one platform lie in different partitions.
"""

from __future__ import annotations

import copy
import itertools
from bisect import bisect_right
from collections import Counter

from pipeline.detect.fan_rise import Reading, Ring, Rise, at_of
from pipeline.detect.fan_shape import Growth, attention, delivery
from pipeline.detect.parameters_fans import CountParameters, GrainParameters
from schemas.times import Micros

_KEPT = 16
"""Samples that a track remembers: more than the longest window and the open part of a rise need."""


class Track:
    """One page at one time scale: takes readings in order of time, collects rises."""

    __slots__ = (
        "barrier",
        "drop_at",
        "drop_from",
        "flat",
        "grain",
        "p",
        "pace",
        "rings",
        "rise",
        "samples",
        "stale",
    )

    def __init__(self, grain: GrainParameters, parameters: CountParameters) -> None:
        self.grain, self.p = grain, parameters
        self.samples: list[Reading] = []
        self.rings = [Ring(grain.history) for _ in grain.windows]
        self.rise: Rise | None = None
        self.flat, self.stale = 0, False
        self.drop_at, self.drop_from = 0, 0  # the last sharp drop, and the level it fell from
        self.barrier: Micros = 0  # growth before it belongs to an earlier rise
        self.pace = 0.0  # of a rise that went on until it was told; as long as it goes on, nothing new

    def copy(self) -> Track:
        """A twin that can run ahead."""
        twin = copy.copy(self)
        twin.samples = self.samples.copy()
        twin.rings = [ring.copy() for ring in self.rings]
        twin.rise = copy.copy(self.rise)
        if twin.rise is not None:
            twin.rise.path = twin.rise.path.copy()
        return twin

    def feed(self, reading: Reading, quantum: int, notes: Counter[str]) -> Rise | None:
        """Takes the next reading, after `settle`; returns a rise when one has come to its end and stands."""
        samples = self.samples
        if not samples:
            samples.append(reading)
            return None
        if reading.at - samples[-1].at < 0.8 * self.grain.step:
            return None
        if reading.fans == samples[-1].fans:
            self.flat += 1
            if (
                self.flat >= self.p.stale_run
                and self.rings[0].share_of_zero() ** self.flat < self.p.stale_chance
            ):
                self.stale = True
                return None
        else:
            if self.stale:
                while len(samples) > 1 and samples[-2].fans == samples[-1].fans:
                    samples.pop()
                notes["stale_run"] += 1
            self.flat, self.stale = 0, False
        return self._take(reading, quantum, notes)

    def settle(self, now: Micros, notes: Counter[str]) -> Rise | None:
        """Ends a rise about which nothing more can be learnt: readings up to `now` (excluded) are known."""
        if self.rise is None or now <= self.rise.at + self.p.settle:
            return None
        lasting = self.rise.end - self.rise.at > self.p.settle / 2
        self.rise.shape = "sustained" if lasting and not self.rise.after_samples else "unknown"
        return self._finish(self.rise, self.rise.end, notes)

    def _take(self, reading: Reading, quantum: int, notes: Counter[str]) -> Rise | None:
        last, grain = self.samples[-1], self.grain
        gap = (reading.at - last.at) / grain.step
        sums = [self._growth(reading, reading.at - window * grain.step) for window in grain.windows]
        usual = self.rings[0].median() if len(self.rings[0]) >= grain.min_history else None
        done = None
        if self.drop_at and reading.at - self.drop_at > self.p.revert_within:
            self.drop_at = 0
        if usual is not None:
            if self.rise is not None:
                done = self._follow(self.rise, last, reading, notes)
            elif gap <= grain.max_gap and not self._goes_on(last, reading):
                done = self._look(reading, usual, quantum, notes)
            if self.rise is None and done is None:
                self._note_catch_up(last, reading, gap, usual, notes)
        if reading.fans - last.fans <= -max(grain.min_fans, grain.min_share * last.fans):
            self.drop_from = max(last.fans, self.drop_from) if self.drop_at else last.fans
            self.drop_at = reading.at
        self.samples.append(reading)
        del self.samples[:-_KEPT]
        if gap <= 3.5:
            for ring, growth in zip(self.rings, sums, strict=True):
                if growth is not None:
                    ring.push(growth)
        return done

    def _level(self, at: Micros) -> float | None:
        """Fans at a moment up to the last sample, on the line between the samples beside it."""
        samples = self.samples
        if at < samples[0].at:
            return None
        i = bisect_right(samples, at, key=at_of) - 1
        left = samples[i]
        if i + 1 == len(samples) or left.at == at:
            return left.fans
        right = samples[i + 1]
        return left.fans + (right.fans - left.fans) * (at - left.at) / (right.at - left.at)

    def _growth(self, reading: Reading, since: Micros) -> float | None:
        last = self.samples[-1]
        if since >= last.at:  # the window lies within the step to the last sample: its share of that growth
            return (reading.fans - last.fans) * (reading.at - since) / (reading.at - last.at)
        level = self._level(since)
        return None if level is None else reading.fans - level

    def _goes_on(self, last: Reading, reading: Reading) -> bool:
        """Whether the page still grows at the pace of the sustained rise that was told."""
        pace = (reading.fans - last.fans) / ((reading.at - last.at) / self.grain.step)
        share = self.p.core_share
        if not share * self.pace <= pace <= self.pace / share:
            self.pace = 0.0
        return self.pace > 0

    def _undropped(self, fans: float) -> float:
        """The level as it was before a recent drop: coming back to it is no growth."""
        return max(fans, self.drop_from) if self.drop_at else fans

    def _look(self, reading: Reading, usual: float, quantum: int, notes: Counter[str]) -> Rise | None:
        """Opens a rise when a window ends in one; it may already be over."""
        grain, best = self.grain, None
        least = self.p.stopped if grain.patient else 1.0
        now = self._undropped(reading.fans)
        for window, ring in zip(grain.windows, self.rings, strict=True):
            since = max(reading.at - window * grain.step, self.barrier)
            growth = self._growth(reading, since)
            if growth is None or len(ring) < grain.min_history:
                continue
            base, median = reading.fans - growth, ring.median()
            excess = now - self._undropped(base) - median
            floor = max(grain.min_fans, grain.min_share * base, 2.0 * quantum)
            if excess < least * floor:
                notes["reading_error_reverted"] += growth - median >= floor
                continue
            if growth < floor / 2:
                continue  # a page that stops losing fans gains none
            spread = max(ring.spread(median), max(median, 0.0) ** 0.5)
            threshold = max(floor, grain.deviations * spread)
            if best is None or excess / threshold > best[0]:
                best = (excess / threshold, since, spread, threshold)
        if best is None or best[0] < (least if grain.patient else grain.far):
            return None
        _, since, spread, threshold = best
        return self._open(reading, since, usual, spread, threshold, quantum, notes)

    def _open(
        self, reading: Reading, since: Micros, usual: float, spread: float, threshold: float, quantum: int,
        notes: Counter[str],
    ) -> Rise | None:  # fmt: skip
        first = bisect_right(self.samples, since, key=at_of)
        path = [*self.samples[max(0, first - 1) :], reading]
        rates = [self._excess(left, right, usual) for left, right in itertools.pairwise(path)]
        peak = max(rate for _, rate in rates)
        begin = next(i for i, (_, rate) in enumerate(rates) if rate >= self.p.core_share * peak)
        left, right = path[begin], path[begin + 1]
        past = [sample for sample in self.samples if sample.at < left.at][-1:]
        before = int(self._undropped(left.fans))
        rise = Rise(
            right.at,
            left.at,
            before,
            self.grain.step,
            usual,
            spread,
            threshold,
            quantum,
            right.name or left.name,
        )
        rise.end, rise.level = right.at, right.fans
        rise.core, rise.peak = rates[begin]
        rise.path = [self._growth_above(*pair, usual) for pair in itertools.pairwise([*past, left, right])]
        rise.far = rise.ratio >= self.grain.far
        self.rise = rise
        for left, right in itertools.pairwise(path[begin + 1 :]):
            if self.rise is not None:
                done = self._follow(rise, left, right, notes)
                if done is not None:
                    return done
        return None

    def _excess(self, left: Reading, right: Reading, usual: float) -> tuple[float, float]:
        """Growth above the usual between two samples: in fans, and per step."""
        steps = (right.at - left.at) / self.grain.step
        excess = self._undropped(right.fans) - self._undropped(left.fans) - usual * steps
        return excess, excess / steps

    def _growth_above(self, left: Reading, right: Reading, usual: float) -> Growth:
        return Growth((right.at - left.at) / self.grain.step, self._excess(left, right, usual)[0])

    def _follow(self, rise: Rise, left: Reading, right: Reading, notes: Counter[str]) -> Rise | None:
        """Goes on with an open rise; returns it when its shape is known and it stands."""
        excess, rate = self._excess(left, right, rise.usual)
        rise.path.append(self._growth_above(left, right, rise.usual))
        if right.fans <= rise.level - self.p.reverted_share * rise.gained:
            rise.shape = "reverted"
        elif rise.after_samples == 0 and excess >= self.p.core_share * rise.peak:
            rise.peak = max(rise.peak, rate)
            rise.core += excess
            rise.end, rise.level = right.at, right.fans
            rise.far = rise.far or rise.ratio >= self.grain.far
        elif self.p.core_share * rate > rise.peak:
            return self._begin_anew(rise, left, right, notes)
        else:
            rise.after += excess
            rise.after_samples += 1
            if rise.after_samples == self.p.shape_samples:
                stops, dies = delivery(rise.path), attention(rise.path)
                attended = stops.misfit > min(self.p.uneven, dies.misfit + self.p.shape_margin)
                rise.shape = "decay" if attended else "step"
                rise.delivered = rise.core if attended else max(rise.core, stops.fans)
        return None if rise.shape == "open" else self._finish(rise, right.at, notes)

    def _begin_anew(self, rise: Rise, left: Reading, right: Reading, notes: Counter[str]) -> Rise | None:
        """A rise that is followed by a far steeper one was chance, or a small thing of its own: it must not hide it."""
        rise.shape = "unknown"
        done = self._finish(rise, left.at, notes) if rise.far else None
        spread, usual = rise.spread, rise.usual
        floor = max(self.grain.min_fans, self.grain.min_share * left.fans, 2.0 * rise.quantum)
        threshold = max(floor, self.grain.deviations * spread)
        self._open(right, left.at, usual, spread, threshold, rise.quantum, notes)
        return done

    def _finish(self, rise: Rise, now: Micros, notes: Counter[str]) -> Rise | None:
        self.rise = None
        self.barrier = now
        if rise.shape == "reverted":
            notes["reading_error_reverted"] += 1
            return None
        if rise.shape == "sustained":
            self.pace = rise.usual + rise.peak
        if rise.shape in ("decay", "sustained"):
            stands = rise.ratio >= self.p.news
        else:
            stands = rise.far or (self.grain.patient and rise.ratio >= self._needed(rise))
        if stands:
            return rise
        notes["died_away"] += 1
        return None

    def _needed(self, rise: Rise) -> float:
        """Thresholds that a rise needs whose shape is not that of attention."""
        if rise.shape != "step":
            return 1.0
        return self.p.stopped * (1 + self.p.afterglow_price * max(0.0, rise.afterglow - self.p.afterglow))

    def _note_catch_up(
        self, last: Reading, reading: Reading, gap: float, usual: float, notes: Counter[str]
    ) -> None:
        floor = max(self.grain.min_fans, self.grain.min_share * last.fans)
        if gap > 1.5 and reading.fans - last.fans - usual >= floor:
            notes["catch_up"] += 1

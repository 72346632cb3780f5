"""Bursts on a target: far more posts than is usual there, and what they are made of.

The findings are a function of the set of posts. Posts are counted in intervals of event time ("buckets").
What is usual for a bucket is learned only from buckets that were complete before it could begin, so its
threshold is fixed before its first post; counts only grow; so a bucket that has passed the threshold has
passed it for good and can be told at once, long before it is complete. Buckets above threshold with no more
than the cool-down between them are one episode, and one alert, named after the first of them. A slow wave has no such
bucket: there the hour that ends with a bucket is judged, once the bucket is complete.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import msgspec

from pipeline.detect.activity import Activity
from pipeline.detect.burst_findings import describe, rate
from pipeline.detect.burst_state import Bucket, Episode, Target
from pipeline.detect.clock import Tick
from pipeline.detect.finding import Finding
from pipeline.detect.novelty import Novelty, NoveltyParameters
from pipeline.detect.parameters_volume import BurstParameters
from pipeline.detect.series import CountModel, Expectation, SeriesParameters, surprise
from pipeline.detect.waves import Wave, Waves
from schemas.times import DAY, HOUR, MINUTE, Micros

Key = tuple[str, str]
"""Platform and target."""


class TargetBursts:
    """Finds bursts (kind `burst`). `lateness` in microseconds, the stream's.

    Posts without a target are left out. When the stream has ended all is said, and the next stream begins
    from nothing.
    """

    def __init__(self, parameters: BurstParameters, lateness: Micros) -> None:
        self.parameters = parameters
        self._width = parameters.bucket_minutes * MINUTE
        if parameters.bucket_minutes < 1 or HOUR % self._width:
            raise ValueError(f"bucket_minutes is {parameters.bucket_minutes}; a divisor of 60 is needed")
        self._gap = parameters.cooldown_minutes // parameters.bucket_minutes
        self._guard = -(-lateness // self._width) + 1  # in buckets
        self._series = SeriesParameters(
            width=self._width, guard=self._guard * self._width, forget=round(parameters.forget_days * DAY)
        )
        self._novelty = NoveltyParameters(width=self._width)
        self._clear()

    def _clear(self) -> None:
        self._targets: dict[Key, Target] = {}
        self._hot: set[Key] = set()  # what must be looked at whenever time goes on
        self._calendar: dict[int, list[Key]] = {}  # bucket -> targets that have posts in it
        self._complete = 0  # buckets before this one are complete
        self._sweep: Micros = 0

    def _new(self) -> Target:
        return Target(CountModel(self._series), Novelty(self._novelty), self._new_waves())

    def _new_waves(self) -> Waves:
        return Waves(HOUR // self._width, self._guard)

    def __len__(self) -> int:
        """Targets in memory."""
        return len(self._targets)

    def add(self, rows: Sequence[Activity]) -> None:
        """Takes posts, in any order. Costs O(1) a post."""
        targets, hot, width, floor = self._targets, self._hot, self._width, self.parameters.min_posts
        for row in rows:
            if not row.target:
                continue
            key = (row.platform, row.target)
            target = targets.get(key)
            if target is None:
                target = targets[key] = self._new()
            index = row.at // width
            bucket = target.buckets.get(index)
            if bucket is None:
                bucket = target.buckets[index] = Bucket()
                self._calendar.setdefault(index, []).append(key)
            bucket.count += 1
            bucket.rows.append(row)
            if bucket.count >= floor:
                hot.add(key)

    def advance(self, tick: Tick) -> list[Finding]:
        """What is new to say at `tick`, in order of (first_seen, alert_id)."""
        complete = tick.watermark // self._width
        due = set(self._hot)
        if complete != self._complete:
            self._complete = complete
            for index in [index for index in self._calendar if index + 1 + self._guard <= complete]:
                due.update(self._calendar.pop(index))
        found: list[Finding] = []
        for key in due:
            target = self._targets[key]
            found += self._settle(key, target, tick)
            if target.episodes or any(
                bucket.expectation is None and bucket.count >= self.parameters.min_posts
                for bucket in target.buckets.values()
            ):
                self._hot.add(key)
            else:
                self._hot.discard(key)
        if tick.ended:
            self._clear()
        elif tick.watermark >= self._sweep:
            self._sweep = tick.watermark + min(DAY, self._series.forget)
            limit = tick.watermark - self._series.forget - self._series.guard - self._width
            for key in [
                key
                for key, t in self._targets.items()
                if not t.buckets and not t.episodes and t.model.last < limit
            ]:
                del self._targets[key]
        found.sort(key=lambda finding: (finding.first_seen, finding.alert_id))
        return found

    def _settle(self, key: Key, target: Target, tick: Tick) -> list[Finding]:
        found: list[Finding] = []
        order = sorted(target.buckets)
        for index in order:
            bucket = target.buckets[index]
            if bucket.count >= self.parameters.min_posts and not bucket.exceeded:
                if bucket.expectation is None and tick.watermark >= (index - self._guard) * self._width:
                    bucket.expectation = self._expect(target, order, index)
                if bucket.expectation is not None and self._exceeds(bucket.count, bucket.expectation):
                    bucket.exceeded = True
                    found += self._join(target, index)
            if not bucket.judged and index < self._complete:
                # Each hour with what was known when it ended, however many end with this tick.
                self._learn(target, order, index + 1 - self._guard)
                found += self._wave(target, index)
        self._learn(target, order, self._complete - self._guard)
        target.waves.forget(self._complete)
        for episode in target.episodes:
            for index in order:
                if episode.first <= index <= episode.last and target.buckets[index].rows:
                    episode.tally.add(target.buckets[index].rows)
                    target.buckets[index].rows = []
        for episode in list(target.episodes):
            # By then all its buckets are learned, and how new they were is known.
            closed = self._complete >= episode.last + 1 + max(self._gap, self._guard)
            if closed:
                target.episodes.remove(episode)
            if finding := self._say(key, target, episode, tick, closed):
                found.append(finding)
        for index in order:
            bucket = target.buckets[index]
            if index < self._complete and not any(e.last >= index - self._gap for e in target.episodes):
                bucket.rows = []  # no episode can reach it any more
            if bucket.learned and not bucket.rows:
                del target.buckets[index]
        for index in [i for i in target.novel if not any(e.last >= i - self._gap for e in target.episodes)]:
            del target.novel[index]
        return found

    def _stale(self, target: Target, start: Micros) -> bool:
        """The target was silent for so long that what is known of it is forgotten, whether it was swept or not."""
        return 0 <= target.model.last < start - self._series.forget

    def _wave(self, target: Target, index: int) -> list[Finding]:
        """Judges the hour that ends with a bucket now complete. Returns withdrawals."""
        p, bucket = self.parameters, target.buckets[index]
        bucket.judged = True
        if not target.novelty.started or self._stale(target, index * self._width):
            return []  # too small for an hour to be usual, or forgotten
        if bucket.exceeded and bucket.expectation:
            target.waves.add(index, min(bucket.count, bucket.expectation.mean))
            return []
        target.waves.add(index, bucket.count)
        posts, hour = target.waves.hour(index)
        if hour is None or posts < p.wave_posts:
            return []
        hours = hour.history_buckets * self._width / HOUR
        if (
            hours < p.wave_history_hours
            or posts < p.min_ratio * hour.mean
            or surprise(posts, hour) < p.min_surprise
        ):
            return []
        bucket.expectation = msgspec.structs.replace(hour, mean=hour.mean * self._width / HOUR)
        return self._join(target, index, Wave(posts, hour.mean))

    def _learn(self, target: Target, order: Sequence[int], end: int) -> None:
        """Learns the buckets that end with the beginning of bucket `end` or before."""
        first = last = bisect_left(order, end)
        while first and not target.buckets[order[first - 1]].learned:  # those before are
            first -= 1
        for index in order[first:last]:
            bucket, start = target.buckets[index], index * self._width
            if self._stale(target, start):  # the model begins anew as well
                target.novelty, target.waves = Novelty(self._novelty), self._new_waves()
            novelty = target.novelty.learn(start, bucket.count, target.model.rhythm(start))
            if novelty > 0:
                target.novel[index] = novelty
            if target.novelty.started:
                ahead = start + self._guard * self._width
                target.waves.before(index, target.model.expect(ahead, HOUR // self._width))
            target.model.learn(start, bucket.count)
            bucket.learned = True

    def _expect(self, target: Target, order: Sequence[int], index: int) -> Expectation:
        """What is usual for the bucket, from all those that end `guard` before it begins, and no others."""
        self._learn(target, order, min(index, self._complete) - self._guard)
        model = target.model
        ahead = [i for i in order if i < index - self._guard and not target.buckets[i].learned]
        if ahead:
            # Learning them for good must wait: an earlier bucket may yet come to life and need the older
            # state.
            model = model.twin()
            for i in ahead:
                model.learn(i * self._width, target.buckets[i].count)
        return model.expect(index * self._width)

    def _exceeds(self, count: int, expectation: Expectation) -> bool:
        p, hours = self.parameters, expectation.history_buckets * self._width / HOUR
        ratio = p.min_ratio * (p.short_history_ratio if hours < p.short_history_hours else 1.0)
        return (
            hours >= p.min_history_hours
            and count >= ratio * expectation.mean
            and surprise(count, expectation) >= p.min_surprise
        )

    def _join(self, target: Target, index: int, wave: Wave | None = None) -> list[Finding]:
        """Puts the bucket into its episode. Returns withdrawals of ids that no longer hold."""
        near = sorted(
            (e for e in target.episodes if e.first - self._gap <= index <= e.last + self._gap),
            key=lambda e: e.first,
        )
        if near:
            episode = near[0]
        else:
            episode = Episode(index, self.parameters)
            target.episodes.append(episode)
        withdrawn: list[Finding] = []
        for other in near[1:]:
            if other.said:
                withdrawn.append(msgspec.structs.replace(other.said, withdrawn=True))
            episode.tally.absorb(other.tally)
            episode.exceeded |= other.exceeded
            episode.waves |= other.waves
            episode.last = max(episode.last, other.last)
            target.episodes.remove(other)
        if index < episode.first:
            if episode.said:
                withdrawn.append(msgspec.structs.replace(episode.said, withdrawn=True))
                episode.said, episode.weighed = None, 0
            episode.first = index
        episode.last = max(episode.last, index)
        episode.exceeded[index] = target.buckets[index]
        if wave is not None:
            episode.waves[index] = wave
        return withdrawn

    def _novel(self, target: Target, episode: Episode) -> float:
        """How new the newest of the episode's buckets is; those that are not learned yet are looked at ahead."""
        most = max((n for i, n in target.novel.items() if episode.first <= i <= episode.last), default=0.0)
        for index, bucket in episode.exceeded.items():
            if not bucket.learned and bucket.expectation and not self._stale(target, index * self._width):
                ahead = target.novelty.peek(index * self._width, bucket.count, bucket.expectation.mean)
                most = max(most, ahead)
        return most

    def _say(self, key: Key, target: Target, episode: Episode, tick: Tick, closed: bool) -> Finding | None:
        posts, said = episode.tally.posts, episode.said
        if not closed and (tick.progress < episode.tally.first_seen or posts < 1.1 * episode.weighed):
            return None
        episode.weighed = posts
        makeup = episode.tally.makeup()
        severity = rate(self.parameters, makeup)
        growth = self.parameters.growth
        if said and not closed and said.severity == severity and posts < growth * said.posts.count:
            return None
        exceeded = [(i, b.count, b.expectation) for i, b in sorted(episode.exceeded.items()) if b.expectation]
        waves = sorted(episode.waves.items())
        novelty = self._novel(target, episode)
        finding = describe(self.parameters, key, exceeded, waves, episode.tally, makeup, novelty, closed)
        episode.said = finding
        return finding

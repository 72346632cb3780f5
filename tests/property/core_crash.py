"""Drives the detection core through the deaths of its workers, without a broker.

Logs are kept. Each partition has a step that lives somewhere; it can die at any moment, between two messages that it
publishes too. Its successor begins from a pickled snapshot, or from nothing, feeds what was committed without a word,
and publishes again what was not. The one that was thought dead may go on for a while, and may even leave a snapshot.
"""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from pipeline.bus import partition_of
from pipeline.connect.files import stamp
from pipeline.connect.items import Item
from pipeline.connect.replay import topic_of
from pipeline.detect.alert_step import AlertStep, Told
from pipeline.detect.book import Withdrawn
from pipeline.detect.fan_step import FanStep
from pipeline.detect.intake import Raw
from pipeline.detect.messages import decode_shuffled, decode_signal, encode
from pipeline.detect.parameters import Parameters
from pipeline.detect.post_step import PostStep
from pipeline.detect.shuffle_step import ShuffleStep
from schemas.alerts import Alert
from schemas.topics import POSTS_RAW
from tests.property.core_drive import NO_KEY, Said

Entry = tuple[Any, float]
"""A logged record and the wall time at which it was logged, in seconds."""

Word = Callable[[], None]
"""Publishes one message."""


class Life:
    """One worker's copy of a step, and the offset of the record that it reads next."""

    def __init__(self, step: Any, at: int) -> None:
        self.step = step
        self.at = at


class Place:
    """One partition: its log, who lives there, and what survives a death."""

    def __init__(
        self, make: Callable[[], Any], apply: Callable[[Any, int, Sequence[Entry]], Iterator[Word]]
    ) -> None:
        self.log: list[Entry] = []
        self._make = make
        self.apply = apply
        self.committed = 0
        self.reached = 0  # all before this was published
        self.snapshot: tuple[bytes, int] | None = None
        self.ghosts: list[Life] = []
        self.owner = Life(make(), 0)

    def save(self, life: Life) -> None:
        """Leaves a snapshot, over another one perhaps that is newer."""
        self.snapshot = pickle.dumps(life.step), life.at

    def die(self, ghost: bool) -> None:
        """The owner is gone, or thought to be; another one begins."""
        if ghost:
            self.ghosts.append(self.owner)
        if self.snapshot is None:
            self.owner = Life(self._make(), 0)
        else:
            state, at = self.snapshot
            self.owner = Life(pickle.loads(state), at)


class Perilous:
    """As `core_drive.Live`, with deaths: `peril` is the chance of one at each turn."""

    def __init__(
        self, parameters: Parameters, sources: int, shuffles: int, rng: random.Random, most: int, peril: float
    ) -> None:
        self._rng, self._most, self._peril = rng, most, peril
        self._now = 0.0
        self.deaths = 0
        self.said = Said()
        self.stored: set[tuple[str, str, bool]] = set()
        self._versions: dict[str, int] = {}
        self._homes: dict[tuple[str, str], int] = {}
        self.posts = [Place(partial(PostStep, parameters, n, shuffles), self._posts) for n in range(sources)]
        self.fans = [Place(partial(FanStep, parameters, n), self._fans) for n in range(sources)]
        self.shuffle = [
            Place(partial(ShuffleStep, parameters, n, sources), self._shuffle) for n in range(shuffles)
        ]
        self.alerts = Place(lambda: AlertStep(parameters, shuffles, sources), self._alerts)
        self._places = [*self.posts, *self.fans, *self.shuffle, self.alerts]

    def publish(self, stream: Sequence[Item]) -> None:
        """Replays one stream to its end markers."""
        for item, clock in stamp(stream):
            places = self.posts if topic_of(item) == POSTS_RAW else self.fans
            number = NO_KEY if item.key is None else partition_of(item.key, len(places))
            places[number].log.append((Raw(item.raw, clock), 0.0))
        for place in [*self.posts, *self.fans]:
            place.log.append((Raw(None, end=True), 0.0))

    def run(self) -> Said:
        """Until the owners have read all there is."""
        rng = self._rng
        while waiting := [p for p in self._places if p.owner.at < len(p.log) or p.committed < len(p.log)]:
            self._now += 0.1
            place = rng.choice(waiting)
            if place.ghosts and rng.random() < 0.3:
                self._haunt(place)
            if rng.random() < self._peril:
                self.deaths += 1
                ghost = rng.random() < 0.5
                if not ghost:
                    self._turn(place, place.owner, rng.randrange(4))
                place.die(ghost)
                continue
            self._turn(place, place.owner, None)
            place.reached = max(place.reached, place.owner.at)
            if rng.random() < 0.5:
                place.committed = max(place.committed, place.owner.at)
            if rng.random() < 0.2:
                place.save(place.owner)
        return self.said

    def _haunt(self, place: Place) -> None:
        """One that was thought dead wakes, does something, and learns of it."""
        ghost = self._rng.choice(place.ghosts)
        if ghost.at < place.reached and not isinstance(ghost.step, ShuffleStep | AlertStep):
            quiet = encode(ghost.step.quiet())
            for log in (
                [p.log for p in self.shuffle] if isinstance(ghost.step, PostStep) else [self.alerts.log]
            ):
                log.append((quiet, self._now + 1000.0))
        cut = self._rng.choice([None, 0, 1, 2])
        self._turn(place, ghost, cut)
        if cut is None and self._rng.random() < 0.3:
            place.save(ghost)
        else:
            place.ghosts.remove(ghost)

    def _turn(self, place: Place, life: Life, cut: int | None) -> None:
        """One fetch. `cut`: dies after so many messages; the step is of no use afterwards."""
        end = min(len(place.log), life.at + self._rng.randint(1, self._most))
        if life.at < place.committed:  # what lies below was published, and is not published again
            end = min(end, place.committed)
        silent = end <= place.committed
        entries = place.log[life.at : end]
        for number, word in enumerate(place.apply(life.step, life.at, entries)):
            if cut is not None and number >= cut:
                return
            if not silent:
                word()
        life.at = end

    def _posts(self, step: PostStep, at: int, entries: Sequence[Entry]) -> Iterator[Word]:
        raws = [raw._replace(offset=at + n) for n, (raw, _) in enumerate(entries)]
        for posted in step.feed(raws):
            for one in posted.enriched:
                row = one.post.platform, one.post.id, one.late
                yield partial(self.stored.add, row)
            for place, message in zip(self.shuffle, posted.shuffled, strict=True):
                yield self._logging(place, encode(message))

    def _fans(self, step: FanStep, at: int, entries: Sequence[Entry]) -> Iterator[Word]:
        for out in step.feed([raw._replace(offset=at + n) for n, (raw, _) in enumerate(entries)]):
            for signal in out.signals:
                yield self._logging(self.alerts, encode(signal))

    def _shuffle(self, step: ShuffleStep, at: int, entries: Sequence[Entry]) -> Iterator[Word]:
        for n, (raw, now) in enumerate(entries):
            for signal in step.feed(decode_shuffled(raw), now, at + n):
                yield self._logging(self.alerts, encode(signal))

    def _alerts(self, step: AlertStep, _: int, entries: Sequence[Entry]) -> Iterator[Word]:
        for raw, now in entries:
            told = step.feed(decode_signal(raw), now)
            yield lambda told=told: self._hear(told)  # type: ignore[misc]

    def _logging(self, place: Place, message: bytes) -> Word:
        return lambda: place.log.append((message, self._now))

    def _hear(self, told: Told) -> None:
        """As the store does: of one thing the word with the highest version stands."""
        for n, alert in enumerate(told.alerts):
            if told.version + n < self._versions.get(alert.alert_id, 0):
                continue
            self._versions[alert.alert_id] = told.version + n
            if isinstance(alert, Withdrawn):
                self.said.alerts.pop(alert.alert_id, None)
            else:
                assert isinstance(alert, Alert)
                self.said.alerts[alert.alert_id] = alert
        for n, member in enumerate(told.memberships):
            key = member.platform, member.id
            if told.version + n >= self._homes.get(key, 0):
                self._homes[key] = told.version + n
                self.said.home[key] = member.cluster_id
        self.said.closed += [closed for closed in told.closed if closed not in self.said.closed]

"""The state of a topic's partitions in this worker: a step for each, and how far it has come.

A step is a function of the records of its partition, so it can be made again by reading them again. It is written to
disk now and then with the place of the last record that it has taken in (`agents.saving`). When a partition comes to a
worker, the step that is furthest, in memory or on disk, takes in what lies between it and the committed offset without
a word, as what came of those records was published before they were acknowledged; from there on it speaks.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

import structlog
from faust.types import TP

from agents.app import Shell, now
from pipeline.detect.erase import forget
from pipeline.runtime import holding
from pipeline.snapshots import Mark, mark

log = structlog.get_logger()


class Step(Protocol):
    """A step of the core, as far as this module is concerned."""

    log: int


S = TypeVar("S", bound=Step)
Again = Callable[[S, set[str]], Awaitable[None]]
"""again(step, names): tells anew the alerts of these names, as somebody in them was forgotten."""
Work = Callable[[S, Sequence[Any], bool], Awaitable[None]]
"""work(step, records, silent): feeds the step; publishes what comes of it, unless silent."""

QUIET_AFTER = 1.0
"""Seconds without records after which a partition is said to be quiet."""

QUIET_EVERY = 5.0
"""Seconds between saying so: rarely enough for a memory-only broker, often enough against `clock.GRACE`."""

FORGET_EVERY = 1.0
"""Seconds between looks at who is to be forgotten."""

_FRESH = 3.0
"""Seconds for which the broker's word on the end of a partition holds. A worker that was frozen knows an old end."""


class Held(Generic[S]):
    """A step in memory. next: offset of the record it needs next; last: the one that it took in last. committed: what
    lies before was published. whole: it is not in the middle of a batch."""

    def __init__(self, step: S, last: Mark | None = None) -> None:
        self.step = step
        self.last = last
        self.next = 0 if last is None else last.offset + 1
        self.committed = 0
        self.heard = 0.0
        self.whole = True
        self.erased = False  # somebody was forgotten who may stand on disk still
        self.logs = 0  # how often the log turned out to be another one
        self.gap: int | None = None  # offset of the record that came where `next` was expected

    def took(self, records: Sequence[Any], logs: int) -> None:
        """The step has taken these in, which were read when there had been so many logs."""
        self.whole = True
        if logs == self.logs:
            self.last, self.next = mark(records[-1]), records[-1].offset + 1

    def begin_log(self) -> None:
        """The log is another one. The state stands; reading begins at the beginning."""
        self.last, self.next, self.committed = None, 0, 0
        self.logs += 1


class Steps(Generic[S]):
    """One step for each partition of a topic that is assigned to this worker."""

    def __init__(
        self, shell: Shell, topic: str, make: Callable[[int], S], again: Again[S] | None = None
    ) -> None:
        self._shell = shell
        self._topic = topic
        self._make = make
        self._again = again
        self._held: dict[int, Held[S]] = {}
        shell.steps[topic] = self
        shell.app.on_partitions_assigned.connect(self._keep)
        shell.app.timer(interval=FORGET_EVERY)(self._forget_all)

    async def feed(self, partition: int, records: Sequence[Any], work: Work[S]) -> bool:
        """Takes one fetch to the step of its partition. What the step has taken in before is left out.

        Returns:
            Whether all of it has been dealt with, and may be committed.
        """
        held = self._held.get(partition)
        if held is None:
            return False  # fetched before the partition was taken away
        held.heard = now()
        await self._forget(held)
        records = [record for record in records if record.offset >= held.next]
        if records and await self._ahead(held, records[0]):
            return False
        known = [record for record in records if record.offset < held.committed]
        for part, silent in ((known, True), (records[len(known) :], False)):
            if not part:
                continue
            if held.last is None:
                held.step.log = part[0].timestamp
            held.whole, logs = False, held.logs
            await work(held.step, part, silent)
            held.took(part, logs)
        key = (self._topic, partition)
        if records and held.last and self._held.get(partition) is held and self._shell.saver.due(key):
            self._shell.saver.save(key, held.last, held.step)
        return True

    async def _forget(self, held: Held[S]) -> None:
        """Takes out of the state whoever was to be forgotten since it was last looked at."""
        changed = forget(held.step, self._shell.people.erasures)
        if changed is None:
            return
        held.erased = True
        if changed and self._again is not None:
            await self._again(held.step, changed)

    async def _forget_all(self) -> None:
        """Also where nothing comes, and on disk: there stands what was written before, until it is replaced."""
        for partition, held in list(self._held.items()):
            if not held.whole:
                continue
            await self._forget(held)
            if held.erased and held.whole and self._shell.saver.idle:  # what is being written is of before
                held.erased = False
                self._rewrite(partition, held)

    def _rewrite(self, partition: int, held: Held[S]) -> None:
        key = (self._topic, partition)
        if held.last is not None:
            self._shell.saver.put(key, held.last, held.step)
        elif (saved := self._shell.snapshots.read(*key)) is not None:  # of the log before this one
            forget(saved.state, self._shell.people.erasures)
            self._shell.saver.put(key, saved.last, saved.state)
        self._shell.snapshots.clear_unfit(*key)

    async def _ahead(self, held: Held[S], record: Any) -> bool:
        """Whether records may be missing before this one: a fetch from before a rebalance may still be under way when
        reading has begun elsewhere. They are asked for; if the same one comes again, the log has none."""
        if record.offset == held.next or record.offset == held.gap:
            held.gap = None
            return False
        held.gap = record.offset
        log.info(
            "read again", topic=self._topic, partition=record.partition, first=held.next, came=record.offset
        )
        await self._shell.app.consumer.seek(TP(self._topic, record.partition), held.next)
        return True

    async def resume(self, committed: Mapping[int, int], earliest: Mapping[int, int]) -> dict[int, int]:
        """Makes steps for the partitions of a new assignment, or finds them.

        Args:
            committed: for each partition the committed offset, 0 where there is none.
            earliest: for each the first offset that its log still has.

        Returns:
            For each the offset of the record to read next.
        """
        for partition, offset in committed.items():
            held = self._held.get(partition)
            if held is None or held.next < offset:
                saved = self._shell.snapshots.read(self._topic, partition)
                if saved is not None and (held is None or saved.last.offset >= held.next):
                    held = Held(saved.state, saved.last)
            if held is None:
                held = Held(self._make(partition))
            if self._held.get(partition) is not held:
                self._held[partition] = held
                self._shell.saver.begin((self._topic, partition), held.last)
        marks = {
            TP(self._topic, partition): held.last
            for partition, held in self._held.items()
            if partition in committed and held.last is not None
        }
        same = await self._shell.same_logs(marks)
        for partition, offset in committed.items():
            held = self._held[partition]
            held.committed = offset
            if not same.get(TP(self._topic, partition), True):
                log.info("another log; the state stands", topic=self._topic, partition=partition)
                held.begin_log()
            elif held.last is not None and held.next < earliest[partition]:
                log.warning(
                    "records are gone that the state has not seen",
                    topic=self._topic,
                    partition=partition,
                    first=held.next,
                    upto=earliest[partition],
                )
            held.next = max(held.next, earliest[partition])
            log.info(
                "partition taken up",
                topic=self._topic,
                partition=partition,
                read_from=held.next,
                committed=held.committed,
            )
        return {partition: self._held[partition].next for partition in committed}

    def quiet(self) -> Iterator[tuple[S, int]]:
        """The steps of assigned partitions where nothing is waiting, which should not hold back time, each with the
        moment at which that was so (Unix milliseconds)."""
        if holding(self._shell.settings):
            return
        consumer = self._shell.app.consumer
        for tp in consumer.assignment():
            held = self._held.get(tp.partition) if tp.topic == self._topic else None
            if held is None or not held.whole or now() - held.heard < QUIET_AFTER:
                continue
            asked = consumer.asked(tp, _FRESH)
            if asked is not None and held.next >= consumer.highwater(tp):
                yield held.step, asked

    def save(self) -> bool:
        """Writes what is not on disk yet, for the worker ends; whether all of it is there now."""
        saver, complete = self._shell.saver, True
        for partition, held in self._held.items():
            key = (self._topic, partition)
            if not held.whole:
                log.warning(
                    "a state is not written: it is in the middle of a batch",
                    topic=key[0],
                    partition=partition,
                )
                complete = False
            elif held.last is not None and not saver.stands(key, held.last):
                saver.put(key, held.last, held.step)
                complete &= saver.stands(key, held.last)
        return complete

    async def _keep(self, app: Any, assigned: set[TP], **_: Any) -> None:
        mine = {tp.partition for tp in assigned if tp.topic == self._topic}
        for partition in self._held.keys() - mine:
            del self._held[partition]
            self._shell.saver.forget((self._topic, partition))

"""The state of a topic's partitions in this worker: a step for each, and how far it has come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from faust.types import TP

from agents.app import Shell, now

S = TypeVar("S")

QUIET_AFTER = 1.0
"""Seconds without records after which a partition is said to be quiet."""

QUIET_EVERY = 5.0
"""Seconds between saying so: rarely enough for a memory-only broker, often enough against `clock.GRACE`."""


class Steps(Generic[S]):
    """One step a partition.

    A rebalance takes all partitions away and gives most of them back, to be read again from what was committed. A
    step that comes back has applied more than that, so it skips what it has seen; one that does not come back is
    forgotten.
    """

    def __init__(self, shell: Shell, topic: str, make: Callable[[int], S]) -> None:
        self._app = shell.app
        self._topic = topic
        self._make = make
        self._steps: dict[int, S] = {}
        self._next: dict[int, int] = {}
        self._heard: dict[int, float] = {}
        shell.app.on_partitions_assigned.connect(self._keep)

    def __getitem__(self, partition: int) -> S:
        if partition not in self._steps:
            self._steps[partition] = self._make(partition)
        return self._steps[partition]

    def fresh(self, partition: int, records: Sequence[Any]) -> Sequence[Any]:
        """The records that the step has not applied."""
        self._heard[partition] = now()
        start = self._next.get(partition, -1)
        if not records or records[0].offset >= start:
            return records
        return [record for record in records if record.offset >= start]

    def applied(self, partition: int, records: Sequence[Any]) -> None:
        """The step has applied these, and what came of them is published."""
        if records:
            self._next[partition] = records[-1].offset + 1

    def quiet(self) -> Iterator[S]:
        """The steps of assigned partitions where nothing is waiting; they should not hold back time."""
        consumer = self._app.consumer
        for tp in consumer.assignment():
            if tp.topic != self._topic or now() - self._heard.get(tp.partition, 0.0) < QUIET_AFTER:
                continue
            end, position = consumer.highwater(tp), self._next.get(tp.partition)
            if end is None:
                continue  # the broker has not answered for this partition yet
            if (
                position is None
            ):  # nothing read since this worker has it: what it begins with was committed before
                position = consumer._committed_offset.get(tp) or 0
            if position >= end:
                yield self[tp.partition]

    async def _keep(self, app: Any, assigned: set[TP], **_: Any) -> None:
        mine = {tp.partition for tp in assigned if tp.topic == self._topic}
        for partition in self._steps.keys() - mine:
            del self._steps[partition]
            self._next.pop(partition, None)

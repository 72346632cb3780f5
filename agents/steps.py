"""The state of a topic's partitions in this worker: a step for each, and how far it has come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from faust.types import TP

from agents.app import Shell

S = TypeVar("S")


class Steps(Generic[S]):
    """One step a partition.

    A rebalance takes all partitions away and gives most of them back, to be read again from what was committed. A
    step that comes back has applied more than that, so it skips what it has seen; one that does not come back is
    forgotten.
    """

    def __init__(self, shell: Shell, topic: str, make: Callable[[int], S]) -> None:
        self._topic = topic
        self._make = make
        self._steps: dict[int, S] = {}
        self._next: dict[int, int] = {}
        shell.app.on_partitions_assigned.connect(self._keep)

    def __getitem__(self, partition: int) -> S:
        if partition not in self._steps:
            self._steps[partition] = self._make(partition)
        return self._steps[partition]

    def fresh(self, partition: int, records: Sequence[Any]) -> Sequence[Any]:
        """The records that the step has not applied."""
        start = self._next.get(partition, -1)
        if not records or records[0].offset >= start:
            return records
        return [record for record in records if record.offset >= start]

    def applied(self, partition: int, records: Sequence[Any]) -> None:
        """The step has applied these, and what came of them is published."""
        if records:
            self._next[partition] = records[-1].offset + 1

    def position(self, partition: int) -> int | None:
        """The offset after the last record applied, or None before the first."""
        return self._next.get(partition)

    async def _keep(self, app: Any, assigned: set[TP], **_: Any) -> None:
        mine = {tp.partition for tp in assigned if tp.topic == self._topic}
        for partition in self._steps.keys() - mine:
            del self._steps[partition]
            self._next.pop(partition, None)

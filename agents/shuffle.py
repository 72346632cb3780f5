"""vigie.shuffle.v1 -> links between copies, findings on targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from faust.types import TP

from agents.app import Shell, now
from pipeline.bus import Message
from pipeline.detect.messages import decode_shuffled, encode
from pipeline.detect.shuffle_step import ShuffleStep
from schemas.topics import POSTS_RAW, SHUFFLE, SIGNALS, TOPICS


class Shuffle:
    """One step for each assigned partition."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._steps: dict[int, ShuffleStep] = {}
        self._told: dict[int, int] = {}
        shell.agent(SHUFFLE, self.handle)
        shell.app.on_partitions_revoked.connect(self.forget)

    async def forget(self, app: Any, revoked: set[TP], **_: Any) -> None:
        """Partitions that went to another worker."""
        for tp in revoked:
            if tp.topic == SHUFFLE:
                self._steps.pop(tp.partition, None)

    async def handle(self, partition: int, records: Sequence[Any]) -> None:
        """One fetch."""
        step = self._steps.get(partition)
        if step is None:
            sources = TOPICS[POSTS_RAW].partitions
            step = self._steps[partition] = ShuffleStep(self._shell.parameters, partition, sources)
        out = []
        for record in records:
            for signal in step.feed(decode_shuffled(record.value), now()):
                # A clock that stands still, with nothing to tell, need not be told.
                if signal.links or signal.findings or signal.clock != self._told.get(partition):
                    self._told[partition] = signal.clock
                    out.append(Message(None, encode(signal), (), 0))
        await self._shell.publish(SIGNALS, out)

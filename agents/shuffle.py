"""vigie.shuffle.v1 -> links between copies, findings on targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agents.app import Shell, read_all
from agents.steps import Steps
from pipeline.bus import Message
from pipeline.detect.messages import decode_shuffled, encode
from pipeline.detect.shuffle_step import ShuffleStep
from schemas.topics import POSTS_RAW, SHUFFLE, SIGNALS, TOPICS


class Shuffle:
    """One step for each assigned partition."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        sources = TOPICS[POSTS_RAW].partitions
        self._steps = Steps(shell, SHUFFLE, lambda n: ShuffleStep(shell.parameters, n, sources))
        self._told: dict[int, int] = {}
        shell.agent(SHUFFLE, self.handle)

    async def handle(self, partition: int, records: Sequence[Any]) -> None:
        """One fetch."""
        records = self._steps.fresh(partition, records)
        messages, refused = read_all(records, decode_shuffled)
        out = []
        for record, message in messages:
            # What a message says of quiet partitions held when it was sent, not when it is read.
            for signal in self._steps[partition].feed(message, record.timestamp / 1000.0):
                # A clock that stands still, with nothing to tell, need not be told.
                if (
                    signal.links
                    or signal.findings
                    or signal.coshares
                    or signal.authors
                    or signal.clock != self._told.get(partition)
                ):
                    self._told[partition] = signal.clock
                    out.append(Message(None, encode(signal), (), 0))
        await self._shell.refuse(SHUFFLE, records, refused)
        await self._shell.publish(SIGNALS, out)
        self._steps.applied(partition, records)

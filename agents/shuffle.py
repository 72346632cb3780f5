"""vigie.shuffle.v1 -> links between copies, findings on targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agents.app import OUR_FORM, Shell, read_all
from agents.steps import Steps
from pipeline.bus import Message
from pipeline.detect.messages import decode_shuffled, encode
from pipeline.detect.shuffle_step import ShuffleStep
from schemas.topics import POSTS_RAW, SHUFFLE, SIGNALS, TOPICS


class Shuffle:
    """One step for each assigned partition."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._sources = TOPICS[POSTS_RAW].partitions
        self._steps = Steps(shell, SHUFFLE, lambda n: ShuffleStep(shell.parameters, n, self._sources))
        shell.agent(SHUFFLE, self.handle)

    async def handle(self, partition: int, records: Sequence[Any]) -> bool:
        """One fetch; whether it may be committed."""
        return await self._steps.feed(partition, records, self._feed)

    async def _feed(self, step: ShuffleStep, records: Sequence[Any], silent: bool) -> None:
        self._shell.readable(SHUFFLE, records)
        messages, refused = read_all(records, lambda raw: decode_shuffled(raw, self._sources))
        out: list[Message] = []
        for record, message in messages:
            # What a message says of quiet partitions held when it was sent, not when it is read.
            message = self._shell.forgetful(record, message)
            signals = step.feed(message, record.timestamp / 1000.0, record.offset)
            if not silent:
                out += [Message(None, encode(signal), OUR_FORM, 0) for signal in signals]
        if not silent:
            self._shell.check(SHUFFLE, records, len(refused))
            await self._shell.refuse(SHUFFLE, records, refused)
            await self._shell.publish(SIGNALS, out)

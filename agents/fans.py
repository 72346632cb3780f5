"""vigie.fans.raw.v1 -> checked records, findings on pages, dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from agents.app import Shell, raw
from agents.steps import QUIET_EVERY, Steps
from pipeline.bus import Message
from pipeline.detect.fan_step import FanOut, FanStep
from pipeline.detect.messages import Signal, encode
from schemas.records import record_key, to_dict
from schemas.topics import FANS_CHECKED, FANS_RAW, SIGNALS


class Fans:
    """One step for each assigned partition."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._steps = Steps(shell, FANS_RAW, lambda n: FanStep(shell.parameters, n))
        shell.agent(FANS_RAW, self.handle)
        shell.app.timer(interval=QUIET_EVERY)(self.tell_quiet)

    async def handle(self, partition: int, records: Sequence[Any]) -> None:
        """One fetch."""
        records = self._steps.fresh(partition, records)
        for out in self._steps[partition].feed([raw(record) for record in records]):
            await self._shell.refuse(FANS_RAW, records, out.refused)
            await self._shell.publish(FANS_CHECKED, _checked(out))
            if out.signal is not None:
                await self._shell.publish(SIGNALS, [_signal(out.signal)])
        self._steps.applied(partition, records)

    async def tell_quiet(self) -> None:
        """Says of each partition where nothing is waiting that it does not hold back time."""
        for step in self._steps.quiet():
            await self._shell.publish(SIGNALS, [_signal(step.quiet())])


def _signal(signal: Signal) -> Message:
    return Message(None, encode(signal), (), 0)


def _checked(out: FanOut) -> list[Message]:
    return [
        Message(record_key(one), orjson.dumps({**to_dict(one), "late": True} if late else to_dict(one)))
        for one, late in out.stored
    ]

"""vigie.fans.raw.v1 -> checked records, findings on pages, dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from faust.types import TP

from agents.app import Shell, raw
from pipeline.bus import Message
from pipeline.detect.fan_step import FanStep
from pipeline.detect.messages import Signal, encode
from schemas.records import record_key, to_dict
from schemas.topics import FANS_CHECKED, FANS_RAW, SIGNALS


class Fans:
    """One step for each assigned partition."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._steps: dict[int, FanStep] = {}
        shell.agent(FANS_RAW, self.handle)
        shell.app.on_partitions_revoked.connect(self.forget)

    async def forget(self, app: Any, revoked: set[TP], **_: Any) -> None:
        """Partitions that went to another worker."""
        for tp in revoked:
            if tp.topic == FANS_RAW:
                self._steps.pop(tp.partition, None)

    async def handle(self, partition: int, records: Sequence[Any]) -> None:
        """One fetch."""
        step = self._steps.get(partition)
        if step is None:
            step = self._steps[partition] = FanStep(self._shell.parameters)
        for out in step.feed([raw(record) for record in records]):
            await self._shell.dead_letters(FANS_RAW, partition, records, out.refused)
            checked = [Message(record_key(one), orjson.dumps(to_dict(one))) for one in out.records]
            checked += [Message(record_key(one), orjson.dumps({**to_dict(one), "late": True})) for one in out.late]
            await self._shell.publish(FANS_CHECKED, checked)
            if out.findings:
                await self._shell.publish(SIGNALS, [Message(None, encode(Signal(-1, 0, [], out.findings)), (), 0)])

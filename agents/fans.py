"""vigie.fans.raw.v1 -> checked records, findings on pages, dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agents.app import OUR_FORM, Shell, raw
from agents.steps import QUIET_EVERY, Steps
from pipeline.bus import Message, version_header
from pipeline.detect.fan_step import FanOut, FanStep
from pipeline.detect.messages import Signal, encode
from schemas.packing import packed
from schemas.records import record_key, to_dict
from schemas.topics import FANS_CHECKED, FANS_RAW, SIGNALS


class Fans:
    """One step for each assigned partition."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._steps = Steps(shell, FANS_RAW, lambda n: FanStep(shell.parameters, n))
        shell.agent(FANS_RAW, self.handle)
        shell.app.timer(interval=QUIET_EVERY)(self.tell_quiet)

    async def handle(self, partition: int, records: Sequence[Any]) -> bool:
        """One fetch; whether it may be committed."""
        return await self._steps.feed(partition, records, self._feed)

    async def _feed(self, step: FanStep, records: Sequence[Any], silent: bool) -> None:
        step.meet(self._shell.people)
        told = step.feed([raw(record) for record in records])
        if not silent:
            self._shell.check(FANS_RAW, records, sum(len(out.refused) for out in told))
        for out in told:
            if silent:
                continue
            self._shell.watch.outcomes("fans", out.counts)
            await self._shell.refuse(FANS_RAW, records, out.refused)
            await self._shell.publish(FANS_CHECKED, _checked(out))
            await self._shell.publish(SIGNALS, [_signal(signal) for signal in out.signals])
        self._shell.watch.clock(FANS_RAW, records[0].partition, step.clock)

    async def tell_quiet(self) -> None:
        """Says of each partition where nothing is waiting that it does not hold back time."""
        for step, at in self._steps.quiet():
            await self._shell.publish(SIGNALS, [_signal(step.quiet(), at)])


def _signal(signal: Signal, at: int | None = None) -> Message:
    return Message(None, encode(signal), OUR_FORM, 0, at)


def _checked(out: FanOut) -> list[Message]:
    return [
        Message(
            record_key(one),
            packed({**to_dict(one), "late": True} if late else to_dict(one)),
            version_header(version),
        )
        for (one, late), version in zip(out.stored, out.versions, strict=True)
    ]

"""vigie.signals.v1 -> alerts, and which post belongs to which copy cluster."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from agents.app import Shell, read_all
from agents.steps import Steps
from pipeline import metrics
from pipeline.bus import Message, version_header
from pipeline.detect.alert_step import AlertStep
from pipeline.detect.book import Withdrawn
from pipeline.detect.clock import END
from pipeline.detect.clusters import Membership
from pipeline.detect.messages import Signal, decode_signal
from schemas.alerts import Alert
from schemas.cloudevents import envelope
from schemas.packing import packed
from schemas.times import format_time
from schemas.topics import ALERTS, COPIES, FANS_RAW, SHUFFLE, SIGNALS, TOPICS


class Alerts:
    """The one place where alerts are made."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._shuffles, fans = TOPICS[SHUFFLE].partitions, TOPICS[FANS_RAW].partitions
        self._steps = Steps(
            shell, SIGNALS, lambda _: AlertStep(shell.parameters, self._shuffles, fans), self._again
        )
        shell.agent(SIGNALS, self.handle)

    async def handle(self, partition: int, records: Sequence[Any]) -> bool:
        """One fetch; whether it may be committed."""
        return await self._steps.feed(partition, records, self._feed)

    async def _again(self, step: AlertStep, names: Iterable[str]) -> None:
        """Tells alerts without the people in them who were forgotten since."""
        told = step.again(sorted(names), time.time())
        await self._shell.publish(
            ALERTS, [_alert(one, told.version + n) for n, one in enumerate(told.alerts)]
        )

    async def _feed(self, step: AlertStep, records: Sequence[Any], silent: bool) -> None:
        self._shell.readable(SIGNALS, records)
        signals, refused = read_all(records, lambda raw: decode_signal(raw, self._shuffles))
        alerts: list[Message] = []
        said: list[Alert | Withdrawn] = []
        copies: list[Message] = []
        for record, signal in signals:
            signal = self._shell.forgetful(record, signal)
            told = step.feed(signal, record.timestamp / 1000.0)
            if silent:
                continue
            said += told.alerts
            alerts += [_alert(alert, told.version + n) for n, alert in enumerate(told.alerts)]
            copies += [_membership(member, told.version + n) for n, member in enumerate(told.memberships)]
        if not silent:
            self._shell.check(SIGNALS, records, len(refused))
            await self._shell.refuse(SIGNALS, records, refused)
            await asyncio.gather(self._shell.publish(ALERTS, alerts), self._shell.publish(COPIES, copies))
            self._tell_watch(records[0].partition, [signal for _, signal in signals], said)

    def _tell_watch(
        self, partition: int, signals: Sequence[Signal], told: Sequence[Alert | Withdrawn]
    ) -> None:
        """The batch in figures."""
        watch, lateness = self._shell.watch, self._shell.parameters.lateness
        clock = max((one.clock for one in signals if one.source >= 0 and one.clock < END), default=0)
        watch.clock(SIGNALS, partition, clock - lateness)
        kinds = Counter(
            (one.kind, one.severity, one.status) if isinstance(one, Alert) else None for one in told
        )
        for labels, number in kinds.items():
            if labels is None:
                watch.meter.count(metrics.WITHDRAWN, by=number)
            else:
                watch.meter.count(metrics.ALERTS, *labels, by=number)


def _alert(alert: Alert | Withdrawn, version: int) -> Message:
    key = alert.alert_id.encode()
    value = None if isinstance(alert, Withdrawn) else envelope(alert)
    return Message(key, value, version_header(version))


def _membership(member: Membership, version: int) -> Message:
    record = {
        "cluster_id": member.cluster_id,
        "platform": member.platform,
        "id": member.id,
        "author_id": member.author_id,
        "created_at": format_time(member.created_at),
    }
    return Message(f"{member.platform}:{member.id}".encode(), packed(record), version_header(version))

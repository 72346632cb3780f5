"""vigie.signals.v1 -> alerts, and which post belongs to which copy cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from faust.types import TP

from agents.app import Shell, now
from pipeline.bus import Message
from pipeline.detect.alert_step import AlertStep
from pipeline.detect.book import Withdrawn
from pipeline.detect.clusters import Membership
from pipeline.detect.messages import decode_signal
from schemas.alerts import Alert
from schemas.cloudevents import envelope
from schemas.times import format_time
from schemas.topics import ALERTS, COPIES, SHUFFLE, SIGNALS, TOPICS


class Alerts:
    """The one place where alerts are made."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._step: AlertStep | None = None
        shell.agent(SIGNALS, self.handle)
        shell.app.on_partitions_revoked.connect(self.forget)

    async def forget(self, app: Any, revoked: set[TP], **_: Any) -> None:
        """The partition went to another worker."""
        if any(tp.topic == SIGNALS for tp in revoked):
            self._step = None

    async def handle(self, partition: int, records: Sequence[Any]) -> None:
        """One fetch."""
        if self._step is None:
            self._step = AlertStep(self._shell.parameters, TOPICS[SHUFFLE].partitions)
        alerts: list[Message] = []
        copies: list[Message] = []
        for record in records:
            told = self._step.feed(decode_signal(record.value), now())
            alerts += [_alert(alert) for alert in told.alerts]
            copies += [_membership(member) for member in told.memberships]
        await self._shell.publish(COPIES, copies)
        await self._shell.publish(ALERTS, alerts)


def _alert(alert: Alert | Withdrawn) -> Message:
    key = alert.alert_id.encode()
    return Message(key, None if isinstance(alert, Withdrawn) else envelope(alert))


def _membership(member: Membership) -> Message:
    record = {
        "cluster_id": member.cluster_id,
        "platform": member.platform,
        "id": member.id,
        "author_id": member.author_id,
        "created_at": format_time(member.created_at),
    }
    return Message(f"{member.platform}:{member.id}".encode(), orjson.dumps(record))

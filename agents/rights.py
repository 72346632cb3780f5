"""What sinks do so that people's rights hold in the store: who is forgotten does not come in again, and goes out where
it is; alerts quote no deleted post. Alerts that were changed are told again, so that the topic has them likewise."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

import msgspec
import orjson
import structlog

from agents.app import Shell
from pipeline.bus import Message, version_header, version_of
from pipeline.detect.erase import Names
from pipeline.explain.redact import quoted, redacted
from pipeline.store.client import StoreClient
from pipeline.store.forget import Retold, follow_deletions, forget, purge_deleted, unquoted
from schemas.cloudevents import envelope, open_envelope
from schemas.erasures import Erasure, decode
from schemas.times import Micros, parse_time
from schemas.topics import ALERTS, COPIES, DLQ, ERASURES, FANS_CHECKED, POSTS_ENRICHED

log = structlog.get_logger()

T = TypeVar("T")
_AT_ONCE = 1_000
_DELETED = b'"deleted":true'
_PURGE = "purge"


class Insist(Protocol):
    """As `agents.sinks.Sinks.insist`."""

    def __call__(self, topic: str, work: Callable[[StoreClient], T], /) -> Awaitable[T]:
        """Does something in the store."""


class Rights:
    """Stands before and behind every sink of a worker."""

    def __init__(self, shell: Shell, insist: Insist) -> None:
        self._shell = shell
        self._insist = insist
        self._known = shell.people.erasures
        self._purge_due = False
        shell.app.timer(interval=shell.settings.privacy.purge_seconds)(self._purge)

    async def kept(self, topic: str, records: Sequence[Any]) -> Sequence[Any]:
        """The records to be stored, and as what."""
        await self._shell.erasures.ready()
        if topic == ALERTS:
            return await self._alerts(records)
        if not len(self._known) or topic == ERASURES:
            return records
        return [record for record in records if not self._forgotten(topic, record)]

    def _forgotten(self, topic: str, record: Any) -> bool:
        if record.value is None:
            return False
        if topic == POSTS_ENRICHED and not self._maybe(record.key or b""):
            return False
        try:
            fields = orjson.loads(record.value)
        except (orjson.JSONDecodeError, RecursionError):
            return False  # whoever makes a row of it says so
        if not isinstance(fields, dict):
            return False
        account = fields.get("actor_id" if topic == FANS_CHECKED else "author_id", fields.get("actor_id"))
        if topic in (POSTS_ENRICHED, FANS_CHECKED, COPIES) or topic.endswith(DLQ):
            return self._known.covers(str(fields.get("platform", "")), str(account), _dated(record, fields))
        return False

    def _maybe(self, key: bytes) -> bool:
        platform, _, author = key.decode("utf-8", "replace").partition(":")
        return ":" in author or self._known.covers(platform, author, 0)

    async def _alerts(self, records: Sequence[Any]) -> Sequence[Any]:
        """Without people who are forgotten and without quotes of deleted posts."""
        names = Names(self._known.known)
        alerts = []
        for record in records:
            try:
                alerts.append(None if record.value is None else open_envelope(record.value))
            except (msgspec.DecodeError, msgspec.ValidationError):
                alerts.append(None)
        new = [None if one is None else redacted(one, names) for one in alerts]
        quoting = [one for one in new if one is not None and quoted(one) is not None]
        if quoting:
            changed = await self._insist(ALERTS, lambda client: [unquoted(client, one) for one in quoting])
            exchanged = {id(old): one for old, one in zip(quoting, changed, strict=True)}
            new = [exchanged.get(id(one), one) for one in new]
        out, again = [], []
        for record, old, alert in zip(records, alerts, new, strict=True):
            if alert is None or alert == old:
                out.append(record)
                continue
            version = version_of(record.headers)
            out.append(dataclasses.replace(record, value=envelope(alert)))
            if version is not None:
                again.append((alert, version + 1))
        await self._tell(again)
        return out

    async def stored(self, topic: str, records: Sequence[Any], at: Micros) -> None:
        """What follows from records that have been stored."""
        if topic == ERASURES:
            await self._forget([decode(record.value) for record in records], at)
        elif topic == POSTS_ENRICHED:
            gone = [record.value for record in records if record.value and _DELETED in record.value]
            posts = [post["id"] for post in map(orjson.loads, gone) if post.get("deleted") is True]
            for start in range(0, len(posts), _AT_ONCE):
                some = posts[start : start + _AT_ONCE]
                await self._tell(
                    await self._insist(topic, lambda client, some=some: follow_deletions(client, some, at))  # type: ignore[misc]
                )
            self._purge_due = self._purge_due or bool(posts)

    async def _forget(self, erasures: Sequence[Erasure], at: Micros) -> None:
        for one in erasures:
            self._known.add(one)  # this worker knows at once, the others within a second
        told = await self._insist(ERASURES, lambda client: forget(client, erasures, at))
        await self._tell(told)
        log.info("people forgotten", people=len({one.person for one in erasures}), alerts=len(told))

    async def _purge(self) -> None:
        if self._purge_due:
            self._purge_due = False
            await self._insist(_PURGE, purge_deleted)

    async def _tell(self, retold: Sequence[Retold]) -> None:
        messages = [
            Message(alert.alert_id.encode(), envelope(alert), version_header(version))
            for alert, version in retold
        ]
        await self._shell.publish(ALERTS, messages)


def _dated(record: Any, fields: dict[str, Any]) -> Micros:
    """When it was, as its record says; or, if that was earlier, when the record came into its raw topic, as the number
    says under which it was told."""
    version = version_of(record.headers)
    entered: Micros = record.timestamp * 1000 if version is None else version
    try:
        return min(entered, parse_time(fields.get("created_at", fields.get("at"))))
    except (ValueError, TypeError, OverflowError):
        return entered

"""Delivery: which revisions are worth a message, and the channels that take one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Protocol

import httpx

from pipeline import metrics
from pipeline.metrics import Meter
from pipeline.notify.feed import Gone
from pipeline.notify.messages import at_least, body, headline, held_back, uncalling
from pipeline.notify.quota import Quota
from schemas.alerts import Alert, Severity

_TURN = 1.0
"""Seconds without news after which the time is looked at."""


class Channel(Protocol):
    """Somewhere that takes a message."""

    async def deliver(self, alert: Alert, title: str, text: str) -> None:
        """Returns when it was taken."""
        ...

    async def notice(self, text: str) -> None:
        """A message that is no alert; returns when it was taken."""
        ...


class Console:
    """Standard output."""

    async def deliver(self, alert: Alert, title: str, text: str) -> None:
        """Prints it."""
        print(f"{title}\n  {text}\n", flush=True)

    async def notice(self, text: str) -> None:
        """Prints it."""
        print(f"{text}\n", flush=True)


class Webhook:
    """POSTs `{"text", "alert_id", "revision", "severity", "status", "kind"}`: what Slack, Mattermost and Discord-alikes
    show as a message, with the rest for programs. Tries again until it is taken or refused for good."""

    def __init__(self, url: str, client: httpx.AsyncClient, patience: int = 8) -> None:
        self._url = url
        self._client = client
        self._patience = patience

    async def deliver(self, alert: Alert, title: str, text: str) -> None:
        """Posts it.

        Raises:
            ConnectionError: it was not taken after all tries, or refused. The URL is a secret and not named.
        """
        about = {
            "alert_id": alert.alert_id,
            "revision": alert.revision,
            "kind": alert.kind,
            "severity": alert.severity,
            "status": alert.status,
        }
        await self._post(f"{title}\n{text}", about, alert.alert_id)

    async def notice(self, text: str) -> None:
        """Posts `{"text"}` alone.

        Raises:
            ConnectionError: as for `deliver`.
        """
        await self._post(text, {}, "a notice")

    async def _post(self, text: str, about: dict[str, object], name: str) -> None:
        pause = 0.5
        problem = ""
        message = {"text": uncalling(text), **about}
        for _ in range(self._patience):
            try:
                answer = await self._client.post(self._url, json=message)
            except httpx.HTTPError as error:
                problem = type(error).__name__
            else:
                if answer.is_success:
                    return
                problem = f"HTTP {answer.status_code}"
                if answer.status_code < 500 and answer.status_code != 429:
                    break
            await asyncio.sleep(pause)
            pause = min(2 * pause, 30.0)
        raise ConnectionError(f"the webhook did not take {name}: {problem}. Check bot.webhook_url.")


class Bot:
    """Tells each alert when it opens, when it grows more severe, and when it closes; nothing in between. What is beyond
    the quota is held back and said in one message when the hour is over."""

    def __init__(
        self,
        channels: list[Channel],
        severity: Severity,
        language: str,
        quota: Quota,
        meter: Meter | None = None,
    ) -> None:
        self._channels = channels
        self._severity = severity
        self._language = language
        self._quota = quota
        self._meter = meter or Meter()
        self._told: dict[str, tuple[Severity, str]] = {}

    async def follow(
        self,
        feed: AsyncIterator[Alert | Gone],
        clock: Callable[[], float] = time.time,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        """Takes all that comes until the feed ends. clock: Unix seconds. alive: called every second, news or none."""
        coming: asyncio.Future[Alert | Gone] | None = None
        try:
            while True:
                coming = coming or asyncio.ensure_future(anext(feed))
                await asyncio.wait({coming}, timeout=_TURN)
                alive()
                await self.settle(clock())
                if coming.done():
                    try:
                        alert = coming.result()
                    except StopAsyncIteration:
                        return
                    coming = None
                    await self.take(alert, clock())
        finally:
            if coming is not None:
                coming.cancel()
            await self.settle(clock(), end=True)

    async def settle(self, now: float, end: bool = False) -> None:
        """Says what was held back in the hours that are over, or until now if this is the end."""
        held = self._quota.due(now, end)
        if held is not None:
            for channel in self._channels:
                await channel.notice(held_back(held, self._language))

    async def take(self, alert: Alert | Gone, now: float) -> bool:
        """Delivers a revision if it is worth a message; whether it was. `now`: Unix seconds."""
        if isinstance(alert, Gone):
            self._told.pop(alert.alert_id, None)
            return False
        if not at_least(alert, self._severity):
            return False
        told = self._told.get(alert.alert_id)
        if (
            told is not None
            and told[0] == alert.severity
            and (alert.status != "closed" or told[1] == "closed")
        ):
            return False
        if not self._quota.take(alert.alert_id, alert.kind, alert.severity, now):
            self._meter.count(metrics.MESSAGES, alert.kind, "held")
            return False
        for channel in self._channels:
            await channel.deliver(alert, headline(alert, self._language), body(alert, self._language))
        self._meter.count(metrics.MESSAGES, alert.kind, "told")
        self._told[alert.alert_id] = (alert.severity, alert.status)
        return True

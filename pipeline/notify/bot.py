"""Delivery: which revisions are worth a message, and the channels that take one."""

from __future__ import annotations

import asyncio
from typing import Protocol

import httpx

from pipeline.notify.feed import Gone
from pipeline.notify.messages import at_least, body, headline, uncalling
from schemas.alerts import Alert, Severity


class Channel(Protocol):
    """Somewhere that takes a message."""

    async def deliver(self, alert: Alert, title: str, text: str) -> None:
        """Returns when it was taken."""
        ...


class Console:
    """Standard output."""

    async def deliver(self, alert: Alert, title: str, text: str) -> None:
        """Prints it."""
        print(f"{title}\n  {text}\n", flush=True)


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
        pause = 0.5
        problem = ""
        for _ in range(self._patience):
            try:
                answer = await self._client.post(
                    self._url,
                    json={
                        "text": uncalling(f"{title}\n{text}"),
                        "alert_id": alert.alert_id,
                        "revision": alert.revision,
                        "kind": alert.kind,
                        "severity": alert.severity,
                        "status": alert.status,
                    },
                )
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
        raise ConnectionError(f"the webhook did not take {alert.alert_id}: {problem}. Check bot.webhook_url.")


class Bot:
    """Tells each alert when it opens, when it grows more severe, and when it closes; nothing in between."""

    def __init__(self, channels: list[Channel], severity: Severity, language: str) -> None:
        self._channels = channels
        self._severity = severity
        self._language = language
        self._told: dict[str, tuple[Severity, str]] = {}

    async def take(self, alert: Alert | Gone) -> bool:
        """Delivers a revision if it is worth a message; whether it was."""
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
        for channel in self._channels:
            await channel.deliver(alert, headline(alert, self._language), body(alert, self._language))
        self._told[alert.alert_id] = (alert.severity, alert.status)
        return True

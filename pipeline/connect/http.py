"""The webhook: records that other programs push over HTTP.

A request is all or nothing: one bad record and none of its records is published. The answer 202 comes after
the broker has every record. No source clock is sent along, since the clocks of many senders are none.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Mapping, Sequence

import orjson
import structlog
from aiokafka.errors import KafkaError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from pipeline.bus import Message
from pipeline.config import Webhook as WebhookSettings
from pipeline.connect.bodies import Accepted, Identity, Wrong, fresh, parse_body, signature_fits, signed
from pipeline.connect.recent import Recent
from pipeline.connect.sending import Sender
from schemas.records import KINDS, Kind

RECENT_RECORDS = 200_000
"""How many records are remembered, so that one sent again is not published again."""

RECENT_REQUESTS = 10_000
"""How many requests are remembered, by their `Idempotency-Key`; without one by what they hold."""

_log = structlog.get_logger("vigie.connect.http")
_Outcome = asyncio.Future[bool]  # whether the broker took the records


class _TooLarge(Exception):
    pass


def _answer(status: int, content: object, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(content), status, headers, "application/json")


def _refuse(status: int, code: str, reason: str, **more: object) -> Response:
    headers = {"Retry-After": "1"} if status in (429, 503) else None
    return _answer(status, {"error": {"code": code, "reason": reason, **more}}, headers)


async def _body(request: Request, limit: int) -> bytes:
    """The body, given up as soon as it is too large."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise _TooLarge
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise _TooLarge
        parts.append(part)
    return b"".join(parts)


class Webhook:
    """State of one webhook: what is on its way to the broker, and what was there lately."""

    def __init__(self, publisher: Sender, settings: WebhookSettings) -> None:
        self._publisher = publisher
        self._settings = settings
        self._records: Recent[Identity, _Outcome] = Recent(RECENT_RECORDS)
        self._requests: Recent[tuple[str, bytes], tuple[bytes, int, _Outcome]] = Recent(RECENT_REQUESTS)
        self._sending: set[asyncio.Future[None]] = set()
        self.pending = 0

    async def health(self, request: Request) -> Response:
        """`GET /healthz`"""
        return _answer(200, {"status": "ok", "pending": self.pending})

    async def receive(self, request: Request) -> Response:
        """`POST /v1/records`"""
        settings = self._settings
        encoding = request.headers.get("content-encoding", "identity").lower()
        if encoding != "identity":
            return _refuse(415, "encoding", f"Content-Encoding is {encoding}; send the body unpacked")
        kind = request.query_params.get("kind")
        if kind is not None and kind not in KINDS:
            return _refuse(400, "wrong_value", f"kind is {kind[:60]!r}; one of {', '.join(KINDS)} is allowed")
        try:
            async with asyncio.timeout(settings.body_seconds):
                body = await _body(request, settings.max_bytes)
        except _TooLarge:
            reason = f"the body has more than {settings.max_bytes} bytes; send fewer records at a time"
            return _refuse(413, "too_long", reason)
        except ClientDisconnect:
            return Response(status_code=400)
        except TimeoutError:
            return _refuse(408, "slow", f"the body took longer than {settings.body_seconds:g} s")
        unsigned = self._unsigned(body, request.headers)
        if unsigned is not None:
            return unsigned
        chosen: Kind | None = next((name for name in KINDS if name == kind), None)
        records = parse_body(body, chosen)
        if isinstance(records, Wrong):
            where = {"record": records.record, "field": records.field}
            return _refuse(400, records.code, records.reason, **where)
        if len(records) > settings.max_pending:
            return _refuse(
                413, "too_long", f"{len(records)} records; at most {settings.max_pending} at a time"
            )
        return await self._take(records, body, kind or "", request.headers.get("idempotency-key"))

    def _unsigned(self, body: bytes, headers: Mapping[str, str]) -> Response | None:
        """The refusal of a request that is not signed as it has to be."""
        secret, tolerance = self._settings.secret.get_secret_value(), self._settings.tolerance_seconds
        if not secret:
            return None
        if not tolerance:
            if signature_fits(secret, body, headers):
                return None
            reason = "X-Vigie-Signature: sha256=<HMAC of the body> is missing or wrong"
            return _refuse(401, "signature", reason)
        timestamp = headers.get("x-vigie-timestamp", "")
        if not fresh(timestamp, time.time(), tolerance):
            reason = f"X-Vigie-Timestamp: <Unix seconds> is missing or not within {tolerance:g} s of now"
            return _refuse(401, "timestamp", reason)
        if signature_fits(secret, signed(body, timestamp), headers):
            return None
        reason = "X-Vigie-Signature: sha256=<HMAC of timestamp, full stop, body> is missing or wrong"
        return _refuse(401, "signature", reason)

    async def _take(
        self, records: Sequence[Accepted], body: bytes, kind: str, request_key: str | None
    ) -> Response:
        digest = hashlib.sha256(body).digest()
        # A request that was recorded and is sent again, of however many records, is known by its body.
        name = (request_key or "", b"" if request_key else digest + kind.encode())
        known = self._requests.get(name)
        if known is not None:
            before, count, outcome = known
            if before != digest:
                return _refuse(422, "idempotency_key", "this Idempotency-Key was used for another body")
            if await outcome:
                return _answer(202, {"accepted": 0, "duplicates": count})
            # The first attempt failed after all: this one takes its place.
        new: list[Accepted] = []
        elsewhere: set[_Outcome] = set()
        outcome = asyncio.get_running_loop().create_future()
        fresh: set[Identity] = set()
        for record in records:
            seen = self._records.get(record.identity)
            if record.identity in fresh:
                continue
            if seen is not None:
                elsewhere.add(seen)
                continue
            fresh.add(record.identity)
            new.append(record)
        if self.pending and self.pending + len(new) > self._settings.max_pending:
            return _refuse(429, "busy", f"{self.pending} records are on their way to the broker; try again")
        for record in new:
            self._records.put(record.identity, outcome)
        self._requests.put(name, (digest, len(records), outcome))
        self.pending += len(new)
        # A client that hangs up must not leave half a request behind: the sending goes on without it.
        sending = asyncio.ensure_future(self._publish(new, outcome))
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)
        await asyncio.shield(sending)
        # A duplicate of a record that is still on its way is only accepted once that one has arrived.
        if not all([await other for other in (outcome, *elsewhere)]):
            return _refuse(503, "broker", "the broker did not take the records; send them again")
        return _answer(202, {"accepted": len(new), "duplicates": len(records) - len(new)})

    async def _publish(self, new: Sequence[Accepted], outcome: _Outcome) -> None:
        by_topic: dict[str, list[Message]] = {}
        for record in new:
            by_topic.setdefault(record.topic, []).append(Message(record.key, record.raw))
        done = False
        try:
            for topic, messages in by_topic.items():
                await self._publisher.send(topic, messages)
            done = True
        except (KafkaError, OSError) as error:
            _log.warning("broker_refused", records=len(new), error=repr(error))
        finally:
            self.pending -= len(new)
            if not done:
                for record in new:
                    self._records.forget(record.identity, outcome)
            outcome.set_result(done)


def webhook_app(publisher: Sender, settings: WebhookSettings) -> Starlette:
    """The ASGI application: `POST /v1/records` and `GET /healthz`. The publisher must have been started.

    Answers of `/v1/records`: 202 {"accepted", "duplicates"}; otherwise {"error": {"code", "reason", ...}}
    with 400 (naming `record`, from 0, and `field`), 401, 408, 413, 415, 422, 429 or 503 (both with Retry-After).
    """
    webhook = Webhook(publisher, settings)
    return Starlette(
        routes=[
            Route("/v1/records", webhook.receive, methods=["POST"]),
            Route("/healthz", webhook.health, methods=["GET"]),
        ]
    )

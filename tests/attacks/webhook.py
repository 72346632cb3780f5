"""Attacks on the webhook over real sockets. The broker is one that takes everything: what is looked at is the door."""

from __future__ import annotations

import asyncio
import gzip
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import uvicorn

from pipeline.bus import Message
from pipeline.config import Webhook as Settings
from pipeline.connect.bodies import sign, signed
from pipeline.connect.http import webhook_app
from tests.attacks.case import Case

SECRET = "a-secret-of-the-webhook"
BODY = orjson.dumps(
    {"id": "1", "platform": "x", "author_id": "a", "created_at": "2026-03-01T10:00:00Z", "text": "salut"}
)
PATH = "/v1/records"
CONNECTIONS = 1_000


class Taking:
    """A broker that takes everything."""

    def __init__(self) -> None:
        self.taken = 0

    async def send(self, topic: str, messages: Sequence[Message]) -> None:
        """Counts."""
        self.taken += len(messages)


@asynccontextmanager
async def serving(broker: Taking, **options: Any) -> AsyncIterator[tuple[httpx.AsyncClient, int]]:
    """The webhook on a port of the loopback."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    app = webhook_app(broker, Settings(**options))
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
    )
    task = asyncio.ensure_future(server.serve(sockets=[listener]))
    port = int(listener.getsockname()[1])
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30
        ) as client:
            while not server.started:
                await asyncio.sleep(0.01)
            yield client, port
    finally:
        server.should_exit = True
        await task
        listener.close()


async def _signatures() -> Case:
    broker = Taking()
    tried: list[dict[str, str]] = [
        {},
        {"X-Vigie-Signature": ""},
        {"X-Vigie-Signature": "sha256=" + "0" * 64},
        {"X-Vigie-Signature": sign("guess", BODY)},
        {"X-Vigie-Signature": sign("", BODY)},
        {"X-Vigie-Signature": sign(SECRET, BODY + b" ")},
        {"X-Vigie-Signature": sign(SECRET, BODY).removeprefix("sha256=")},
        {"X-Hub-Signature-256": sign(SECRET, b"")},
    ]
    async with serving(broker, secret=SECRET) as (client, _):
        codes = [(await client.post(PATH, content=BODY, headers=headers)).status_code for headers in tried]
        right = (
            await client.post(PATH, content=BODY, headers={"X-Vigie-Signature": sign(SECRET, BODY)})
        ).status_code
    held = set(codes) == {401} and right == 202 and broker.taken == 1
    return Case(
        "signature missing, wrong, of another body or key", _said(held, "401 each", codes), held, len(tried)
    )


async def _replayed() -> Case:
    broker = Taking()
    now = int(time.time())
    codes = []
    async with serving(broker, secret=SECRET, tolerance_seconds=60.0) as (client, _):
        for stamp, over in (
            (now, now),
            (now, now),
            (now - 61, now - 61),
            (now + 90, now + 90),
            (now, now - 61),
        ):
            headers = {
                "X-Vigie-Timestamp": str(stamp),
                "X-Vigie-Signature": sign(SECRET, signed(BODY, str(over))),
            }
            codes.append((await client.post(PATH, content=BODY, headers=headers)).status_code)
        for stamp_text in ("", "-1", "1e9", "0x10", "9" * 400):
            signature = sign(SECRET, signed(BODY, stamp_text))
            headers = {"X-Vigie-Timestamp": stamp_text, "X-Vigie-Signature": signature}
            codes.append((await client.post(PATH, content=BODY, headers=headers)).status_code)
        codes.append(
            (
                await client.post(PATH, content=BODY, headers={"X-Vigie-Signature": sign(SECRET, BODY)})
            ).status_code
        )
    held = codes == [202, 202] + [401] * 9 and broker.taken == 1
    happened = "published once; sent again at once: a duplicate; later, or with another time: 401"
    return Case("a recorded request sent again", _said(held, happened, codes), held, len(codes))


async def _replayed_unstamped() -> Case:
    """Where no timestamp is asked for, what was there lately is known: the request by its body, each record by what it
    says. A post that was edited or deleted meanwhile does not come back."""
    broker = Taking()
    first = orjson.loads(BODY)
    said = [BODY, orjson.dumps({**first, "text": "corrigé"}), orjson.dumps({**first, "deleted": True})]
    many = orjson.dumps([{**first, "id": f"n{n}"} for n in range(500)])
    tried = [
        *((body, path, key) for body in said for path in (PATH, f"{PATH}?kind=posts") for key in ("", "new")),
        (b"[" + b",".join(said) + b"]", PATH, ""),
        (many, PATH, ""),
        (many, PATH, "newer"),
    ]
    async with serving(broker, secret=SECRET) as (client, _):
        for body in (*said, many):
            await client.post(PATH, content=body, headers={"X-Vigie-Signature": sign(SECRET, body)})
        taken = broker.taken
        answers = []
        for number, (body, path, key) in enumerate(tried):
            headers = {"X-Vigie-Signature": sign(SECRET, body)}
            if key:
                headers["Idempotency-Key"] = f"{key}-{number}"
            answer = await client.post(path, content=body, headers=headers)
            answers.append((answer.status_code, answer.json().get("accepted")))
    held = set(answers) == {(202, 0)} and taken == broker.taken == 503
    happened = "duplicates, nothing is published again, no edit or deletion is taken back"
    return Case(
        "the same without timestamps, with another key or kind, after an edit and a deletion",
        _said(held, happened, answers),
        held,
        len(tried),
    )


async def _large() -> Case:
    broker = Taking()

    async def stream() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b" " * 1024

    bomb = gzip.compress(b" " * (50 << 20))
    deep = b"[" * 100_000 + b"]" * 100_000
    async with serving(broker, max_bytes=65_536) as (client, _):
        codes = [
            (await client.post(PATH, content=b" " * 70_000)).status_code,
            (await client.post(PATH, content=stream())).status_code,
            (
                await client.post(PATH, content=bomb[:60_000], headers={"Content-Encoding": "gzip"})
            ).status_code,
            (await client.post(PATH, content=deep[:60_000])).status_code,
            (await client.post(PATH, content=b"[" + b",".join([BODY] * 500) + b"]")).status_code,
        ]
        alive = (await client.get("/healthz")).status_code
    held = codes == [413, 413, 415, 400, 202] and alive == 200 and broker.taken == 1
    happened = "413 as soon as it is too large, 415 for anything packed, 400 for nesting; 500 times one record is one"
    what = "a body too large, declared or not; a compressed bomb; deep nesting; repetition"
    return Case(what, _said(held, happened, codes), held, len(codes))


async def _slow() -> Case:
    broker = Taking()
    async with serving(broker, body_seconds=0.5) as (client, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
        await writer.drain()
        asked = asyncio.ensure_future(client.post(PATH, content=BODY))
        meanwhile = (await asked).status_code
        line = await asyncio.wait_for(reader.readline(), 10)
        writer.close()
    held = meanwhile == 202 and b" 408 " in line
    happened = "408 after body_seconds; others are answered meanwhile"
    return Case("a client that sends its body by drops", _said(held, happened, [line, meanwhile]), held)


async def _many() -> Case:
    broker = Taking()
    async with serving(broker, body_seconds=5.0) as (client, port):
        opened = []
        for _ in range(CONNECTIONS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
            opened.append((reader, writer))
        code = (await client.post(PATH, content=BODY)).status_code
        lines = await asyncio.gather(*(asyncio.wait_for(reader.readline(), 30) for reader, _ in opened))
        for _, writer in opened:
            writer.close()
        after = (await client.get("/healthz")).status_code
    given_up = sum(b" 408 " in line for line in lines)
    held = (code, after, broker.taken, given_up) == (202, 200, 1, CONNECTIONS)
    happened = "a request beside them is answered; each gets 408 after body_seconds"
    return Case(
        "1,000 connections that announce a body and send none",
        _said(held, happened, [code, after, given_up]),
        held,
        CONNECTIONS,
    )


def _said(held: bool, happened: str, seen: object) -> str:
    return happened if held else f"{seen}"


def attack() -> list[Case]:
    """All of it."""

    async def run() -> list[Case]:
        return [await one() for one in (_signatures, _replayed, _replayed_unstamped, _large, _slow, _many)]

    return asyncio.run(run())

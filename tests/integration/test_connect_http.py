"""The webhook over real sockets into the embedded broker."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest
import uvicorn
from aiokafka.errors import KafkaTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from pipeline.bus import CLOCK_HEADER, Message, Publisher
from pipeline.config import Webhook as Settings
from pipeline.connect.bodies import Wrong, parse_body, sign, signature_fits
from pipeline.connect.http import webhook_app
from pipeline.connect.recent import Recent
from pipeline.connect.sending import Sender
from schemas.topics import FANS_RAW, POSTS_RAW
from tests.integration.conftest_connect import broker, contents, publisher

__all__ = ["broker", "publisher"]

pytestmark = pytest.mark.integration


def post(number: int, **more: object) -> dict[str, object]:
    created = "2026-03-01T10:00:00Z"
    return {
        "id": f"p{number}",
        "platform": "x",
        "author_id": "a",
        "created_at": created,
        "text": "salut",
        **more,
    }


def fan(number: int) -> dict[str, object]:
    return {
        "platform": "x",
        "page_id": "p",
        "observed_at": f"2026-03-01T10:00:{number:02d}Z",
        "followers": number,
    }


@asynccontextmanager
async def serving(sender: Sender, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    """The webhook on a port of the loopback, and a client for it."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = webhook_app(sender, Settings(**options))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    task = asyncio.ensure_future(server.serve(sockets=[listener]))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=30) as client:
            while not server.started:
                await asyncio.sleep(0.01)
            yield client
    finally:
        server.should_exit = True
        await task
        listener.close()


class Gate:
    """A broker that holds every batch until told what to answer."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.fail = False
        self.held = 0
        self.taken: list[bytes | None] = []

    async def send(self, topic: str, messages: Sequence[Message]) -> None:
        self.held += len(messages)
        await self.open.wait()
        if self.fail:
            raise KafkaTimeoutError
        self.taken.extend(message.value for message in messages)

    async def holding(self, count: int) -> None:
        while self.held < count:
            await asyncio.sleep(0.01)


async def test_every_form_of_body(broker: str, publisher: Publisher) -> None:
    """One object, an array and newline-delimited JSON all arrive: keyed, unknown fields kept, without a
    clock."""
    async with serving(publisher) as client:
        one = await client.post("/v1/records", json=post(1, mood="good"))
        many = await client.post("/v1/records", json=[post(2), fan(1), post(3)])
        body = b"\r\n".join(orjson.dumps(record) for record in (post(4), post(5), fan(2))) + b"\n\n"
        lines = await client.post("/v1/records", content=body)
        health = await client.get("/healthz")
    assert [(answer.status_code, answer.json()["accepted"]) for answer in (one, many, lines)] == [
        (202, 1),
        (202, 3),
        (202, 3),
    ]
    assert health.json() == {"status": "ok", "pending": 0}
    posts = await contents(broker, POSTS_RAW)
    assert sorted((orjson.loads(r.value or b"") for r in posts), key=lambda p: str(p["id"])) == [
        post(1, mood="good"),
        *map(post, (2, 3, 4, 5)),
    ]
    assert {record.key for record in posts} == {b"x:a"}
    assert all(CLOCK_HEADER not in dict(record.headers) for record in posts)
    assert len(await contents(broker, FANS_RAW)) == 2


async def test_all_or_nothing(broker: str, publisher: Publisher) -> None:
    """One bad record and none is published; the answer names its index, field and reason."""
    async with serving(publisher) as client:
        bad = await client.post("/v1/records", json=[post(1), post(2, created_at="soon"), post(3)])
        broken = await client.post("/v1/records", content=orjson.dumps(post(1)) + b'\n{"id":')
        empty = await client.post("/v1/records", content=b" \n")
        kind = await client.post("/v1/records?kind=posts", json=fan(1))
        wrong = await client.post("/v1/records?kind=cats", json=fan(1))
    error = bad.json()["error"]
    assert (bad.status_code, error["record"], error["field"], error["code"]) == (
        400,
        1,
        "created_at",
        "time_invalid",
    )
    assert "soon" in error["reason"]
    assert (broken.status_code, broken.json()["error"]["record"]) == (400, 1)
    assert [empty.status_code, kind.status_code, wrong.status_code] == [400, 400, 400]
    assert await contents(broker, POSTS_RAW) == []


async def test_sent_again_is_a_duplicate(broker: str, publisher: Publisher) -> None:
    """Records already taken are counted and not published again; a deletion of a known post is something
    new."""
    async with serving(publisher) as client:
        answers = [
            await client.post("/v1/records", json=[post(1), post(1), post(2)]),
            await client.post("/v1/records", json=[post(2), post(3)]),
            await client.post("/v1/records", json=post(1, deleted=True)),
        ]
        again = {"Idempotency-Key": "k1"}
        keyed = [await client.post("/v1/records", json=fan(1), headers=again) for _ in range(2)]
        other = await client.post("/v1/records", json=fan(2), headers=again)
    assert [answer.json() for answer in answers] == [
        {"accepted": 2, "duplicates": 1},
        {"accepted": 1, "duplicates": 1},
        {"accepted": 1, "duplicates": 0},
    ]
    assert [answer.json() for answer in keyed] == [
        {"accepted": 1, "duplicates": 0},
        {"accepted": 0, "duplicates": 1},
    ]
    assert other.status_code == 422
    assert len(await contents(broker, POSTS_RAW)) == 4
    assert len(await contents(broker, FANS_RAW)) == 1


async def test_an_edit_is_no_duplicate() -> None:
    """What says something else about the same thing is published; what was said before is not said again."""
    gate = Gate()
    gate.open.set()
    edited, deleted = post(1, text="corrigé"), post(1, deleted=True)
    recount = {**fan(1), "followers": 99}
    async with serving(gate) as client:
        told = [post(1), edited, deleted, post(1), edited, deleted, fan(1), recount, fan(1)]
        answers = [(await client.post("/v1/records", json=record)).json()["accepted"] for record in told]
        written = orjson.dumps(dict(reversed(post(1).items())), option=orjson.OPT_INDENT_2)
        again = await client.post("/v1/records", content=written)
    assert answers == [1, 1, 1, 0, 0, 0, 1, 1, 0]
    assert again.json() == {"accepted": 0, "duplicates": 1}, "the same in another notation says the same"
    assert [orjson.loads(raw or b"") for raw in gate.taken] == [post(1), edited, deleted, fan(1), recount]


async def test_a_request_is_known_by_its_body(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that is sent again is a duplicate also when its records are not remembered any more; one that failed
    may come again; another kind is another request."""
    monkeypatch.setattr("pipeline.connect.http.RECENT_RECORDS", 1)
    gate = Gate()
    gate.open.set()
    body = [post(1), post(2), post(3)]
    async with serving(gate) as client:
        gate.fail = True
        failed = await client.post("/v1/records", json=body)
        gate.fail = False
        answers = [await client.post("/v1/records", json=body) for _ in range(2)]
        other = await client.post("/v1/records?kind=posts", json=body)
    assert failed.status_code == 503
    assert [answer.json() for answer in answers] == [
        {"accepted": 3, "duplicates": 0},
        {"accepted": 0, "duplicates": 3},
    ]
    assert other.json() == {"accepted": 2, "duplicates": 1}, "here one record is remembered"


async def test_signature() -> None:
    """With a secret, only a body with its HMAC-SHA256 in either header is taken."""
    gate = Gate()
    gate.open.set()
    body = orjson.dumps(post(1))
    async with serving(gate, secret="s3cret") as client:
        answers = [
            await client.post("/v1/records", content=body, headers=headers)
            for headers in (
                {},
                {"X-Vigie-Signature": sign("other", body)},
                {"X-Vigie-Signature": "sha256=" + "0" * 64},
                {"X-Hub-Signature-256": sign("s3cret", body + b" ")},
                {"X-Vigie-Signature": sign("s3cret", body)},
                {"X-Hub-Signature-256": sign("s3cret", body)},
            )
        ]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 401, 202, 202]
    assert gate.taken == [body]


async def test_too_large() -> None:
    """A body over the limit is refused: at once when it says so, while it is read when it does not."""
    gate = Gate()
    gate.open.set()
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 500:
            sent += 1
            yield b" " * 65536

    async with serving(gate, max_bytes=100_000, max_pending=3) as client:
        declared = await client.post("/v1/records", content=b" " * 100_001)
        try:
            streamed = (await client.post("/v1/records", content=endless())).status_code
        except httpx.TransportError:  # the server had hung up before the client looked for its answer
            streamed = 413
        many = await client.post("/v1/records", json=[post(n) for n in range(4)])
        packed = await client.post("/v1/records", content=b"x", headers={"Content-Encoding": "gzip"})
    assert (declared.status_code, streamed, many.status_code, packed.status_code) == (413, 413, 413, 415)
    assert gate.taken == []


async def test_back_pressure_and_failure() -> None:
    """While the broker holds too many records, requests get 429; when it fails, all that waited for it get
    503 and may be sent again."""
    gate = Gate()
    async with serving(gate, max_pending=3) as client:
        first = asyncio.ensure_future(client.post("/v1/records", json=[post(1), post(2)]))
        await gate.holding(2)
        busy = await client.post("/v1/records", json=[post(3), post(4)])
        same = asyncio.ensure_future(client.post("/v1/records", json=post(1)))
        pending = (await client.get("/healthz")).json()["pending"]
        assert not same.done()
        gate.fail = True
        gate.open.set()
        failed = [(await answer).status_code for answer in (first, same)]
        gate.fail = False
        retried = await client.post("/v1/records", json=[post(1), post(2)])
    assert (busy.status_code, busy.headers["Retry-After"], pending) == (429, "1", 2)
    assert failed == [503, 503]
    assert retried.json() == {"accepted": 2, "duplicates": 0}
    assert len(gate.taken) == 2


@given(
    st.binary(max_size=60)
    | st.lists(st.sampled_from([b"{", b"}", b"[", b"]", b"\n", b"1", b"null", b'"'])).map(b"".join)
)
def test_any_body_gives_an_answer(body: bytes) -> None:
    """Whatever the bytes, a body is a list of records or a fault; no bytes but the signed ones fit a
    signature."""
    assert isinstance(parse_body(body), list | Wrong)
    headers = {"x-vigie-signature": sign("k", body)}
    assert signature_fits("k", body, headers)
    assert not signature_fits("k", body + b"\n", headers)


@given(st.integers(1, 5), st.lists(st.integers(0, 9)))
def test_recent_remembers_the_last(limit: int, keys: list[int]) -> None:
    """Exactly the last `limit` different keys are remembered."""
    recent: Recent[int, str] = Recent(limit)
    for key in keys:
        recent.put(key, str(key))
    expected = list(dict.fromkeys(reversed(keys)))[:limit]
    assert {key for key in range(10) if recent.get(key)} == set(expected)
    assert len(recent) == len(expected)

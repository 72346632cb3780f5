"""Frames as Jetstream documents them, made up, and a host on the loopback that sends them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from pipeline.connect.jetstream_frames import (
    COLLECTIONS,
)
from schemas.times import Micros, format_time, parse_time

NOW: Micros = parse_time("2026-03-01T10:00:00Z")


def commit(number: int, collection: str, record: object, operation: str = "create") -> dict[str, Any]:
    """What both versions say of a record, in version 1's arrangement."""
    return {
        "rev": f"rev{number:06d}",
        "operation": operation,
        "collection": collection,
        "rkey": f"key{number:06d}",
        **({} if operation == "delete" else {"record": record, "cid": f"cid{number}"}),
    }


def text_of(number: int) -> dict[str, Any]:
    return {"$type": COLLECTIONS[0], "text": f"post {number}", "createdAt": format_time(NOW), "langs": ["fr"]}


def v1(number: int, body: dict[str, Any] | None = None) -> bytes:
    body = commit(number, COLLECTIONS[0], text_of(number)) if body is None else body
    at = NOW + number * 10_000
    return orjson.dumps({"did": f"did:plc:u{number % 9}", "time_us": at, "kind": "commit", "commit": body})


def v2(number: int, body: dict[str, Any] | None = None, epoch: Micros = NOW) -> bytes:
    body = commit(number, COLLECTIONS[0], text_of(number)) if body is None else body
    name = "network.bsky.jetstream.subscribeEvents#commit"
    time = format_time(epoch + number * 10_000)
    payload = {"$type": name, "seq": 500 + number, "did": f"did:plc:u{number % 9}", "time": time, **body}
    return orjson.dumps({"$type": "message", "payload": payload})


def post_id(number: int) -> str:
    return f"at://did:plc:u{number % 9}/{COLLECTIONS[0]}/key{number:06d}"


Play = Callable[[ServerConnection, int | None, int], Any]


class Host:
    """A Jetstream host whose connections are played by `play(connection, cursor, how many came before)`."""

    def __init__(self, play: Play, too_old: int | None = None) -> None:
        self.play = play
        self.too_old = too_old
        self.cursors: list[int | None] = []
        self.paths: list[str] = []
        self.received: list[object] = []
        self.port = 0

    def _request(self, connection: ServerConnection, request: Request) -> Response | None:
        url = urlsplit(request.path)
        query = parse_qs(url.query)
        self.paths.append(url.path)
        cursor = int(query["cursor"][0]) if "cursor" in query else None
        self.cursors.append(cursor)
        if self.too_old is not None and cursor is not None and cursor < self.too_old:
            body = json.dumps({"error": "CursorTooOld", "message": f"floor is {self.too_old}"})
            return connection.respond(HTTPStatus.BAD_REQUEST, body)
        return None

    async def _handle(self, connection: ServerConnection) -> None:
        await self.play(connection, self.cursors[-1], len(self.cursors) - 1)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        async with serve(self._handle, "127.0.0.1", 0, process_request=self._request) as server:
            self.port = next(iter(server.sockets)).getsockname()[1]
            yield f"127.0.0.1:{self.port}"


def from_cursor(
    total: int, stop_after: Callable[[int], int | None], frame: Callable[[int], bytes] = v1
) -> Play:
    """Sends events from the cursor on, inclusive; connection n breaks after `stop_after(n)` of them."""

    async def play(connection: ServerConnection, cursor: int | None, before: int) -> None:
        first = 0
        if cursor is not None:
            first = cursor - 500 if cursor < 10**15 else max(0, -(-(cursor - NOW) // 10_000))
        limit = stop_after(before)
        for count, number in enumerate(range(first, total)):
            if limit is not None and count >= limit:
                connection.transport.abort()
                return
            await connection.send(frame(number).decode())
        await connection.wait_closed()

    return play

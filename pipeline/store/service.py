"""The store's answers to HTTP requests: who asks, may they, what does the engine say."""

from __future__ import annotations

import asyncio
import hmac
import secrets
import threading
import uuid
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from pipeline.store import http_protocol as http
from pipeline.store.compression import Compressor, EncodingError, choose, compress, decompress
from pipeline.store.engine import Answer, Engine, Stream
from pipeline.store.errors import EngineError
from pipeline.store.guard import Allowed, Policy, check
from pipeline.store.reader_settings import Limits, reader_settings
from pipeline.store.refusal import Refused, denied, readonly

T = TypeVar("T")

READER_BODY = 1 << 20
"""Largest query of a reader, in bytes."""

WRITER_BODY = 512 << 20
"""Largest insert, in bytes, after decompression."""


class Users(NamedTuple):
    """Who may do what. No reader password: none is asked for. No writer password: nobody writes."""

    reader: str
    reader_password: str
    writer: str
    writer_password: str

    def role(self, user: str, password: str) -> str | None:
        """`reader`, `writer`, or None for wrong credentials."""
        for name, expected, role in (
            (self.writer, self.writer_password, "writer"),
            (self.reader, self.reader_password, "reader"),
        ):
            if user == name and (role == "reader" or expected):
                good = not expected or hmac.compare_digest(password.encode(), expected.encode())
                return role if good else None
        return None


class StoreService:
    """An ASGI application over one engine. `hosts`: names that the Host header may have, None for any."""

    def __init__(self, engine: Engine, users: Users, limits: Limits, hosts: frozenset[str] | None) -> None:
        self._engine = engine
        self._users = users
        self._limits = limits
        self._hosts = hosts
        self._readers = ThreadPoolExecutor(4, "store-read")
        self._writers = ThreadPoolExecutor(2, "store-write")
        self._policy = Policy()
        self._closing: set[asyncio.Task[None]] = set()
        self._learn()

    def _learn(self) -> None:
        """What the engine has: its table functions, and databases that are not Vigie's."""
        functions = self._engine.query("SELECT lower(name) FROM system.table_functions").result_rows
        databases = self._engine.query("SELECT lower(name) FROM system.databases").result_rows
        known = {self._engine.database.lower(), "system", "information_schema"}
        self._policy = Policy(
            closed=frozenset(str(row[0]) for row in databases) - known | {"default"},
            table_functions=Policy().table_functions | {str(row[0]) for row in functions},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one HTTP request."""
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except ClientDisconnect:
            return
        response.headers["X-ClickHouse-Server-Display-Name"] = "vigie"
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        if self._hosts is not None and not http.local_host(request.headers.get("host", ""), self._hosts):
            return self._failed(
                denied(f"the host {request.headers.get('host', '')[:80]!r} is not this machine")
            )
        if request.url.path in ("/ping", "/replicas_status"):
            return PlainTextResponse("Ok.\n")
        if request.url.path != "/":
            return PlainTextResponse(f"There is no handle {request.url.path}\n", 404)
        url = dict(request.query_params)
        if request.method in ("GET", "HEAD") and "query" not in url:
            return PlainTextResponse("Ok.\n")
        if request.method not in ("GET", "HEAD", "POST"):
            return PlainTextResponse("GET and POST are known\n", 405)
        user, password = http.credentials(request.headers, url)
        role = self._users.role(user, password)
        if role is None:
            return self._failed(
                Refused(
                    516,
                    "AUTHENTICATION_FAILED",
                    f"{user}: Authentication failed: wrong user name or password",
                )
            )
        writes = role == "writer" and request.method == "POST"
        body = await self._body(request, WRITER_BODY if writes else READER_BODY)
        query = body if isinstance(body, Refused) else http.parse_query(url, request.headers, body)
        if isinstance(query, Refused):
            return self._failed(query)
        query = query._replace(query_id=query.query_id or str(uuid.uuid4()))
        encoding = choose(request.headers.get("accept-encoding", "")) if query.compressed else None
        try:
            return await (self._write(query, encoding) if writes else self._read(query, encoding))
        except EngineError as error:
            return self._failed(error, query.query_id)
        except UnicodeDecodeError:
            return self._failed(Refused(62, "SYNTAX_ERROR", "the query is not UTF-8"), query.query_id)

    async def _body(self, request: Request, limit: int) -> bytes | Refused:
        parts, size = [], 0
        async for part in request.stream():
            parts.append(part)
            size += len(part)
            if size > limit:
                return Refused(307, "TOO_MANY_BYTES", f"the request has more than {limit} bytes")
        encoding = request.headers.get("content-encoding", "")
        raw = parts[0] if len(parts) == 1 else b"".join(parts)
        try:
            return (
                await self._run(self._writers, lambda: decompress(raw, encoding, limit)) if encoding else raw
            )
        except EncodingError as error:
            return Refused(354, "INFLATE_FAILED", str(error))

    async def _read(self, query: http.Query, encoding: str | None) -> Response:
        if query.database not in ("", "default", self._engine.database):
            return self._failed(denied(f"the database {query.database} is not for readers"), query.query_id)
        allowed = await self._run(self._readers, lambda: check(query.text(), self._policy, query.parameters))
        if isinstance(allowed, Refused):
            return self._failed(allowed, query.query_id)
        settings = reader_settings({**query.settings, **allowed.settings}, self._limits)
        if isinstance(settings, Refused):
            return self._failed(settings, query.query_id)
        # Drivers ask system.settings what may be changed. Under readonly = 1 it says that nothing may; then
        # they do not send what this endpoint takes. The statement has been judged; 2 lets it tell the truth.
        level = 2 if allowed.reads_settings else 1
        output = allowed.format or query.output
        if not await self._run(self._readers, lambda: self._engine.reads_only(allowed.sql)):
            return self._failed(readonly("the statement does more than read"), query.query_id)
        headers = self._headers(query, output, settings.get("session_timezone"))
        arguments = (allowed.sql, output, settings, query.parameters, level)
        streams = allowed.head in ("SELECT", "WITH", "FROM")  # the engine streams nothing else
        if query.whole or not streams or output.lower() not in http.STREAMABLE:
            answer = await self._run(self._readers, lambda: self._engine.read(*arguments))
            return _whole(answer, headers, output, encoding)
        stream = await self._run(self._readers, lambda: self._engine.stream(*arguments))
        return await self._streamed(stream, headers, output, encoding)

    async def _streamed(
        self, stream: Stream, headers: dict[str, str], output: str, encoding: str | None
    ) -> Response:
        """Sends blocks as they come. The first is awaited: most errors show before it, and get a status."""
        try:
            first = await self._run(self._readers, stream.fetch)
        except EngineError:
            await self._run(self._readers, stream.close)
            raise
        tag = secrets.token_hex(8)
        headers["X-ClickHouse-Exception-Tag"] = tag
        headers["X-ClickHouse-Summary"] = http.summary(Answer(b""))
        if encoding is not None:
            headers["Content-Encoding"] = encoding
        blocks = self._blocks(stream, first, tag, encoding)
        return StreamingResponse(blocks, headers=headers, media_type=http.content_type(output))

    async def _blocks(
        self, stream: Stream, block: bytes, tag: str, encoding: str | None
    ) -> AsyncIterator[bytes]:
        codec = Compressor(encoding) if encoding else None
        try:
            while block:
                yield codec.add(block) if codec else block
                try:
                    block = await self._run(self._readers, stream.fetch)
                except EngineError as error:
                    late = http.late_exception(tag, str(error))
                    yield codec.add(late) if codec else late
                    break
            if codec:
                yield codec.finish()
        finally:  # also when the client went away; the handle waits for a fetch that is still running
            closing = asyncio.get_running_loop().create_task(self._run(self._readers, stream.close))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def _write(self, query: http.Query, encoding: str | None) -> Response:
        database = query.database if query.database not in ("", "default") else self._engine.database
        policy = self._policy._replace(writer=True, closed=frozenset())
        insert = http.split_insert(query)
        text = insert.statement if insert else query.text()
        judged = await self._run(self._writers, lambda: check(text, policy, query.parameters))
        if isinstance(judged, Refused):
            return self._failed(judged, query.query_id)
        if insert is not None:
            answer = await self._run(
                self._writers,
                lambda: self._engine.insert(
                    insert.statement, insert.form, insert.data, query.settings, database
                ),
            )
            return _whole(answer, self._headers(query, None, None), "", None)
        return await self._command(judged, query, database, encoding)

    async def _command(
        self, allowed: Allowed, query: http.Query, database: str, encoding: str | None
    ) -> Response:
        """A statement of the writer that brings no data."""
        reads = await self._run(self._writers, lambda: self._engine.reads_only(allowed.sql))
        answer = await self._run(
            self._writers,
            lambda: self._engine.write(allowed.sql, query.output, query.settings, query.parameters, database),
        )
        if not reads and allowed.head in ("CREATE", "DROP", "RENAME", "EXCHANGE"):
            await self._run(self._writers, self._learn)
        output = allowed.format or query.output
        return _whole(answer, self._headers(query, output if reads else None, None), output, encoding)

    def _headers(self, query: http.Query, output: str | None, timezone: str | None) -> dict[str, str]:
        headers = {
            "X-ClickHouse-Query-Id": query.query_id,
            "X-ClickHouse-Timezone": timezone or self._engine.timezone,
        }
        if output is not None:
            headers["X-ClickHouse-Format"] = output
        return headers

    def _failed(self, error: Refused | EngineError, query_id: str = "") -> Response:
        text = str(error).rstrip()
        if "(version " not in text:
            text += f" (version {self._engine.version})"
        headers = {"X-ClickHouse-Exception-Code": str(error.code)}
        if query_id:
            headers["X-ClickHouse-Query-Id"] = query_id
        return PlainTextResponse(text + "\n", http.status_of(error.code), headers)

    async def _run(self, pool: ThreadPoolExecutor, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, call)

    def stop(self) -> None:
        """Takes no more work; what has not begun is dropped. What runs goes on: see `Engine.cancel_reads`."""
        for pool in (self._readers, self._writers):
            pool.shutdown(wait=False, cancel_futures=True)

    def idle(self, seconds: float) -> bool:
        """Whether, after `stop`, all work has ended within so many seconds."""
        waiter = threading.Thread(target=self._wait, daemon=True)
        waiter.start()
        waiter.join(seconds)
        return not waiter.is_alive()

    def _wait(self) -> None:
        for pool in (self._readers, self._writers):
            pool.shutdown(wait=True)


def _whole(answer: Answer, headers: dict[str, str], output: str, encoding: str | None) -> Response:
    """An answer whose end is known."""
    headers["X-ClickHouse-Summary"] = http.summary(answer)
    body = answer.body
    if encoding is not None and body:
        headers["Content-Encoding"] = encoding
        body = compress([body], encoding)
    return Response(body, headers=headers, media_type=http.content_type(output))

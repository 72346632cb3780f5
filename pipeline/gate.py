"""The door of the embedded broker: its only address, and the place where records from outside can be held.

Every byte passes as it is. Of requests it looks at size, kind and client, which stand in clear at the beginning of each
frame (https://kafka.apache.org/protocol). So publishing can be held without anybody's help: what was held was not
confirmed, and Kafka's clients send it again when the connection breaks.
"""

from __future__ import annotations

import asyncio
import struct
import threading
from collections import deque
from collections.abc import Callable, Collection
from enum import IntEnum
from typing import cast

_HEAD = struct.Struct(
    ">ihhih"
)  # size of the rest, API key, its version, correlation id, length of the client id
_ANSWER = struct.Struct(">ii")  # size of the rest, correlation id
_PRODUCE = 0
_LONGEST = 256  # bytes of a client id that are looked at


class Held(IntEnum):
    """What waits at the door, of clients that are not Vigie's own."""

    NOTHING = 0
    RECORDS = 1
    ALL = 2


class _Side(asyncio.Protocol):
    """One of the two connections of a client: what comes in here goes out at `other`."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: _Side | None = None
        self.waiting = bytearray()
        self._left = 0  # bytes of a frame that are to pass yet

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        self.pump()

    def pump(self) -> None:
        """Passes what may pass."""
        out = self.other.transport if self.other is not None else None
        if out is None:
            return
        passed = 0
        while passed < len(self.waiting):
            if not self._left:
                size = self.begin(passed)
                if size is None:
                    break
                self._left = size
            step = min(self._left, len(self.waiting) - passed)
            self._left -= step
            passed += step
        if passed:
            out.write(bytes(memoryview(self.waiting)[:passed]))
            del self.waiting[:passed]

    def begin(self, at: int) -> int | None:
        """The bytes of the frame that begins there; None while it may not pass or is not to be told yet."""
        raise NotImplementedError


class _Client(_Side):
    """Requests."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self._gate = gate
        self.unanswered: deque[int] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        cast(asyncio.Transport, transport).pause_reading()
        self._gate.clients.add(self)
        self._connecting = asyncio.get_running_loop().create_task(self._connect())  # kept from the collector

    async def _connect(self) -> None:
        assert self.transport is not None
        self.transport.pause_reading()
        try:
            _, side = await asyncio.get_running_loop().create_connection(
                lambda: _Broker(self), "127.0.0.1", self._gate.broker_port
            )
        except OSError:
            self.transport.close()
            return
        if self.transport.is_closing():
            assert side.transport is not None
            side.transport.close()
            return
        self.other = side
        self.release()

    def connection_lost(self, exc: Exception | None) -> None:
        self._gate.clients.discard(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.waiting and self._gate.held and self.transport is not None and len(self.waiting) > _LONGEST:
            self.transport.pause_reading()  # held: the client's own buffers fill, ours do not

    def release(self) -> None:
        """Something passes again."""
        self.pump()
        if self.transport is not None and self.other is not None:
            self.transport.resume_reading()

    def begin(self, at: int) -> int | None:
        if len(self.waiting) - at < _HEAD.size:
            return None
        size, api, _, correlation, named = _HEAD.unpack_from(self.waiting, at)
        if len(self.waiting) - at < _HEAD.size + min(named, _LONGEST):
            return None
        name = bytes(self.waiting[at + _HEAD.size : at + _HEAD.size + max(0, named)])
        held = self._gate.held
        if name not in self._gate.own:
            if held is Held.ALL or (held is Held.RECORDS and api == _PRODUCE):
                return None
            if api == _PRODUCE:
                self.unanswered.append(correlation)
        return max(int(size), 1) + 4


class _Broker(_Side):
    """Answers."""

    def __init__(self, client: _Client) -> None:
        super().__init__()
        self.other: _Client = client

    def begin(self, at: int) -> int | None:
        if len(self.waiting) - at < _ANSWER.size:
            return None
        size, correlation = _ANSWER.unpack_from(self.waiting, at)
        asked = self.other.unanswered
        if correlation in asked:  # answers come in order; those before it want none (acks=0)
            while asked.popleft() != correlation:
                pass
        return max(int(size), 1) + 4


class Gate:
    """Listens on 127.0.0.1 in a thread of its own.

    Args:
        port: where clients come.
        broker_port: where the broker listens.
        own: ids of clients that are never held.
    """

    def __init__(self, port: int, broker_port: int, own: Collection[str]) -> None:
        self.port = port
        self.broker_port = broker_port
        self.own = frozenset(name.encode() for name in own)
        self.held = Held.NOTHING
        self.clients: set[_Client] = set()
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="gate", daemon=True)

    def start(self) -> None:
        """Opens.

        Raises:
            OSError: the port is taken.
        """
        self._thread.start()
        listen = self._loop.create_server(lambda: _Client(self), "127.0.0.1", self.port)
        self._server = asyncio.run_coroutine_threadsafe(listen, self._loop).result()

    def hold(self, what: Held) -> None:
        """From now on this waits; what waited before and may pass passes."""

        def change() -> None:
            self.held = what
            for client in list(self.clients):
                client.release()

        self._do(change)

    def unanswered(self) -> int:
        """Requests with others' records that have passed, and that the broker has not answered yet."""
        found: list[int] = []
        self._do(lambda: found.append(sum(len(client.unanswered) for client in self.clients)))
        return found[0]

    def cut(self) -> None:
        """Breaks all connections."""

        def close() -> None:
            for client in list(self.clients):
                if client.transport is not None:
                    client.transport.abort()

        self._do(close)

    def stop(self) -> None:
        """Closes for good."""
        if not self._thread.is_alive():
            return
        self.cut()

        def close() -> None:
            if self._server is not None:
                self._server.close()
            self._loop.call_soon(self._loop.stop)

        self._loop.call_soon_threadsafe(close)
        self._thread.join(5.0)
        self._loop.close()

    def _do(self, what: Callable[[], None]) -> None:
        async def run() -> None:
            what()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result()

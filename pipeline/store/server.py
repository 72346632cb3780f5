"""The store process: one chDB folder behind ClickHouse's HTTP protocol.

    python -m pipeline.store.server --data DIR --port N

Prints one JSON line, `{"port": N}`, to standard output when it answers. SIGTERM ends it within two seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ipaddress
import os
import signal
import socket
import sys
from collections.abc import Generator
from pathlib import Path

import orjson
import uvicorn

from pipeline.config import Settings
from pipeline.store.engine import Engine
from pipeline.store.errors import EngineError, StoreError
from pipeline.store.lock import FolderLock
from pipeline.store.migrate import Retention, migrate
from pipeline.store.reader_settings import Limits
from pipeline.store.service import StoreService, Users

GRACE = 1.0
"""Seconds that running requests get to end after SIGTERM; SELECTs are cancelled at once."""


class _Server(uvicorn.Server):
    """uvicorn without its signal handling, which would end the process by the signal instead of with 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts to listen, then says where."""
        await super().startup(sockets)
        if sockets and not self.should_exit:
            sys.stdout.write(orjson.dumps({"port": sockets[0].getsockname()[1]}).decode() + "\n")
            sys.stdout.flush()


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise StoreError(
            f"the store cannot listen on {host} port {port}: {error.strerror}; "
            "give another --port, or 0 for a free one"
        ) from error
    return listener


async def _serve(engine: Engine, service: StoreService, listener: socket.socket) -> None:
    """Answers until SIGTERM or SIGINT."""
    config = uvicorn.Config(
        service,
        http="httptools",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    loop = asyncio.get_running_loop()

    def end() -> None:
        server.should_exit = True
        loop.run_in_executor(None, engine.cancel_reads)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    await server.serve(sockets=[listener])
    service.stop()


def serve(data: Path, host: str, port: int, settings: Settings) -> None:
    """Opens the folder `data`, applies missing migrations, answers requests until SIGTERM.

    Raises:
        StoreError: the folder or the port is taken, or the readers would need a password.
    """
    store = settings.store
    if not _loopback(host) and not store.password.get_secret_value():
        raise StoreError(
            f"the store will not listen on {host} without a password for readers: "
            "set VIGIE_STORE__PASSWORD, or listen on 127.0.0.1"
        )
    listener = _listen(host, port)
    lock = FolderLock(data)
    os.environ["TZ"] = "UTC"  # chDB takes its time zone from here; the same query answers the same everywhere
    try:
        engine = Engine(data / "clickhouse", store.database)
        migrate(engine, store.database, Retention(**settings.retention.model_dump()))
    except EngineError as error:
        raise StoreError(f"the store cannot open {data}: {error}") from error
    users = Users(
        store.user, store.password.get_secret_value(), store.writer, store.writer_password.get_secret_value()
    )
    if not users.writer_password:
        sys.stderr.write("store: read-only: VIGIE_STORE__WRITER_PASSWORD is not set, nobody can write\n")
    limits = Limits(rows=store.max_rows, seconds=store.max_seconds)
    hosts = frozenset({"localhost", "127.0.0.1", "::1", host}) if _loopback(host) else None
    service = StoreService(engine, users, limits, hosts)
    asyncio.run(_serve(engine, service, listener))
    if service.idle(GRACE):
        engine.close()
        lock.release()
    else:  # an insert is still running: it was not acknowledged, and its parts appear whole or not at all
        sys.stdout.flush()
        os._exit(0)


def main(arguments: list[str] | None = None) -> int:
    """The command line; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.store.server", description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of the store; made when it is missing"
    )
    parser.add_argument("--port", type=int, required=True, help="0: a free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    options = parser.parse_args(arguments)
    try:
        serve(options.data, options.host, options.port, Settings())  # type: ignore[call-arg]
    except StoreError as error:
        sys.stderr.write(f"store: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

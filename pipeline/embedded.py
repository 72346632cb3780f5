"""The embedded broker behind its door, and emptying it: it keeps in memory all that passes, for as long as it runs.

When it has grown to its limit, records from outside are held at the door. What came before goes through detection and
into the store; the workers write their states and end. Then the broker begins anew, with nothing but the last word on
each alert, and the workers go on from their states as after any other start (docs/explanation/recovery.md).
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from pipeline.broker import create_topics, start_broker
from pipeline.carry import CARRIER, carried, put_back
from pipeline.config import Settings
from pipeline.drain import drain
from pipeline.forgetting import FORGETTER
from pipeline.gate import Gate, Held
from pipeline.runtime import free_port, say_holding

log = structlog.get_logger()

_OWN = ("vigie-detect", "vigie-sink", "vigie-all", "vigie-topics", CARRIER, FORGETTER)
_PATIENCE = 20.0
"""Seconds for which records are held while what came before goes through. Kafka's clients wait 30 or more."""
_START = 15.0
"""Seconds that the broker may take to listen."""
_PAUSE = 3.0
"""Seconds before the next try, in which clients whose records were held get on."""
_SETTLE = 1.0
"""Seconds that a worker may need between looking whether it may speak and having spoken."""


def resident(pid: int) -> int:
    """Bytes that a process has in memory, 0 when it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except FileNotFoundError:  # gone, or a system without /proc, such as macOS
        command = ["ps", "-o", "rss=", "-p", str(pid)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return int(done.stdout.strip() or 0) * 1024
    return pages * os.sysconf("SC_PAGE_SIZE")


class EmbeddedBroker:
    """Listens on 127.0.0.1.

    Args:
        port: the address that clients have.
        log: what the broker says.
        first: runs in its process before it does.
    """

    def __init__(self, port: int, log: Path | None = None, first: Callable[[], None] | None = None) -> None:
        self._log = log
        self._first = first
        self.gate = Gate(port, free_port(0), _OWN)
        self.gate.start()
        self.process = self._begin()

    @property
    def bootstrap(self) -> str:
        """The address, the same after a restart."""
        return f"127.0.0.1:{self.gate.port}"

    def _begin(self) -> subprocess.Popen[bytes]:
        """Starts it and waits until it listens; where it does not, clients are told so by the door that breaks off."""
        process = start_broker(self.gate.broker_port, self._log, self._first, self.gate.port)
        deadline = time.monotonic() + _START
        while process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.gate.broker_port), 1.0).close()
                break
            except OSError:
                time.sleep(0.01)
        return process

    def empty(self) -> None:
        """Ends it and starts it anew; what it held is gone."""
        self.process.kill()
        self.process.wait()
        self.gate.cut()
        self.process = self._begin()

    def stop(self) -> None:
        """Its end."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5.0)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.gate.stop()


class Renewal:
    """Empties the broker when it has grown; `tick` now and then, from the thread that starts the parts.

    Args:
        settings: with the limit.
        broker: what is watched.
        end: ends the workers; whether each ended in good order, its states on disk.
        begin: starts them again.
    """

    def __init__(
        self,
        settings: Settings,
        broker: EmbeddedBroker,
        end: Callable[[], bool],
        begin: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._broker = broker
        self._end = end
        self._begin = begin
        self._next = 0.0
        self._draining: threading.Thread | None = None
        self._drained = False
        self.times = 0
        """How often it was emptied."""
        self.most = 0
        """Bytes resident at the most, of all looks."""
        say_holding(settings, False)

    @property
    def idle(self) -> bool:
        """It is not being emptied."""
        return self._draining is None

    def tick(self) -> None:
        """Looks, and does what is next; blocks only while the broker is replaced, some seconds."""
        if self._draining is not None:
            if not self._draining.is_alive():
                self._draining = None
                self._settle()
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + 1.0
            size = resident(self._broker.process.pid)
            self.most = max(self.most, size)
            if size > self._settings.kafka.memory_mb << 20:
                self._hold()

    def _hold(self) -> None:
        log.info("the broker is full; records wait until all is stored", limit=self._settings.kafka.memory_mb)
        say_holding(self._settings, True)
        self._broker.gate.hold(Held.RECORDS)
        self._drained = False
        self._draining = threading.Thread(target=self._drain, daemon=True)
        self._draining.start()

    def _drain(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        time.sleep(_SETTLE)
        try:
            while self._broker.gate.unanswered():
                if time.monotonic() > deadline:
                    raise TimeoutError("the broker does not answer clients")
                time.sleep(0.05)
            left = deadline - time.monotonic()
            asyncio.run(drain(self._broker.bootstrap, self._settings.kafka.group, left))
            self._drained = True
        except Exception as error:
            log.warning("the broker is not emptied yet", error=str(error))

    def _settle(self) -> None:
        try:
            if self._drained:
                self._replace()
        finally:
            say_holding(self._settings, False)
            self._broker.gate.hold(Held.NOTHING)
            self._next = time.monotonic() + _PAUSE

    def _replace(self) -> None:
        if not self._end():
            log.warning("the broker is not emptied yet", error="a worker ended without writing its states")
            self._begin()
            return
        self._broker.gate.hold(Held.ALL)
        kept = asyncio.run(carried(self._broker.bootstrap, f"{self._settings.kafka.group}-bot"))
        self._broker.empty()
        asyncio.run(create_topics(self._broker.bootstrap))
        asyncio.run(put_back(self._broker.bootstrap, f"{self._settings.kafka.group}-bot", kept))
        self.times += 1
        log.info("the broker is empty", alerts=len(kept.messages), times=self.times)
        self._begin()

"""All of Vigie on one machine: embedded broker (unless `kafka.bootstrap` names another), store, workers."""

from __future__ import annotations

import asyncio
import ctypes
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from aiokafka.errors import KafkaError

from pipeline.broker import create_topics
from pipeline.config import Settings
from pipeline.embedded import EmbeddedBroker, Renewal
from pipeline.forgetting import publish, stored_erasures
from pipeline.poison import OUTDATED, POISONED
from pipeline.restarts import Restarts
from pipeline.runtime import Running, forget_running, free_port, read_running, workers, write_running
from pipeline.store.client import StoreClient
from pipeline.store.errors import StoreError

_PATIENCE = 60.0
_STOP_PATIENCE = 30.0
"""Seconds for a part to end. A worker that is killed while it writes its states goes on from older ones."""
_STOP_ALONE = 8.0
"""The same where the broker has gone: workers would wait for it, and its topics are gone with it."""


_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None  # not after a fork: loading takes locks


def _die_with_parent() -> None:
    """Linux: the part gets SIGTERM when this process ends, even by SIGKILL."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class StackError(Exception):
    """A part did not start or ended; the message names it and the log to read."""


class Stack:
    """Starts everything in `start`, stops everything in `stop`; nothing outlives it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.logs = settings.data_dir / "logs"
        self.bootstrap = settings.kafka.bootstrap
        self.store_port = 0
        self.writer_password = settings.store.writer_password.get_secret_value() or secrets.token_urlsafe(24)
        self._parts: dict[str, subprocess.Popen[bytes]] = {}
        self._commands: dict[str, tuple[list[str], Mapping[str, str]]] = {}
        self._restarts = Restarts(settings.restarts)
        self._due: dict[str, float] = {}
        self._stopped: list[str] = []
        self._broker: EmbeddedBroker | None = None
        self.renewal: Renewal | None = None

    def environment(self) -> dict[str, str]:
        """What the parts need to find each other; secrets travel by the environment alone."""
        return {
            **os.environ,
            "VIGIE_DATA_DIR": str(self.settings.data_dir),
            "VIGIE_KAFKA__BOOTSTRAP": self.bootstrap,
            "VIGIE_STORE__HOST": "127.0.0.1",
            "VIGIE_STORE__PORT": str(self.store_port),
            "VIGIE_STORE__WRITER_PASSWORD": self.writer_password,
        }

    def start(self) -> None:
        """Broker and store side by side, then the workers.

        Raises:
            StackError: something is in the way.
        """
        other = read_running(self.settings)
        if other is not None:
            raise StackError(
                f"`vigie up` runs already (process {other.pid}) with the data in {self.settings.data_dir}. "
                "Stop it, or give this one another place with VIGIE_DATA_DIR."
            )
        try:
            self.logs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StackError(
                f"data_dir {self.settings.data_dir} cannot be made: {error.strerror}. "
                "Set VIGIE_DATA_DIR to a folder that can be written to."
            ) from None
        self.store_port = free_port(self.settings.store.port)
        if not self.bootstrap:
            port = free_port(self.settings.kafka.port)
            self._broker = EmbeddedBroker(port, self.logs / "broker.log", _die_with_parent)
            self.bootstrap = self._broker.bootstrap
            self._parts["broker"] = self._broker.process
            self.renewal = Renewal(self.settings, self._broker, self._end_workers, self._begin_workers)
        store = self._python(
            "store",
            [
                "-m",
                "pipeline.store.server",
                "--data",
                str(self.settings.data_dir / "store"),
                "--port",
                str(self.store_port),
            ],
        )
        try:
            asyncio.run(create_topics(self.bootstrap, self.settings.kafka.replication))
        except (ConnectionError, KafkaError) as error:
            raise StackError(f"no broker to work with: {error}; see {self.logs}/broker.log") from None
        workers = self._workers()
        for part, name in [(store, "store"), *workers]:
            self._line(part, name)
        self._remember_erasures()
        self._write()

    def _write(self) -> None:
        running = Running(os.getpid(), self.bootstrap, "127.0.0.1", self.store_port, tuple(self._stopped))
        write_running(self.settings, running)

    def _workers(self) -> list[tuple[subprocess.Popen[bytes], str]]:
        """Starts them, but for those that were stopped for what they met."""
        names = ["sink", *(f"detect-{number + 1}" for number in range(self.settings.workers))]
        started = []
        for number, name in enumerate(names):
            if name in self._stopped:
                continue
            port = self.settings.metrics.port
            own = {"VIGIE_METRICS__PORT": str(port + number if 0 < port <= 65535 - number else 0)}
            role = name.partition("-")[0]
            started.append((self._python(name, ["-m", "agents.worker", "--role", role], own), name))
        return started

    def _end_workers(self) -> bool:
        workers = [part for name, part in self._parts.items() if name not in ("broker", "store")]
        self._finish(workers)
        return all(part.returncode == 0 for part in workers)

    def _begin_workers(self) -> None:
        assert self._broker is not None
        self._parts["broker"] = self._broker.process
        self._due.clear()
        self._remember_erasures()
        self._workers()

    def _remember_erasures(self) -> None:
        """The embedded broker has forgotten who was to be forgotten; the store has not."""
        if self.settings.kafka.bootstrap:
            return
        store = self.settings.store
        password = store.password.get_secret_value()
        try:
            with StoreClient("127.0.0.1", self.store_port, store.user, password, store.database) as client:
                known = stored_erasures(client)
            if known:
                asyncio.run(publish(self.bootstrap, known))
        except (StoreError, KafkaError) as error:
            raise StackError(f"people who were forgotten cannot be told to the workers: {error}") from None

    def _python(
        self, name: str, arguments: list[str], extra: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        with self._log(name).open("ab") as log:
            part = subprocess.Popen(
                self._command(name, arguments),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**self.environment(), **(extra or {})},
                # A Ctrl-C is for the supervisor; it stops the parts in their order.
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        self._parts[name] = part
        self._commands[name] = arguments, extra or {}
        return part

    def _command(self, _name: str, arguments: list[str]) -> list[str]:
        return [sys.executable, *arguments]

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def _line(self, part: subprocess.Popen[bytes], name: str) -> bytes:
        """The line by which a part says that it is ready."""
        found: list[bytes] = []
        assert part.stdout is not None
        reader = threading.Thread(target=lambda: found.append(part.stdout.readline()), daemon=True)  # type: ignore[union-attr]
        reader.start()
        reader.join(_PATIENCE)
        if not found or not found[0]:
            raise StackError(f"{name} did not start; see {self._log(name)}{self._tail(name)}")
        return found[0]

    def _tail(self, name: str) -> str:
        try:
            lines = self._log(name).read_text(errors="replace").splitlines()
        except OSError:
            return ""
        return "\n  " + "\n  ".join(lines[-5:]) if lines else ""

    def addresses(self) -> dict[str, str]:
        """Where the workers serve their metrics, by part."""
        names = {part.pid: name for name, part in self._parts.items()}
        return {
            names[one.pid]: one.address for one in workers(self.settings) if one.pid in names and one.address
        }

    def mend(self) -> list[str]:
        """Starts again what has ended, after a pause that grows; what there is to say of it. To be called again and
        again.

        A worker that says that it would end again, having met nothing but records to refuse or messages of a newer
        version, is left alone.

        Raises:
            StackError: a part that is not started again: the broker, which took the topics with it; one that has ended
                too often.
        """
        said, now = [], time.monotonic()
        for name, part in list(self._parts.items()):
            if part.poll() is None:
                continue
            if name in self._due:
                if now >= self._due[name]:
                    del self._due[name]
                    self._python(name, *self._commands[name])
                    said.append(f"{name} started again")
                continue
            if part.stdout is not None:
                part.stdout.close()
            if part.returncode in (POISONED, OUTDATED):
                # The others go on: an embedded broker that ended would take with it what waits.
                said.append(f"{self.describe_failure(name)}\n{name} is not started again; the rest goes on")
                del self._parts[name]
                self._stopped.append(name)
                self._write()
                continue
            pause = self._restarts.ended(name, now) if name in self._commands else None
            if pause is None:
                again = f"\nIt is not started again: restarts is {self._restarts.most} in ten minutes."
                raise StackError(self.describe_failure(name) + (again if name in self._commands else ""))
            self._due[name] = now + pause
            said.append(
                f"{name} ended with code {part.returncode}; starting it again in {pause:.0f} s, see {self._log(name)}"
            )
        return said

    def describe_failure(self, name: str) -> str:
        """For people."""
        return (
            f"{name} ended with code {self._parts[name].returncode}; see {self._log(name)}{self._tail(name)}"
        )

    def stop(self) -> None:
        """Workers first, then the store, then the broker; each gets a few seconds."""
        broker = self._parts.get("broker")
        patience = _STOP_PATIENCE if broker is None or broker.poll() is None else _STOP_ALONE
        names = sorted(self._parts, key=lambda name: {"broker": 2, "store": 1}.get(name, 0))
        for stage in (0, 1, 2):
            group = [self._parts[n] for n in names if {"broker": 2, "store": 1}.get(n, 0) == stage]
            self._finish(group, patience)
        self._parts.clear()
        if self._broker is not None:
            self._broker.stop()
        running = read_running(self.settings)
        if running is not None and running.pid == os.getpid():
            forget_running(self.settings)

    @staticmethod
    def _finish(group: Sequence[subprocess.Popen[bytes]], patience: float = _STOP_PATIENCE) -> None:
        for part in group:
            if part.poll() is None:
                part.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + patience
        for part in group:
            try:
                part.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                part.kill()
                part.wait()
            if part.stdout is not None:
                part.stdout.close()

"""The parts of a run: broker, store, workers; each can be killed, frozen and started again, as a supervisor would.

All of it from one thread: Linux ties a part to the thread that started it (`pipeline.stack`).
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from pipeline.broker import create_topics
from pipeline.config import read_settings
from pipeline.runtime import free_port
from pipeline.stack import Stack
from tests.endpoints import Endpoints
from tests.faults.brokers import Broker
from tests.faults.disk import SmallDisk
from tests.faults.store_proxy import StoreProxy

_PAUSE = 1.0  # seconds before what ended is started again; systemd's units wait as long or longer
_PATIENCE = 30.0


class Installation(Stack, Endpoints):
    """Broker, store, one sink worker and `workers` detection workers, with their data in `folder`.

    Args:
        folder: data and logs.
        broker: one that runs.
        workers: how many workers detect at the start.
        proxied: the sink reaches the store through `self.proxy`, which can be told to misbehave.
        disk: megabytes of the store's disk, `self.disk`, which can be filled; else that of the folder.

    Raises:
        tests.faults.disk.NoDisk: the store can have no disk of its own here.
    """

    def __init__(
        self, folder: Path, broker: Broker, workers: int = 1, proxied: bool = False, disk: int | None = None
    ) -> None:
        base = read_settings()
        settings = base.model_copy(
            update={
                "data_dir": folder,
                "workers": workers,
                "kafka": base.kafka.model_copy(update={"bootstrap": broker.bootstrap}),
                "store": base.store.model_copy(update={"host": "", "port": free_port(0)}),
            }
        )
        super().__init__(settings)
        self.broker = broker
        self.kafka = broker.bootstrap
        self.proxy = StoreProxy(settings.store.port) if proxied else None
        self.disk = SmallDisk(folder / "store", disk) if disk is not None else None
        self.ended: Counter[str] = Counter()
        """Parts that ended by themselves: `name: code`, as often as it happened."""
        self.more: dict[str, str] = {}
        """Further settings of parts that are started from now on."""
        self._arguments: dict[str, list[str]] = {}
        self._down: dict[str, float] = {}
        self._deliberate: set[str] = set()

    @property
    def sql_port(self) -> int:  # type: ignore[override]
        """The store itself, past the proxy."""
        return self.store_port

    def environment(self) -> dict[str, str]:
        """As of `vigie up`, without settings of whoever runs the tests."""
        found = super().environment()
        own = ("DATA_DIR", "KAFKA__BOOTSTRAP", "STORE__HOST", "STORE__PORT", "STORE__WRITER_PASSWORD")
        given = {f"VIGIE_{name}": found[f"VIGIE_{name}"] for name in own}
        plain = {name: value for name, value in found.items() if not name.startswith("VIGIE_")}
        if self.proxy is not None:
            given["VIGIE_STORE__PORT"] = str(self.proxy.port)
        return {**plain, **given, "VIGIE_METRICS__PORT": "0", **self.more}

    def _python(
        self, name: str, arguments: list[str], extra: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        self._arguments[name] = arguments
        return super()._python(name, arguments, extra)

    def _command(self, name: str, arguments: list[str]) -> list[str]:
        command = super()._command(name, arguments)
        return self.disk.inside(command) if self.disk is not None and name == "store" else command

    def pid(self, name: str) -> int:
        """Of a part."""
        return self._parts[name].pid

    def pids(self) -> dict[str, int]:
        """Of everything that runs, the broker included."""
        found = {name: part.pid for name, part in self._parts.items() if part.poll() is None}
        return found if self.broker.pid is None else {**found, "broker": self.broker.pid}

    def kill(self, name: str, how: signal.Signals = signal.SIGKILL) -> None:
        """Ends a part at once; `tend` starts it again after a second."""
        self._end(name, how=how)
        self._down[name] = time.monotonic()

    def retire(self, *names: str, how: signal.Signals = signal.SIGTERM) -> bool:
        """Ends parts that are not to come back by themselves; whether each ended with 0."""
        self._deliberate.update(names)
        self._end(*names, how=how)
        return all(self._parts[name].returncode == 0 for name in names)

    def launch(self, name: str) -> None:
        """Starts a part, or starts it again. `detect-N` need not have been there before."""
        self._deliberate.discard(name)
        self._down.pop(name, None)
        role = name.partition("-")[0]
        part = self._python(name, self._arguments.get(name) or ["-m", "agents.worker", "--role", role])
        if name == "store":
            self._line(part, name)

    def freeze(self, name: str) -> None:
        """SIGSTOP: it does nothing any more, and does not know."""
        self._parts[name].send_signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """SIGCONT."""
        if self._parts[name].poll() is None:
            self._parts[name].send_signal(signal.SIGCONT)

    def tend(self) -> None:
        """What has ended and should run is started again, a second after it ended."""
        for name, part in list(self._parts.items()):
            if name in self._deliberate or part.poll() is None:
                continue
            if name not in self._down:
                self.ended[f"{name.partition('-')[0]}: {part.returncode}"] += 1
                self._down[name] = time.monotonic()
            elif time.monotonic() - self._down[name] > _PAUSE:
                self.launch(name)

    def topics(self) -> None:
        """Creates the topics on a broker that forgot them."""
        asyncio.run(create_topics(self.bootstrap, self.settings.kafka.replication))

    def stop(self) -> None:
        """Everything but the broker; what is frozen is woken first."""
        for part in self._parts.values():
            if part.poll() is None:
                part.send_signal(signal.SIGCONT)
        super().stop()
        if self.proxy is not None:
            self.proxy.stop()
        if self.disk is not None:
            self.disk.stop()

    def logged(self, name: str, lines: int = 5) -> str:
        """The end of a part's log."""
        try:
            return "\n".join(self._log(name).read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    def _end(self, *names: str, how: signal.Signals) -> None:
        ending = [self._parts[name] for name in names]
        for part in ending:
            part.send_signal(how)
            part.send_signal(signal.SIGCONT)
        for part in ending:
            try:
                part.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                part.kill()
                part.wait()
            if part.stdout is not None:
                part.stdout.close()

"""One Apache Kafka process, broker and controller in one (KRaft), on the loopback."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.kafka_server.jars import cache_folder, chosen_version, fetch, find_java
from tests.kafka_server.probe import accepts, free_ports, serves
from tests.kafka_server.signals import held

_START_PATIENCE = 90.0
_STOP_PATIENCE = 20.0
_TRIES = 3

_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "CLIENT",
    "auto.create.topics.enable": "false",
    "message.max.bytes": str(16 << 20),
    "group.initial.rebalance.delay.ms": "0",
    # After a kill the controller waits for the old session to end before the broker may come back: 9 s by default.
    "broker.session.timeout.ms": "4000",
    "broker.heartbeat.interval.ms": "500",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",  # 50 by default: 50 folders and as many files again
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "log.cleaner.dedupe.buffer.size": str(16 << 20),  # 128 MiB by default, a quarter of the heap
}

_JVM = (
    "-Xms128m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
    # Kafka prints all its settings several times over; they would bury what matters.
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config=warn",
)


class KafkaStartError(Exception):
    """Kafka did not start; the message ends with what it said last."""


class _PortTakenError(KafkaStartError):
    """Somebody took the port between our look and Kafka's start."""


class KafkaServer:
    """A Kafka of its own for a test: `with KafkaServer() as kafka: … kafka.bootstrap`.

    The methods block and may be called from any thread, one at a time; in async code, `await
    asyncio.to_thread(kafka.restart)`.
    Everything Kafka writes is in a temporary folder that `stop` removes.

    Args:
        settings: broker properties beside the usual ones, or instead of them.
        version: the release; by default `VIGIE_KAFKA_VERSION` or `jars.VERSION`.
        cache: folder of the jars; by default `VIGIE_KAFKA_CACHE` or `.venv/kafka`.
    """

    def __init__(
        self,
        settings: Mapping[str, str] | None = None,
        version: str | None = None,
        cache: Path | None = None,
    ) -> None:
        self.version = version or chosen_version()
        self.start_seconds = 0.0
        """How long the last start took, from the process to its first answer."""
        self._cache = (cache or cache_folder()).absolute()  # Kafka runs in another folder
        self._settings = dict(settings or {})
        self._folder: Path | None = None
        self._java: list[str] = []
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __str__(self) -> str:
        return f"Apache Kafka {self.version}"

    @property
    def bootstrap(self) -> str:
        """`127.0.0.1:PORT`; the same after a restart.

        Raises:
            RuntimeError: it has not been started.
        """
        if self._folder is None:
            raise RuntimeError("KafkaServer.bootstrap before start")
        return f"127.0.0.1:{self._port}"

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def log(self) -> str:
        """What Kafka has said since the first start."""
        if self._folder is None:
            return ""
        return (self._folder / "kafka.log").read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        """Starts Kafka and waits until it answers; after `halt`, on the same port with the records it had.

        Raises:
            KafkaMissingError: Java or Maven are missing, or the download failed.
            KafkaStartError: it ended or did not answer.
        """
        if self.pid is not None:
            return
        if self._folder is not None:
            self._boot(self._folder)
            return
        self._java = [find_java(), *_JVM, "-cp", str(fetch(self.version, self._cache) / "*")]
        for attempt in range(1, _TRIES + 1):
            try:
                self._boot(self._prepare())
                return
            except BaseException as error:
                self.stop()
                if not isinstance(error, _PortTakenError) or attempt == _TRIES:
                    raise

    def halt(self, kill: bool = False) -> None:
        """Ends the process and keeps its records: in good order, or with `kill` as a crash does."""
        process, self._process = self._process, None
        if process is None:
            return
        if kill:
            process.kill()
        else:
            process.terminate()
        try:
            process.wait(_STOP_PATIENCE)
        except BaseException as error:
            process.kill()
            process.wait()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise

    def restart(self, kill: bool = False) -> None:
        """`halt`, then `start`: same address, same records.

        Raises:
            KafkaStartError: it did not come back.
        """
        self.halt(kill)
        self.start()

    def stop(self) -> None:
        """Ends the process and removes what it wrote."""
        with held():  # bounded in time; a second Ctrl-C must not leave half of it
            self.halt()
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)
                self._folder = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _prepare(self) -> Path:
        """Ports, properties, and a formatted folder for the records."""
        with held():
            folder = self._folder = Path(tempfile.mkdtemp(prefix="vigie-kafka-"))
        (folder / "tmp").mkdir()
        self._port, controller = free_ports(2)
        properties = {
            **_SETTINGS,
            "listeners": f"CLIENT://127.0.0.1:{self._port},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"CLIENT://127.0.0.1:{self._port}",
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "log.dirs": str(folder / "records"),
            **self._settings,
        }
        text = "".join(f"{name}={value}\n" for name, value in properties.items())
        (folder / "server.properties").write_text(text, encoding="utf-8")
        # With "=": a cluster id may begin with a dash.
        cluster = f"--cluster-id={secrets.token_urlsafe(16)}"
        done = subprocess.run(
            [*self._command(folder), "kafka.tools.StorageTool", "format", cluster, "-c", "server.properties"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise KafkaStartError(f"{self} refuses its settings:\n{(done.stdout + done.stderr).strip()}")
        return folder

    def _command(self, folder: Path) -> list[str]:
        """The JVM; the libraries it unpacks go where the rest goes."""
        java, *options = self._java
        return [java, f"-Djava.io.tmpdir={folder / 'tmp'}", *options]

    def _boot(self, folder: Path) -> None:
        before = time.monotonic()
        try:
            with (folder / "kafka.log").open("ab") as log, held():
                said = log.tell()
                self._process = subprocess.Popen(
                    [*self._command(folder), "kafka.Kafka", "server.properties"],
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # a Ctrl-C is for us; Kafka goes last
                )
            self._wait(self._process, before + _START_PATIENCE, folder / "kafka.log", said)
        except BaseException:
            self.halt(kill=True)
            raise
        self.start_seconds = time.monotonic() - before

    def _wait(self, process: subprocess.Popen[bytes], deadline: float, log: Path, said: int) -> None:
        while process.poll() is None and time.monotonic() < deadline:
            if accepts(self._port) and serves(f"127.0.0.1:{self._port}"):
                return
            time.sleep(0.05)
        text = log.read_bytes()[said:].decode("utf-8", "replace")
        tail = "\n  ".join(text.splitlines()[-15:])
        if process.poll() is None:
            raise KafkaStartError(f"{self} did not answer within {_START_PATIENCE:.0f} s:\n  {tail}")
        kind = (
            _PortTakenError
            if "BindException" in text or "Address already in use" in text
            else KafkaStartError
        )
        raise kind(f"{self} ended with code {process.returncode}:\n  {tail}")

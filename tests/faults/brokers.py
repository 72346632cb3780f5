"""The brokers that a run can have: the embedded one, an Apache Kafka of its own, or one that runs already."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Protocol

from aiokafka.admin import AIOKafkaAdminClient

from pipeline.embedded import EmbeddedBroker
from pipeline.runtime import free_port
from schemas.topics import TOPICS
from tests.kafka_server import KafkaServer

_PATIENCE = 30.0


class InUse(Exception):
    """The cluster that was named has topics of a Vigie; nothing of that is touched."""


class Broker(Protocol):
    """What a fault does to a broker."""

    forgets: bool
    """Its records are gone when it has ended."""

    @property
    def bootstrap(self) -> str:
        """Its address, the same after a restart."""

    def start(self) -> None:
        """Starts it, or starts it again on the same address."""

    def kill(self) -> None:
        """Ends it as a crash does."""

    def stop(self) -> None:
        """Its end."""

    @property
    def pid(self) -> int | None:
        """Its process."""


class Embedded:
    """The broker of `vigie up`, behind its door."""

    forgets = True

    def __init__(self, log: Path) -> None:
        self._log = log
        self._port = free_port(0)
        self._host: EmbeddedBroker | None = None

    @property
    def host(self) -> EmbeddedBroker:
        """Started before."""
        assert self._host is not None
        return self._host

    @property
    def bootstrap(self) -> str:
        """Its address, the same after a restart."""
        return f"127.0.0.1:{self._port}"

    def start(self) -> None:
        """Starts it, empty."""
        if self._host is None:
            self._host = EmbeddedBroker(self._port, self._log)
        elif self.pid is None:
            self._host.empty()

    def kill(self) -> None:
        """SIGKILL; what it held is gone."""
        self.host.process.kill()
        self.host.process.wait(_PATIENCE)

    def stop(self) -> None:
        """Its end."""
        self.host.stop()

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        host = self._host
        return host.process.pid if host is not None and host.process.poll() is None else None


class Apache:
    """Apache Kafka, which keeps its records."""

    forgets = False

    def __init__(self) -> None:
        self._server = KafkaServer()

    @property
    def bootstrap(self) -> str:
        """The same after a restart."""
        return self._server.bootstrap

    def start(self) -> None:
        """Starts it, or starts it again with the records it had."""
        self._server.start()

    def kill(self) -> None:
        """SIGKILL."""
        self._server.halt(kill=True)

    def stop(self) -> None:
        """Ends it and removes its records."""
        self._server.stop()

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return self._server.pid


class Named:
    """An Apache Kafka that somebody else runs, at `KAFKA_BOOTSTRAP`.

    It must have no topics of Vigie's; those that a run makes go again at its end. It cannot be killed.
    """

    forgets = False
    pid = None

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap

    def start(self) -> None:
        """Looks whether it is free.

        Raises:
            InUse: it is not.
        """
        there = sorted(asyncio.run(self._ours()))
        if there:
            raise InUse(f"{self.bootstrap} has topics of Vigie ({there[0]}, …): name a cluster without any")

    def kill(self) -> None:
        """Not ours to kill.

        Raises:
            InUse: always.
        """
        raise InUse(f"{self.bootstrap} is not ours to kill")

    def stop(self) -> None:
        """Removes the topics that the run made there; what groups had committed in them goes with them."""
        asyncio.run(self._clear())

    async def _ours(self) -> set[str]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            return set(await admin.list_topics()) & set(TOPICS)
        finally:
            await admin.close()

    async def _clear(self) -> None:
        ours = list(await self._ours())
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            if ours:
                await admin.delete_topics(ours)
        finally:
            await admin.close()
        deadline = time.monotonic() + _PATIENCE
        while await self._ours() and time.monotonic() < deadline:
            await asyncio.sleep(0.2)


def broker_for(name: str, log: Path, killed: bool) -> Broker:
    """The broker of a run. `killed`: the run will do that, so that it has to be one of our own."""
    if name == "embedded":
        return Embedded(log)
    bootstrap = os.environ.get("KAFKA_BOOTSTRAP", "")
    return Named(bootstrap) if bootstrap and not killed else Apache()

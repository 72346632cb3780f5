"""A real Apache Kafka on this machine, for tests: one process, fetched from its published jars.

`python -m tests.kafka_server -- COMMAND…` runs a command with `KAFKA_BOOTSTRAP` set;
`with KafkaServer() as kafka:` does the same inside a test. docs/how-to/apache-kafka.md tells more.
"""

from __future__ import annotations

from tests.kafka_server.jars import KafkaMissingError, check_available
from tests.kafka_server.server import KafkaServer, KafkaStartError

__all__ = ["KafkaMissingError", "KafkaServer", "KafkaStartError", "check_available"]

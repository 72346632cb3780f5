"""What connectors need of the broker: somewhere to send messages, and a form for those that are refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pipeline.bus import Message
from schemas.topics import dead_letter_topic

KEPT_BYTES = 1_000_000
"""How much of a refused record is kept in the dead-letter topic, in bytes."""


class Sender(Protocol):
    """The part of `pipeline.bus.Publisher` that connectors use."""

    async def send(self, topic: str, messages: Sequence[Message]) -> None:
        """Returns when the broker has them all; raises KafkaError when it has not."""
        ...


def dead_letter(
    topic: str, raw: bytes, stage: str, reason: str, key: bytes | None = None
) -> tuple[str, Message]:
    """The dead-letter topic of `topic`, and the message for a record that never reached `topic`.

    Partition and offset are -1, since the record has none; of `raw` the first `KEPT_BYTES` are kept.
    """
    headers = (
        ("topic", topic.encode()),
        ("partition", b"-1"),
        ("offset", b"-1"),
        ("stage", stage.encode()),
        ("reason", reason.encode("utf-8", "replace")),
    )
    return dead_letter_topic(topic), Message(key, raw[:KEPT_BYTES], headers)

"""The one declaration of every topic, read from `topics.toml`."""

from __future__ import annotations

import tomllib
from importlib import resources

import msgspec

POSTS_RAW = "vigie.posts.raw.v1"
FANS_RAW = "vigie.fans.raw.v1"
POSTS_ENRICHED = "vigie.posts.enriched.v1"
FANS_CHECKED = "vigie.fans.checked.v1"
ALERTS = "vigie.alerts.v1"
ACTIONS = "vigie.actions.v1"
COPIES = "vigie.copies.v1"
ERASURES = "vigie.erasures.v1"
SHUFFLE = "vigie.shuffle.v1"
SIGNALS = "vigie.signals.v1"

DLQ = ".dlq"
"""The end of the name of a dead-letter topic."""


class Topic(msgspec.Struct, frozen=True):
    """One topic. `retention_hours` 0 keeps for ever."""

    name: str
    about: str
    record: str
    partitions: int
    retention_hours: int
    compacted: bool = False
    internal: bool = False
    max_message_bytes: int = 1 << 20

    def config(self) -> dict[str, str]:
        """The topic's settings in Kafka's words."""
        retention = -1 if self.retention_hours == 0 else self.retention_hours * 3_600_000
        return {
            "cleanup.policy": "compact" if self.compacted else "delete",
            "retention.ms": str(retention),
            "max.message.bytes": str(self.max_message_bytes),
            # a producer's own time would let a replay of 2015 expire at once, and orders nothing
            "message.timestamp.type": "LogAppendTime",
        }


def dead_letter_topic(name: str) -> str:
    """Where refused records of a topic go."""
    return name + DLQ


def _load() -> dict[str, Topic]:
    data = tomllib.loads(resources.files("schemas").joinpath("topics.toml").read_text(encoding="utf-8"))
    topics: dict[str, Topic] = {}
    for name, fields in data["topics"].items():
        topics[name] = msgspec.convert({**data["defaults"], **fields, "name": name}, Topic)
        dlq = {**data["defaults"], **data["dead_letters"], "name": dead_letter_topic(name)}
        dlq["about"] = data["dead_letters"]["about"].format(name=name)
        topics[name + DLQ] = msgspec.convert(dlq, Topic)
    return topics


TOPICS: dict[str, Topic] = _load()

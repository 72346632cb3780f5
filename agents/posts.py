"""vigie.posts.raw.v1 -> enriched posts, packed fingerprints and activity, findings on accounts, dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from agents.app import Shell, now, raw
from agents.steps import Steps
from pipeline.bus import Message
from pipeline.detect.messages import Shuffled, Signal, encode
from pipeline.detect.post_step import Posted, PostStep
from pipeline.text.enrich import to_contract
from schemas.records import record_key
from schemas.topics import POSTS_ENRICHED, POSTS_RAW, SHUFFLE, SIGNALS, TOPICS

QUIET_AFTER = 1.0
"""Seconds without records after which a partition is said to be quiet."""

QUIET_EVERY = 5.0
"""Seconds between saying so: rarely enough for a memory-only broker, often enough against `clock.GRACE`."""


class Posts:
    """One step for each assigned partition."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._partitions = TOPICS[SHUFFLE].partitions
        self._steps = Steps(shell, POSTS_RAW, lambda n: PostStep(shell.parameters, n, self._partitions))
        self._heard: dict[int, float] = {}
        shell.agent(POSTS_RAW, self.handle)
        shell.app.timer(interval=QUIET_EVERY)(self.tell_quiet)

    async def handle(self, partition: int, records: Sequence[Any]) -> None:
        """One fetch."""
        self._heard[partition] = now()
        records = self._steps.fresh(partition, records)
        for posted in self._steps[partition].feed([raw(record) for record in records]):
            await self._shell.refuse(POSTS_RAW, records, posted.refused)
            await self._shell.publish(POSTS_ENRICHED, _enriched(posted))
            await self._shell.publish(SHUFFLE, _dealt(posted.shuffled))
            if posted.findings:
                await self._shell.publish(
                    SIGNALS, [Message(None, encode(Signal(-1, 0, [], posted.findings)), (), 0)]
                )
        self._steps.applied(partition, records)

    async def tell_quiet(self) -> None:
        """Says of each partition where nothing is waiting that it does not hold back time."""
        consumer = self._shell.app.consumer
        for tp in consumer.assignment():
            if tp.topic != POSTS_RAW or now() - self._heard.get(tp.partition, 0.0) < QUIET_AFTER:
                continue
            end, position = consumer.highwater(tp), self._steps.position(tp.partition)
            if end is None:
                continue  # the broker has not answered for this partition yet
            if (
                position is None
            ):  # nothing read since this worker has it: what it begins with was committed before
                position = consumer._committed_offset.get(tp) or 0
            if position < end:
                continue
            quiet = self._steps[tp.partition].quiet()
            await self._shell.publish(SHUFFLE, _dealt([quiet] * self._partitions))


def _enriched(posted: Posted) -> list[Message]:
    return [Message(record_key(one.post), orjson.dumps(to_contract(one))) for one in posted.enriched]


def _dealt(shuffled: Sequence[Shuffled]) -> list[Message]:
    return [Message(None, encode(message), (), k) for k, message in enumerate(shuffled)]

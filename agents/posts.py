"""vigie.posts.raw.v1 -> enriched posts, packed fingerprints and activity, findings on accounts, dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from faust.types import TP

from agents.app import Shell, now, raw
from pipeline.bus import Message
from pipeline.detect.messages import Shuffled, Signal, encode
from pipeline.detect.post_step import Posted, PostStep
from pipeline.text.enrich import to_contract
from schemas.records import record_key
from schemas.topics import POSTS_ENRICHED, POSTS_RAW, SHUFFLE, SIGNALS, TOPICS

QUIET_AFTER = 1.0
"""Seconds without records after which a partition is said to be quiet."""


class Posts:
    """One step for each assigned partition."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._steps: dict[int, PostStep] = {}
        self._done: dict[int, int] = {}
        self._heard: dict[int, float] = {}
        self._partitions = TOPICS[SHUFFLE].partitions
        shell.agent(POSTS_RAW, self.handle)
        shell.app.timer(interval=0.5)(self.tell_quiet)
        shell.app.on_partitions_revoked.connect(self.forget)

    def step(self, partition: int) -> PostStep:
        """The step of a partition."""
        if partition not in self._steps:
            self._steps[partition] = PostStep(self._shell.parameters, partition, self._partitions)
        return self._steps[partition]

    async def forget(self, app: Any, revoked: set[TP], **_: Any) -> None:
        """Partitions that went to another worker."""
        for tp in revoked:
            if tp.topic == POSTS_RAW:
                self._steps.pop(tp.partition, None)
                self._done.pop(tp.partition, None)

    async def handle(self, partition: int, records: Sequence[Any]) -> None:
        """One fetch."""
        self._heard[partition] = now()
        for posted in self.step(partition).feed([raw(record) for record in records]):
            await self._shell.dead_letters(POSTS_RAW, partition, records, posted.refused)
            await self._shell.publish(POSTS_ENRICHED, _enriched(posted))
            await self._shell.publish(SHUFFLE, _dealt(posted.shuffled))
            if posted.findings:
                await self._shell.publish(SIGNALS, [Message(None, encode(Signal(-1, 0, [], posted.findings)))])
        self._done[partition] = records[-1].offset + 1

    async def tell_quiet(self) -> None:
        """Says of each partition where nothing is waiting that it does not hold back time."""
        consumer = self._shell.app.consumer
        for tp in consumer.assignment():
            if tp.topic != POSTS_RAW or now() - self._heard.get(tp.partition, 0.0) < QUIET_AFTER:
                continue
            end = consumer.highwater(tp)
            if end is None or (tp.partition in self._done and self._done[tp.partition] < end):
                continue
            if tp.partition not in self._done and end > 0 and tp.partition not in self._steps:
                committed = consumer._committed_offset.get(tp)
                if committed is None or committed < end:
                    continue
            quiet = self.step(tp.partition).quiet()
            await self._shell.publish(SHUFFLE, _dealt([quiet] * self._partitions))


def _enriched(posted: Posted) -> list[Message]:
    return [Message(record_key(one.post), orjson.dumps(to_contract(one))) for one in posted.enriched]


def _dealt(shuffled: Sequence[Shuffled]) -> list[Message]:
    return [Message(None, encode(message), (), k) for k, message in enumerate(shuffled)]

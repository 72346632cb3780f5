"""vigie.posts.raw.v1 -> enriched posts, packed fingerprints and activity, word of accounts, dead letters."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from agents.app import OUR_FORM, Shell, raw
from agents.steps import QUIET_EVERY, Steps
from pipeline.bus import Message, version_header
from pipeline.detect.messages import Shuffled, encode
from pipeline.detect.post_step import Posted, PostStep
from pipeline.text.contract import encode as encode_post
from schemas.records import record_key
from schemas.topics import POSTS_ENRICHED, POSTS_RAW, SHUFFLE, TOPICS


class Posts:
    """One step for each assigned partition."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._partitions = TOPICS[SHUFFLE].partitions
        self._steps = Steps(shell, POSTS_RAW, lambda n: PostStep(shell.parameters, n, self._partitions))
        shell.agent(POSTS_RAW, self.handle)
        shell.app.timer(interval=QUIET_EVERY)(self.tell_quiet)

    async def handle(self, partition: int, records: Sequence[Any]) -> bool:
        """One fetch; whether it may be committed."""
        return await self._steps.feed(partition, records, self._feed)

    async def _feed(self, step: PostStep, records: Sequence[Any], silent: bool) -> None:
        step.meet(self._shell.people)
        told = step.feed([raw(record) for record in records])
        if not silent:
            self._shell.check(POSTS_RAW, records, sum(len(posted.refused) for posted in told))
        for posted in told:
            if silent:
                continue
            self._shell.watch.outcomes("posts", posted.counts)
            await self._shell.refuse(POSTS_RAW, records, posted.refused)
            await asyncio.gather(  # two topics, one wait
                self._shell.publish(SHUFFLE, _dealt(posted.shuffled)),
                self._shell.publish(POSTS_ENRICHED, _enriched(posted)),
            )
        self._shell.watch.clock(POSTS_RAW, records[0].partition, step.clock)

    async def tell_quiet(self) -> None:
        """Says of each partition where nothing is waiting that it does not hold back time."""
        for step, at in self._steps.quiet():
            await self._shell.publish(SHUFFLE, _dealt([step.quiet()] * self._partitions, at))


def _enriched(posted: Posted) -> list[Message]:
    return [
        Message(record_key(one.post), encode_post(one), version_header(version))
        for one, version in zip(posted.enriched, posted.versions, strict=True)
    ]


def _dealt(shuffled: Sequence[Shuffled], at: int | None = None) -> list[Message]:
    return [Message(None, encode(message), OUR_FORM, k, at) for k, message in enumerate(shuffled)]

"""vigie.erasures.v1 as every worker reads it: all of it from the beginning, then what comes."""

from __future__ import annotations

import asyncio

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.erasures import Erasures, decode
from schemas.topics import ERASURES

log = structlog.get_logger()

_EVERY = 1.0
"""Seconds between looks."""
_PATIENCE = 30.0


class ErasureFeed:
    """Adds to `known` what the topic has. Belongs to no consumer group: each worker needs all of it."""

    def __init__(self, bootstrap: str, known: Erasures) -> None:
        self._bootstrap = bootstrap
        self._known = known
        self._place = TopicPartition(ERASURES, 0)
        self._consumer: AIOKafkaConsumer | None = None
        self._task: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()

    async def ready(self) -> None:
        """Returns when everything that stood on the topic at the first call is known.

        Raises:
            KafkaError, TimeoutError: the broker does not tell.
        """
        async with self._starting:
            if self._task is None:
                await asyncio.wait_for(self._begin(), _PATIENCE)

    async def _begin(self) -> None:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        await consumer.start()
        consumer.assign([self._place])
        await consumer.seek_to_beginning(self._place)
        self._consumer = consumer
        while True:
            await self._take(0.2)
            end = consumer.highwater(self._place)
            if end is not None and await consumer.position(self._place) >= end:
                break
        self._task = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        while True:
            try:
                await self._take(_EVERY)
            except KafkaError as error:
                log.warning("erasures cannot be read; trying again", error=str(error))
                await asyncio.sleep(_EVERY)

    async def _take(self, wait: float) -> None:
        assert self._consumer is not None
        for records in (await self._consumer.getmany(timeout_ms=round(1000 * wait))).values():
            for record in records:
                try:
                    self._known.add(decode(record.value or b""))
                except msgspec.DecodeError as error:
                    log.warning("not an erasure of Vigie's", offset=record.offset, error=str(error))

    async def stop(self) -> None:
        """Closes the connection."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self._consumer is not None:
            await self._consumer.stop()
            self._consumer = None

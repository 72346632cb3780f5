"""Whether a partition's log is still the one that a state was made from.

A memory-only broker forgets on exit, and an operator may delete a topic; offsets begin at 0 again. Then the record at
the offset of the last one that was applied is another one, or there is none.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition
from faust.types import TP

from pipeline.snapshots import Mark, mark

_PATIENCE = 30.0
"""Seconds. The broker has just given out the partitions, so it is there."""


async def same_logs(bootstrap: str, marks: Mapping[TP, Mark]) -> dict[TP, bool]:
    """For each partition whether the record of its mark is, or was, in its log.

    Raises:
        TimeoutError: the broker does not say.
        aiokafka.errors.KafkaError: it refuses.
    """
    if not marks:
        return {}
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=100,
        max_partition_fetch_bytes=1 << 16,  # one record will do; a larger one comes all the same
    )
    await consumer.start()
    try:
        wanted = {TopicPartition(*tp): tp for tp in marks}
        consumer.assign(list(wanted))
        for place, tp in wanted.items():
            consumer.seek(place, marks[tp].offset)
        found: dict[TP, bool] = {}
        deadline = time.monotonic() + _PATIENCE
        while len(found) < len(marks):
            if time.monotonic() > deadline:
                raise TimeoutError("the broker does not hand out records that it should have, nor deny them")
            got = await consumer.getmany(timeout_ms=100)
            for place, tp in wanted.items():
                if tp in found:
                    continue
                if records := got.get(place):
                    # Later ones only: retention has taken the record away, and this log goes on.
                    found[tp] = records[0].offset > marks[tp].offset or mark(records[0]) == marks[tp]
                elif (end := consumer.highwater(place)) is not None and end <= marks[tp].offset:
                    found[tp] = False
                else:
                    continue
                consumer.pause(place)
        return found
    finally:
        await asyncio.shield(consumer.stop())

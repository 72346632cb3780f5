"""What both ways through Faust share: the app."""

from __future__ import annotations

import asyncio
import uuid

import faust

from agents.app import BATCH


def app(bootstrap: str) -> faust.App:
    """With the settings of Vigie's workers, in a group of its own."""
    return faust.App(
        f"bench-{uuid.uuid4().hex[:8]}",
        broker=f"kafka://{bootstrap}",
        autodiscover=False,
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        broker_max_poll_records=BATCH,
        broker_rebalance_timeout=3.0,
        broker_session_timeout=6.0,
        broker_heartbeat_interval=1.0,
        broker_request_timeout=35.0,
        stream_wait_empty=False,
        stream_recovery_delay=0.0,
    )


def start(made: faust.App) -> None:
    """Runs it for as long as the process lives."""

    async def forever() -> None:
        await made.start()
        await asyncio.Event().wait()

    made.loop.run_until_complete(forever())

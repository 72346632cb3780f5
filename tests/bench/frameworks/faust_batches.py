"""Faust with Vigie's transport: one message for each (partition, fetch)."""

from __future__ import annotations

from typing import Any

from agents.transport import BatchSchema, BatchTransport
from schemas.topics import POSTS_RAW
from tests.bench.frameworks.faust_app import app, start
from tests.bench.frameworks.work import Work, main


def run(bootstrap: str, work: Work) -> None:
    """One agent, one fetch at a time."""
    made = app(bootstrap)
    made.transport = BatchTransport(list(made.conf.broker), made, loop=made.loop)

    async def posts(stream: Any) -> None:
        async for event in stream.events():
            work.feed(event.message.partition, [(record.value, record.headers) for record in event.value])

    made.agent(made.topic(POSTS_RAW, schema=BatchSchema()), concurrency=1)(posts)
    start(made)


if __name__ == "__main__":
    main(run)

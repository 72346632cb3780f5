"""Faust as its documentation shows it: an agent over the events of a stream, one at a time."""

from __future__ import annotations

from typing import Any

from schemas.topics import POSTS_RAW
from tests.bench.frameworks.faust_app import app, start
from tests.bench.frameworks.work import Work, main


def run(bootstrap: str, work: Work) -> None:
    """One agent, one event at a time."""
    made = app(bootstrap)
    topic = made.topic(POSTS_RAW, key_serializer="raw", value_serializer="raw")

    async def posts(stream: Any) -> None:
        async for event in stream.events():
            message = event.message
            work.feed(message.partition, [(event.value, message.headers or ())])

    made.agent(topic, concurrency=1)(posts)
    start(made)


if __name__ == "__main__":
    main(run)

"""Quix Streams: a function for each message of a StreamingDataFrame; it offers nothing larger."""

from __future__ import annotations

import uuid
from typing import Any

from tests.bench.installed import use_libraries

use_libraries()

from quixstreams import Application, message_context  # type: ignore[import-not-found]  # noqa: E402

from schemas.topics import POSTS_RAW  # noqa: E402
from tests.bench.frameworks.work import FETCHED_AHEAD, Work, main  # noqa: E402


def run(bootstrap: str, work: Work) -> None:
    """One application, one message at a time."""
    app = Application(
        broker_address=bootstrap,
        consumer_group=f"bench-{uuid.uuid4().hex[:8]}",
        auto_offset_reset="earliest",
        auto_create_topics=False,
        use_changelog_topics=False,
        consumer_extra_config=dict(FETCHED_AHEAD),
        loglevel="ERROR",
    )
    frame = app.dataframe(app.topic(POSTS_RAW, value_deserializer="bytes", key_deserializer="bytes"))

    def step(value: bytes | None, key: Any, timestamp: int, headers: Any) -> None:
        work.feed(message_context().partition, [(value, headers or ())])

    frame.update(step, metadata=True)
    app.run()


if __name__ == "__main__":
    main(run)

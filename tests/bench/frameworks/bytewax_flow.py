"""Bytewax: `flat_map_batch` over what its Kafka source hands on."""

from __future__ import annotations

from typing import Any

from tests.bench.installed import use_libraries

use_libraries()

import bytewax.operators as op  # type: ignore[import-not-found]  # noqa: E402
from bytewax.connectors.kafka import KafkaSource  # type: ignore[import-not-found]  # noqa: E402
from bytewax.dataflow import Dataflow  # type: ignore[import-not-found]  # noqa: E402
from bytewax.testing import TestingSink, run_main  # type: ignore[import-not-found]  # noqa: E402

from agents.app import BATCH  # noqa: E402
from schemas.topics import POSTS_RAW  # noqa: E402
from tests.bench.frameworks.work import FETCHED_AHEAD, Work, main  # noqa: E402


def run(bootstrap: str, work: Work) -> None:
    """One worker; as many messages at a time as Vigie's own workers take."""

    def step(messages: list[Any]) -> list[Any]:
        parts: dict[int, list[Any]] = {}
        for message in messages:
            parts.setdefault(message.partition, []).append((message.value, message.headers))
        for partition, batch in parts.items():
            work.feed(partition, batch)
        return []

    flow = Dataflow("bench")
    source = KafkaSource([bootstrap], [POSTS_RAW], add_config=dict(FETCHED_AHEAD), batch_size=BATCH)
    op.output("out", op.flat_map_batch("step", op.input("in", flow, source), step), TestingSink([]))
    run_main(flow)


if __name__ == "__main__":
    main(run)

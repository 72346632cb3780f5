"""What the scripts share: the step for each partition, and when to stop.

Each script reads the raw posts that lie in the topic and hands them to `pipeline.detect.post_step.PostStep`, in the
units in which its framework hands them on. It prints one JSON line: {"seconds", "cpu", "posts", "accepted", "units"};
the first three are about what came after the first unit, so that starting, joining a group and the first fetch are not
in them.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence

import orjson

from pipeline.bus import CLOCK_HEADER
from pipeline.detect.intake import Raw
from pipeline.detect.parameters import Parameters
from pipeline.detect.post_step import PostStep
from schemas.topics import SHUFFLE, TOPICS

Headers = Sequence[tuple[str, bytes]]

FETCHED_AHEAD = {"queued.min.messages": "5000", "queued.max.messages.kbytes": "4096"}
"""For librdkafka, which would else have read everything before the first message is handed on."""


class Work:
    """The step of each partition, made when it is first needed; with `idle` nothing is done but counting."""

    def __init__(self, expected: int, idle: bool) -> None:
        self._expected = expected
        self._idle = idle
        self._steps: dict[int, PostStep] = {}
        self._began = self._cpu = 0.0
        self._posts = self._first = self._accepted = self._units = 0

    def feed(self, partition: int, batch: Sequence[tuple[bytes | None, Headers]]) -> None:
        """Takes values with their headers, in the order of the partition. After the last post the process ends."""
        self._units += 1
        self._posts += sum(value is not None for value, _ in batch)
        if not self._idle:
            step = self._steps.get(partition)
            if step is None:
                step = self._steps[partition] = PostStep(Parameters(), partition, TOPICS[SHUFFLE].partitions)
            for posted in step.feed([Raw(value, _clock(headers)) for value, headers in batch]):
                self._accepted += posted.counts.accepted
        if not self._began:
            self._began, self._cpu, self._first = time.perf_counter(), time.process_time(), self._posts
        if self._posts >= self._expected:
            self._finish()

    def _finish(self) -> None:
        seconds, cpu = time.perf_counter() - self._began, time.process_time() - self._cpu
        posts = self._posts - self._first
        told = {
            "seconds": seconds,
            "cpu": cpu,
            "posts": posts,
            "accepted": self._accepted,
            "units": self._units,
        }
        sys.stdout.buffer.write(orjson.dumps(told) + b"\n")
        sys.stdout.flush()
        os._exit(0)  # frameworks take their time to leave a group; what was to be measured has been


def _clock(headers: Headers) -> int | None:
    return next((int(value) for name, value in headers if name == CLOCK_HEADER), None)


def main(run: Callable[[str, Work], None]) -> None:
    """`python -m … BOOTSTRAP EXPECTED [--idle]`: runs until that many posts have come."""
    cli = argparse.ArgumentParser()
    cli.add_argument("bootstrap")
    cli.add_argument("expected", type=int)
    cli.add_argument("--idle", action="store_true")
    arguments = cli.parse_args()
    run(arguments.bootstrap, Work(arguments.expected, arguments.idle))

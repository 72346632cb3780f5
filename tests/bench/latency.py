"""Latency: from the post that completes a campaign to its alert, in the topic and in the store, at given paces."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from agents.steps import QUIET_EVERY
from pipeline.detect.clock import GRACE
from pipeline.detect.parameters import Parameters
from pipeline.drain import drain
from pipeline.notify.feed import Gone, alert_feed
from pipeline.stack import Stack
from pipeline.store.client import StoreClient
from tests.bench.installed import environment
from tests.bench.live import running
from tests.bench.options import Options
from tests.bench.pacing import CAMPAIGNS, GAP, PLATFORM, accounts, completed
from tests.measure import say, table

TITLE = "Latency"

ASK_EVERY = 0.1
"""Seconds between two looks at the store."""
_PATIENCE = 900.0


class Heard:
    """When each campaign was first alerted, in wall seconds: by the topic, and by the store. Two threads."""

    def __init__(self, stack: Stack, tag: str) -> None:
        self._stack = stack
        self._tag = tag
        self._stopping = threading.Event()
        self._alerts: dict[str, int] = {}
        self.topic: dict[int, float] = {}
        self.store: dict[int, float] = {}
        self._threads = [
            threading.Thread(target=lambda: asyncio.run(self._listen()), daemon=True),
            threading.Thread(target=self._ask, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    async def _listen(self) -> None:
        async def feed() -> None:
            async for alert in alert_feed(self._stack.bootstrap):
                if isinstance(alert, Gone) or alert.kind != "copy_paste":
                    continue
                number = campaign_of(alert.posts.ids, self._tag)
                if number is not None:
                    self._alerts[alert.alert_id] = number
                    self.topic.setdefault(number, time.time())

        task = asyncio.create_task(feed())
        while not self._stopping.is_set() and not task.done():
            await asyncio.sleep(0.05)
        task.cancel()

    def _ask(self) -> None:
        query = (
            f"SELECT alert_id FROM alert_revisions WHERE kind = 'copy_paste' AND alert LIKE '%{self._tag}-c%'"
        )
        with StoreClient("127.0.0.1", self._stack.store_port) as client:
            while not self._stopping.wait(ASK_EVERY):
                rows = client.query(query).result_rows
                at = time.time()
                for (name,) in rows:
                    if name in self._alerts:
                        self.store.setdefault(self._alerts[name], at)

    def stop(self, patience: float) -> None:
        """Waits until all campaigns are in both, or patience ends."""
        deadline = time.monotonic() + patience
        while len(self.store) < CAMPAIGNS and time.monotonic() < deadline:
            time.sleep(ASK_EVERY)
        self._stopping.set()
        for thread in self._threads:
            thread.join(10.0)


def campaign_of(posts: Sequence[str], tag: str) -> int | None:
    """The number of the campaign that an alert's posts belong to (`TAG-cN-pK`), or None where it is none of the run."""
    mark = f"{tag}-c"
    first = next((name for name in posts if name.startswith(mark)), None)
    return None if first is None else int(first.removeprefix(mark).partition("-")[0])


def quantiles(values: Sequence[float]) -> tuple[float, float, float]:
    """p50, p99 and the greatest, each a value that occurred (nearest rank).

    Raises:
        ValueError: there is none.
    """
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return (*(ordered[max(0, -(-len(ordered) * q // 100) - 1)] for q in (50, 99)), ordered[-1])  # type: ignore[return-value]


class Measured(NamedTuple):
    """One pace. behind: seconds from the last publication until detection had read everything."""

    rate: int
    seconds: float
    late: float
    behind: float
    topic: list[float]
    store: list[float]


def measured(stack: Stack, rate: int, seconds: float) -> Measured:
    """Publishes at this pace and listens."""
    tag = f"r{rate}"
    heard = Heard(stack, tag)
    command = [sys.executable, "-m", "tests.bench.pacing", stack.bootstrap, str(rate), str(seconds), tag]
    with subprocess.Popen(command, env=environment(None), stdout=subprocess.PIPE, text=True) as pacing:
        assert pacing.stdout is not None
        try:
            start = int(pacing.stdout.readline()) / 1e6
            late = float(pacing.stdout.readline())
        except BaseException:
            pacing.terminate()
            raise
    ended = time.monotonic()
    asyncio.run(drain(stack.bootstrap, patience=_PATIENCE, store=False))
    behind = time.monotonic() - ended
    heard.stop(60.0)
    return Measured(
        rate, seconds, late, behind, *(_since(times, start, seconds) for times in (heard.topic, heard.store))
    )


def _since(times: Mapping[int, float], start: float, seconds: float) -> list[float]:
    return [at - start - completed(seconds, campaign) for campaign, at in times.items()]


def _cells(values: Sequence[float]) -> list[str]:
    return [f"{value:.2f}" for value in quantiles(values)] if values else ["", "", ""]


def tabled(runs: Sequence[Measured]) -> str:
    """Seconds."""
    head = (
        "posts/s",
        "for, s",
        "found",
        "topic p50",
        "p99",
        "max",
        "store p50",
        "p99",
        "max",
        "publisher late",
        "read behind",
    )
    rows = [
        (
            f"{run.rate:,}",
            f"{run.seconds:.0f}",
            f"{len(run.topic)} of {CAMPAIGNS}",
            *_cells(run.topic),
            *_cells(run.store),
            f"{run.late:.1f}",
            f"{run.behind:.1f}",
        )
        for run in runs
    ]
    return table(head, rows)


def section(options: Options) -> str:
    """Measures; the body of the section."""
    with running() as stack:
        runs = []
        for rate, seconds in options.rates:
            say(f"bench: latency at {rate:,} posts/s for {seconds:.0f} s")
            runs.append(measured(stack, rate, seconds))
    lateness = Parameters().lateness_minutes
    return (
        f"Posts of platform `{PLATFORM}` are published at a steady pace, each when its own time comes, with "
        f"{CAMPAIGNS} campaigns of {accounts()} copies {1000 * GAP:.0f} ms apart: as many as make an alert. "
        "Seconds from the time of the last copy to the alert's arrival at a reader of the alert topic, "
        f"and to its being there for a query that asks the store every {1000 * ASK_EVERY:.0f} ms. *read behind*: how "
        "long after the end of publishing "
        "detection had committed all of it (it commits once a second); where that is much, the pace is more than this "
        "machine keeps up with, and the latency is that of the queue.\n\n"
        + tabled(runs)
        + f"\n\nThe lateness of {lateness:.0f} minutes is no part of these figures. An alert is opened when the clocks "
        "of all partitions have passed the first post of its campaign, which the next published batch brings about "
        "because publishers tell every partition the time; only *closing* an alert waits for the watermark, the "
        "lateness behind. A partition whose publisher says nothing holds alerts up until it is taken to be quiet, by "
        f"design {GRACE:.0f} to {GRACE + QUIET_EVERY:.0f} s of wall time."
    )

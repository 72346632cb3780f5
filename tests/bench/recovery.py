"""What it costs that a worker may die: states on disk, and the time that a death takes."""

from __future__ import annotations

import asyncio
import signal
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agents.saving import Saver
from pipeline.connect.files import stamp
from pipeline.connect.items import Item
from pipeline.detect.alert_step import AlertStep
from pipeline.detect.intake import Raw
from pipeline.detect.parameters import Parameters
from pipeline.detect.post_step import PostStep
from pipeline.detect.shuffle_step import ShuffleStep
from pipeline.drain import drain
from pipeline.snapshots import Mark, Snapshots, fit, freeze
from pipeline.stack import Stack
from tests.bench.live import publish, running
from tests.bench.options import Options
from tests.bench.posts import generated
from tests.measure import say, table

TITLE = "States on disk, and a worker that dies"

_BATCH = 2_000
_LAST = Mark(0, 0, 0)
_PATIENCE = 300.0


def states(posts: Sequence[Item]) -> dict[str, Any]:
    """The steps as they stand after these posts, by name."""
    parameters = Parameters()
    first, second, third = (
        PostStep(parameters, 0, 1),
        ShuffleStep(parameters, 0, 1),
        AlertStep(parameters, 1, 1),
    )
    raws = [Raw(item.raw, clock, offset=number) for number, (item, clock) in enumerate(stamp(posts))]
    for start in range(0, len(raws), _BATCH):
        for posted in first.feed(raws[start : start + _BATCH]):
            for message in posted.shuffled:
                for told in second.feed(message, 0.0):
                    third.feed(told, 0.0)
    return {"posts": first, "shuffle": second, "alerts": third}


async def _stall(saver: Saver, state: Any) -> float:
    """CPU seconds that the worker itself spends while a child writes the state: for so long nothing else is done."""
    saver.save(("large", 0), _LAST, state)  # shows itself to be large
    while not saver.idle:
        await asyncio.sleep(0.01)
    began = time.process_time()
    saver.save(("large", 0), _LAST, state)
    spent = time.process_time() - began
    while not saver.idle:
        await asyncio.sleep(0.01)
    return spent


def sizes(count: int, folder: Path) -> list[list[str]]:
    """A line for each step after so many posts."""
    posts = generated(count)
    snapshots = Snapshots(folder, fit(Parameters()))
    lines = []
    for name, state in states(posts).items():
        began = time.process_time()
        pickled = freeze(state)
        frozen = time.process_time() - began
        size = snapshots.write(name, 0, _LAST, pickled)
        written = time.process_time() - began
        began = time.process_time()
        if snapshots.read(name, 0) is None:
            raise RuntimeError("a state that was just written does not fit")
        loaded = time.process_time() - began
        stall = asyncio.run(_stall(Saver(snapshots, 0.0, 1.0), state)) if frozen > 0.1 else frozen
        cells = [f"{len(posts):,}", name, f"{size / 1e6:.1f} MB", f"{size / len(posts):.0f}"]
        lines.append([*cells, f"{written:.2f} s", f"{1000 * stall:.0f} ms", f"{loaded:.2f} s"])
    return lines


def _die(stack: Stack) -> None:
    """SIGKILL for the detection worker, and another one at once."""
    stack._parts["detect-1"].send_signal(signal.SIGKILL)
    stack._parts["detect-1"].wait()
    stack._line(stack._python("detect-1", ["-m", "agents.worker", "--role", "detect"]), "detect-1")


def passage(posts: Sequence[Item], rate: float, deaths: int) -> float:
    """Seconds from the first publication until all alerts are told, at so many posts a second, with so many deaths of
    the only detection worker, evenly spread."""

    async def flow(stack: Stack) -> float:
        began, step = time.perf_counter(), max(1, round(rate / 4))
        dying: list[asyncio.Task[None]] = []
        for start in range(0, len(posts), step):
            due = began + start / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            if len(dying) < deaths and start >= len(posts) * (len(dying) + 1) / (deaths + 1):
                dying.append(asyncio.create_task(asyncio.to_thread(_die, stack)))
            await publish(stack.bootstrap, posts[start : start + step], end=start + step >= len(posts))
        await asyncio.gather(*dying)
        await drain(stack.bootstrap, patience=_PATIENCE, store=False)
        return time.perf_counter() - began

    with running() as stack:
        return asyncio.run(flow(stack))


def section(options: Options) -> str:
    """States at two sizes, then the same stream without and with a death."""
    lines: list[list[str]] = []
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as folder:
        for count in (2_000, 5_000) if options.quick else (10_000, 100_000):
            say(f"bench: states after {count:,} posts")
            lines += sizes(count, Path(folder) / "state")
    head = [
        "posts in the window",
        "step",
        "file",
        "bytes a post",
        "CPU to write",
        "worker stands still",
        "CPU to load",
    ]
    rate, seconds = (500.0, 8.0) if options.quick else (1_000.0, 40.0)
    posts = generated(round(rate * seconds))
    say("bench: a stream without a death and with one")
    calm, hit = passage(posts, rate, 0), passage(posts, rate, 1)
    return (
        f"{table(head, lines)}\n\n"
        f"{len(posts):,} posts at {rate:,.0f} a second, one detection worker: all alerts told after {calm:.1f} s; "
        f"with the worker killed in the middle and started again at once after {hit:.1f} s."
    )

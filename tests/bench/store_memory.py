"""Whether the store's memory grows with what it holds, or with the size of an insert."""

from __future__ import annotations

import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench.live import pids
from tests.bench.options import Options
from tests.bench.posts import generated
from tests.bench.processes import anonymous_bytes
from tests.bench.store import repeated, unit, writing
from tests.measure import say, table

TITLE = "Memory of the store"

_STEPS = 6
_SIZES = (600, 6_000, 20_000)
"""Rows of an insert: a second of a steady stream, ten seconds of it, what waits after a long stop."""
_LOOK = 0.1


@contextmanager
def _watched(pid: int) -> Iterator[list[int]]:
    """Bytes, looked at ten times a second while it lasts."""
    found: list[int] = []
    done = threading.Event()

    def look() -> None:
        ended = False
        while not ended:  # the end is looked at as well, however soon it comes
            ended = done.wait(_LOOK)
            found.append(anonymous_bytes(pid) or 0)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        done.set()
        thread.join()


def _lines(options: Options, size: int) -> list[list[str]]:
    rows = unit(generated(options.count // 2))["posts"]
    lines, count = [], 0
    repetitions = max(1, options.rows // (2 * _STEPS * rows.num_rows))
    with writing() as (stack, writer):
        for step in range(_STEPS):
            with _watched(pids(stack)["store"]) as found:
                for number in range(step * repetitions, (step + 1) * repetitions):
                    again = repeated(rows, number)
                    for at in range(0, again.num_rows, size):
                        count += writer.insert("posts", again.slice(at, size))
            middle, most = statistics.median(found) / 1e6, max(found) / 1e6
            lines.append([f"{size:,}", f"{count:,}", f"{middle:,.0f}", f"{most:,.0f}"])
    return lines


def section(options: Options) -> str:
    """Measures; the body of the section."""
    lines = []
    for size in _SIZES:
        say(f"bench: the store's memory, {size:,} rows an insert")
        lines += _lines(options, size)
    return (
        "Posts are inserted as fast as they go, so many at a time. Anonymous memory of the embedded store's process, "
        "without the pages of its library, which the system may drop at any time; looked at ten times a second while "
        "the posts of the line came.\n\n"
        + table(("rows an insert", "posts in the store", "median, MB", "most, MB"), lines)
    )

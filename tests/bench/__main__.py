"""`make bench`: how fast Vigie is, everything in one run. Writes docs/performance.md and docs/scaling.md.

    python -m tests.bench [PART…] [--quick] [--large] [--posts N]

measures only the parts named and leaves the other sections as they stand. Progress goes to standard error.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable

from pipeline.garbage import collect_rarely
from tests.bench import (
    copies,
    latency,
    recovery,
    rings,
    scaling,
    stages,
    start,
    store,
    store_memory,
    throughput,
)
from tests.bench.growth_hook import TITLE as GROWTH
from tests.bench.growth_hook import section as growth
from tests.bench.options import POSTS, Options
from tests.bench.page import rewrite
from tests.interrupts import heeded
from tests.measure import ROOT, machine, say

Section = Callable[[Options], str | None]

PERFORMANCE: dict[str, tuple[str, Section]] = {
    "throughput": (throughput.TITLE, throughput.section),
    "copies": (copies.TITLE, copies.section),
    "stages": (stages.TITLE, stages.section),
    "growth": (GROWTH, growth),
    "rings": (rings.TITLE, rings.section),
    "latency": (latency.TITLE, latency.section),
    "store": (store.TITLE, store.section),
    "memory": (store_memory.TITLE, store_memory.section),
    "recovery": (recovery.TITLE, recovery.section),
    "start": (start.TITLE, start.section),
}
"""Name of a part -> title of its section, and what measures it, in the order of docs/performance.md."""

SCALING = "scaling"
"""The part that writes docs/scaling.md."""


def main() -> None:
    """Measures and writes."""
    cli = argparse.ArgumentParser(prog="python -m tests.bench", description="Measures how fast Vigie is.")
    cli.add_argument("parts", nargs="*", metavar="PART", help=", ".join((*PERFORMANCE, SCALING)))
    cli.add_argument("--quick", action="store_true", help="everything small, for developing the benchmark")
    cli.add_argument("--large", action="store_true", help="ten million rows in the store")
    cli.add_argument("--posts", type=int, default=POSTS, help="posts of each kind, at the most")
    arguments = cli.parse_args()
    unknown = set(arguments.parts) - {*PERFORMANCE, SCALING}
    if unknown:
        cli.error(
            f"unknown part {', '.join(sorted(unknown))}; there are {', '.join((*PERFORMANCE, SCALING))}"
        )
    heeded()
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM)
    )  # what was started is stopped first
    options = Options(arguments.posts, arguments.quick, arguments.large)
    collect_rarely()  # as the workers do
    chosen = arguments.parts or [*PERFORMANCE, SCALING]
    head = (
        "# Performance\n\nWritten by `make bench` (`python -m tests.bench PART` measures one section anew). Broker, "
        f"workers, store and whoever publishes share the machine's cores. Machine: {machine()}."
    )
    if options.quick:
        head += "\n\nThe last run was a quick one, of a few thousand posts: its figures are of no account."
    order = [title for title, _ in PERFORMANCE.values()]
    for name in chosen:
        say(f"bench: {name}")
        if name == SCALING:
            text = scaling.report(options)
            # A quick run leaves the page alone: everything in it follows from figures that it has not got.
            if options.quick:
                print(text)
            else:
                (ROOT / "docs" / "scaling.md").write_text(text, encoding="utf-8")
            continue
        title, measure = PERFORMANCE[name]
        body = measure(options)
        if body is not None:
            # After each part: a run of half an hour that ends early has told what it knew.
            rewrite(ROOT / "docs" / "performance.md", head, {title: body}, order)
    say("bench: done")


if __name__ == "__main__":
    main()

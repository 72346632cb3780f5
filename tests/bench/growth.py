"""Cost and memory of the copy index as it fills, as clusters multiply, and in its worst cases.

    python -m tests.bench.growth [CASE SIZE]

prints all tables, or measures one case: each in a process of its own, because memory is that of the process.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

import orjson

from pipeline.detect.copies import CopyIndex
from pipeline.detect.copy_parameters import CopyParameters
from tests.bench.made_posts import Made, Writer
from tests.bench.processes import resident_bytes
from tests.measure import say, table

BATCH = 5_000
_WINDOWS = {"own": (10_000, 100_000, 1_000_000, 3_000_000), "common": (10_000, 100_000, 300_000, 1_000_000)}
_CLUSTERS = (10, 100, 1_000, 10_000, 100_000)
_CLUSTERED = 200_000
_WORST = (10_000, 50_000)
_WORST_CASES = {
    "one-text": "every post a copy of one, word for word",
    "salted": "every post a copy of one, each with words of its own: one bucket holds all",
    "beginning": "every post begins with the same words and is a copy of nothing",
    "one-author": "every post of one author",
}


class Measured(NamedTuple):
    """micros: CPU time of the last posts, microseconds a post; slowest: seconds of the slowest batch; bytes: resident
    memory that came with each post; links: found in all."""

    micros: float
    slowest: float
    bytes: float
    links: int


def made(case: str, size: int) -> Iterator[Made]:
    """The posts of a case, so many; of the clusters, `size` is how many there are."""
    writer = Writer(1, common=case != "own")
    head = writer.texts(2)[0]
    count = _CLUSTERED if case == "clusters" else size
    heads = writer.texts(size) if case == "clusters" else []
    for start in range(0, count, BATCH):
        number = min(BATCH, count - start)
        texts = writer.texts(number)
        if case == "clusters":
            for place, text in enumerate(texts):
                copied = heads[(start + place) * 7_919 % size]
                texts[place] = copied if place % 2 else f"{copied} {text.split()[0]}"
        elif case == "one-text":
            texts = [head] * number
        elif case == "salted":
            texts = [f"{head} {text.split()[0]} {start + n}" for n, text in enumerate(texts)]
        elif case == "beginning":
            texts = [f"{' '.join(head.split()[:2])} {text}" for text in texts]
        yield writer.batch(texts, author=7 if case == "one-author" else None)


def measured(case: str, size: int) -> Measured:
    """Fills an index with the posts of a case."""
    for batch in made("common", 500):  # what is loaded and allocated once is so before
        CopyIndex(CopyParameters()).add(batch.rows, *batch.prints)
    index = CopyIndex(CopyParameters(max_posts=100_000_000))
    posts = links = 0
    costs: list[tuple[float, int]] = []
    stream = made(case, size)
    batch = next(stream)
    gc.collect()
    before = resident_bytes(os.getpid()) or 0
    while True:
        began = time.process_time()
        links += len(index.add(batch.rows, *batch.prints))
        costs.append((time.process_time() - began, len(batch.rows)))
        posts += len(batch.rows)
        following = next(stream, None)
        if following is None:
            break
        batch = following
    del batch
    gc.collect()
    grown = (resident_bytes(os.getpid()) or 0) - before
    last = costs[-4:]
    micros = 1e6 * sum(cost for cost, _ in last) / sum(number for _, number in last)
    return Measured(micros, max(cost for cost, _ in costs), grown / posts, links)


def _apart(case: str, size: int) -> Measured:
    say(f"bench: growth, {case}, {size:,}")
    command = [sys.executable, "-m", "tests.bench.growth", case, str(size)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return Measured(*orjson.loads(done.stdout))


def report() -> str:
    """All tables."""
    parts = [
        "The index alone (`CopyIndex.add`), with all keys of each post, batches of 5,000. µs: CPU time a post, of the "
        "last 20,000. Bytes: resident memory a post in the window. Slowest: CPU seconds of the slowest batch."
    ]
    for case, title in (
        ("own", "No two texts have a word in common: what the index itself costs"),
        ("common", "Words as frequent as in recorded posts: what shares a band by chance is compared, too"),
    ):
        results = [(size, _apart(case, size)) for size in _WINDOWS[case]]
        rows = [
            (
                f"{size:,}",
                f"{one.micros:.1f}",
                f"{one.micros / results[0][1].micros:.2f}",
                f"{one.bytes:.0f}",
                f"{one.slowest:.2f}",
            )
            for size, one in results
        ]
        parts.append(
            f"### {title}\n\n" + table(("posts in the window", "µs", "×", "bytes", "slowest, s"), rows)
        )
    clusters = [(size, _apart("clusters", size)) for size in _CLUSTERS]
    parts.append(
        f"### Clusters\n\n{_CLUSTERED:,} posts, all of them copies, every second one salted.\n\n"
        + table(
            ("clusters", "µs", "bytes", "links"),
            [
                (f"{size:,}", f"{one.micros:.1f}", f"{one.bytes:.0f}", f"{one.links:,}")
                for size, one in clusters
            ],
        )
    )
    worst = [(what, [_apart(case, size) for size in _WORST]) for case, what in _WORST_CASES.items()]
    parts.append(
        "### Worst cases\n\n"
        + table(
            ("case", *(f"µs at {size:,}" for size in _WORST), "×", "bytes"),
            [
                (
                    what,
                    *(f"{one.micros:.1f}" for one in both),
                    f"{both[1].micros / both[0].micros:.2f}",
                    f"{both[1].bytes:.0f}",
                )
                for what, both in worst
            ],
        )
    )
    return "\n\n".join(parts)


def main() -> None:
    """Measures."""
    if len(sys.argv) == 3:
        sys.stdout.write(orjson.dumps(list(measured(sys.argv[1], int(sys.argv[2])))).decode())
    else:
        print(report())


if __name__ == "__main__":
    main()

"""The words and tables of docs/scaling.md around measured figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.detect.copy_parameters import CopyParameters
from schemas.topics import POSTS_ENRICHED, POSTS_RAW, SHUFFLE, SIGNALS, TOPICS
from tests.bench.scaling_model import (
    BUSY,
    Cost,
    alert_limit,
    cores_needed,
    covered_hours,
    spread_limit,
    terabytes,
)
from tests.measure import machine, table

if TYPE_CHECKING:
    from tests.bench.scaling import Workers

PARTITIONS = (2, 16, 64, 200)
CORES = (16, 200)
FIREHOSE = 150_000.0
"""Posts a second of the largest public stream that is talked of."""
REPLICAS = 3
Skews = Sequence[tuple[str, Sequence[tuple[int, float, float]]]]


def page(runs: Sequence[Workers], costs: Sequence[Cost], skews: Skews, packed: float, some: int) -> str:
    """The whole page."""
    return (
        "\n\n".join(
            [
                "# Scaling",
                "Written by `python -m tests.bench scaling`. The first part is measured on the machine named here; the "
                f"second is arithmetic over those figures and nothing else. Machine: {machine()}.",
                "## Measured",
                "### Detection workers",
                workers(runs),
                "### What the topics carry",
                carried(runs[0], packed),
                "### More partitions",
                partitions(costs, some),
                "### Uneven partitions",
                uneven(skews),
                f"## A stream of {FIREHOSE:,.0f} posts a second",
                f"Cores are planned to be busy for {BUSY:.0%}; Kafka keeps {REPLICAS} replicas.",
                "### Workers",
                machines(costs),
                "### Kafka",
                kafka(runs[0], costs, packed),
                "### ClickHouse",
                clickhouse(runs[0]),
                "### Where it breaks first",
                breaks(runs[0], costs),
            ]
        )
        + "\n"
    )


def _per_post(run: Workers, name: str) -> float:
    return 1e6 * run.run.cpu.get(name, 0.0) / run.run.count


def workers(runs: Sequence[Workers]) -> str:
    """One worker, two workers."""
    alone = runs[0].run.detected
    rows = [
        (
            run.count,
            f"{alone / run.run.detected:.2f}",
            f"{run.run.count / run.run.detected:,.0f}",
            f"{run.run.count / run.run.stored:,.0f}",
            *(f"{_per_post(run, name):.0f}" for name in ("detect", "sink", "store", "broker")),
            f"{(run.run.memory_of('detect') - run.resting) / run.run.count:,.0f}",
        )
        for run in runs
    ]
    head = (
        "workers",
        "× one",
        "detected/s",
        "and stored/s",
        "detect, µs",
        "sink, µs",
        "store, µs",
        "broker, µs",
        "B a post",
    )
    return (
        f"{runs[0].run.count:,} generated posts through the live system on the embedded broker. Columns in µs are CPU "
        "time a post; the last one is the memory by which the detection workers grow. All parts share the cores of "
        "this machine: what a second worker gains is what the others leave it.\n\n" + table(head, rows)
    )


def carried(run: Workers, packed: float) -> str:
    """Messages and bytes by topic."""
    count = run.run.count
    rows = [
        (
            f"`{topic}`",
            f"{volume.messages:,}",
            f"{volume.messages / count:.3f}",
            f"{volume.bytes / max(1, volume.messages):,.0f}",
            f"{volume.bytes / count:,.0f}",
        )
        for topic, volume in run.run.volumes.items()
    ]
    head = ("topic", "messages", "a post", "bytes each", "bytes a post")
    return f"Values, uncompressed; lz4 leaves {packed:.2f} of the raw posts.\n\n" + table(head, rows)


def partitions(costs: Sequence[Cost], some: int) -> str:
    """The core cut up."""
    rows = [
        (
            cost.partitions,
            f"{cost.first:.0f}",
            f"{cost.shuffle:.0f}",
            f"{cost.alerts:.1f}",
            f"{cost.fan_out:.1f}",
            f"{cost.shuffle_bytes:,.0f}",
            f"{cost.source_skew:.2f}",
            f"{cost.shuffle_skew:.2f}",
        )
        for cost in costs
    ]
    head = (
        "shuffle partitions",
        "first step, µs",
        "shuffle steps, µs",
        "alert step, µs",
        "partitions a post goes to",
        "shuffle, bytes a post",
        "fullest source",
        "fullest shuffle",
    )
    return (
        f"{some:,} posts through the core in one process, in batches of 5,000 from one source, cut into so many "
        "shuffle partitions: CPU time a post, summed over the partitions. The fullest partition is given against the "
        "mean: by author with as many source partitions, and by what a shuffle partition holds.\n\n"
        + table(head, rows)
    )


def uneven(skews: Skews) -> str:
    """Authors and targets."""
    rows = [
        (title, count, f"{authors:.2f}", f"{targets:.2f}" if targets else "no targets")
        for title, lines in skews
        for count, authors, targets in lines
    ]
    head = ("posts", "partitions", "fullest, by author", "fullest, by target")
    return (
        "The partition with the most posts against the mean. With many partitions the busiest author or target "
        "alone fills the fullest one.\n\n" + table(head, rows)
    )


def nearest(costs: Sequence[Cost], cores: int) -> Cost:
    """The cut with the partitions that come nearest to one a core."""
    return min(costs, key=lambda cost: abs(cost.partitions - cores))


def machines(costs: Sequence[Cost]) -> str:
    """What 16 and 200 cores do, and what the firehose needs."""
    rows = []
    for cores in CORES:
        cost = nearest(costs, cores)
        rows.append(
            (
                cores,
                cost.partitions,
                f"{cost.spread:.0f}",
                f"{spread_limit(cost, cores):,.0f}",
                f"{100 * spread_limit(cost, cores) / FIREHOSE:.0f} %",
                f"{cores_needed(FIREHOSE, cost.spread):,.0f}",
            )
        )
    head = (
        "cores",
        "partitions",
        "µs a post",
        "posts/s, at the fullest partition's pace",
        "of the stream",
        "cores for all of it",
    )
    return (
        "Detection, one source and one shuffle partition a core; the shell (Faust, reading, publishing) is what the "
        f"live run used beyond the core, {costs[0].shell:.0f} µs. The cost of the copy index is that of a small "
        "window; how it grows stands in [performance.md](performance.md).\n\n" + table(head, rows)
    )


def kafka(run: Workers, costs: Sequence[Cost], packed: float) -> str:
    """Bytes a second and on disk."""
    wide = nearest(costs, CORES[-1])
    carrying = {
        topic: volume.bytes / run.run.count
        for topic, volume in run.run.volumes.items()
        if topic in (POSTS_RAW, POSTS_ENRICHED, SIGNALS)
    }
    carrying[SHUFFLE] = wide.shuffle_bytes
    rows = [
        (
            f"`{topic}`",
            f"{size:,.0f}",
            f"{size * FIREHOSE / 1e6:,.0f}",
            f"{size * FIREHOSE * packed / 1e6:,.0f}",
            f"{terabytes(size * packed, FIREHOSE, TOPICS[topic].retention_hours, REPLICAS):,.0f}",
        )
        for topic, size in carrying.items()
    ]
    head = ("topic", "bytes a post", "MB/s", "MB/s with lz4", f"TB held, {REPLICAS} replicas")
    total = sum(carrying.values()) * FIREHOSE * packed / 1e6
    return (
        f"With {wide.partitions} shuffle partitions and the retention that is declared; lz4 is taken to leave of each "
        "topic what it leaves of the raw posts.\n\n"
        + table(head, rows)
        + f"\n\nIn all {total:,.0f} MB/s come in, {REPLICAS} times that is written, and Vigie reads each topic once."
    )


def clickhouse(run: Workers) -> str:
    """Rows a second and disk."""
    rows = [
        ("rows a second", f"{FIREHOSE:,.0f}"),
        ("cores of sinks", f"{cores_needed(FIREHOSE, _per_post(run, 'sink')):,.0f}"),
        ("cores of the store for inserting", f"{cores_needed(FIREHOSE, _per_post(run, 'store')):,.0f}"),
        ("TB a day", f"{terabytes(run.disk, FIREHOSE, 24.0):,.1f}"),
    ]
    return (
        f"{run.disk:.0f} bytes a post on disk, {_per_post(run, 'store'):.0f} µs of the store and "
        f"{_per_post(run, 'sink'):.0f} µs of the sink a post in the live run; queries are not in it.\n\n"
        + table(("what", "needed"), rows)
    )


def breaks(run: Workers, costs: Sequence[Cost]) -> str:
    """Limits in order: the lowest first."""
    parameters = CopyParameters()
    wide = nearest(costs, CORES[-1])
    single = [
        (alert_limit(cost), f"one place makes all alerts, with {cost.partitions} shuffle partitions")
        for cost in (nearest(costs, cores) for cores in CORES)
    ]
    spread = [(spread_limit(nearest(costs, c), c), f"{c} cores detect") for c in CORES]
    here = [(run.run.count / run.run.stored, f"this machine, everything on {machine().split(',')[0]}")]
    rows = [(f"{rate:,.0f}", what) for rate, what in sorted([*single, *spread, *here])]
    hours = covered_hours(wide, parameters.max_posts, FIREHOSE)
    return (
        "Posts a second up to which each holds, the lowest first.\n\n"
        + table(("posts/s", "what"), rows)
        + f"\n\nTime that copies are remembered: a shuffle partition keeps {parameters.max_posts:,} posts, and with "
        f"{wide.partitions} partitions each post goes to {wide.fan_out:.1f} of them, so at {FIREHOSE:,.0f} posts a "
        f"second the index reaches back {3600 * hours:,.0f} seconds instead of {parameters.window_hours:.0f} hours. "
        "Copies that follow each other faster are found, slower ones are not; a longer memory costs `copies.max_posts` "
        "times the partitions times the memory of a post."
    )

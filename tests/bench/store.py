"""The store: inserting, size on disk, and the cookbook's queries over many posts and alerts."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.backtest import BATCH, Backtest
from pipeline.connect.files import stamp
from pipeline.connect.items import Item
from pipeline.detect.campaigns import Closed
from pipeline.detect.parameters import Parameters
from pipeline.stack import Stack
from pipeline.store.client import StoreClient
from pipeline.store.enriched_rows import posts_from_json
from pipeline.store.rows import alert_revisions_table, alerts_table, copy_members_table
from pipeline.text.contract import to_contract
from pipeline.text.enrich import enrich
from schemas.alerts import encode_alert
from schemas.decode import decode
from schemas.records import Post
from schemas.times import DAY, format_time
from tests.bench.cookbook import Recipe, recipes
from tests.bench.live import pids, running
from tests.bench.options import Options
from tests.bench.posts import generated
from tests.bench.processes import Meter
from tests.measure import ROOT, say, table

TITLE = "Store"

SPAN = 3 * DAY
"""A scenario's length: each repetition is so much later."""

_POSTS_AN_ALERT = 1_000
_AT_ONCE = 50_000
_LONGEST = 120.0
Tables = dict[str, pa.Table]


class Answered(NamedTuple):
    """A query: its time, what it read, or why it was refused."""

    about: str
    seconds: float
    read_rows: int
    read_bytes: int
    refused: str = ""


def unit(posts: Sequence[Item]) -> Tables:
    """The rows that a scenario makes: posts, alerts, their revisions, members of copy clusters."""
    run = Backtest(Parameters())
    stamped = list(stamp(posts))
    for at in range(0, len(stamped), BATCH):
        run.feed(stamped[at : at + BATCH])
    run.feed([], end=True)
    records = [record for item in posts if isinstance(record := decode(item.raw, "posts"), Post)]
    alerts = [orjson.loads(encode_alert(alert)) for alert in run.alerts.values()]
    return {
        "posts": posts_from_json([orjson.dumps(to_contract(enrich(record))) for record in records], 0),
        "alerts": alerts_table(alerts, 0),
        "alert_revisions": alert_revisions_table(alerts, 0),
        "copy_members": copy_members_table(members(run.copies, records), 0),
    }


def members(clusters: Sequence[Closed], records: Sequence[Post]) -> list[dict[str, Any]]:
    """CopyMember records of the clusters."""
    by_id = {record.id: record for record in records}
    return [
        {
            "cluster_id": cluster.cluster_id,
            "platform": (post := by_id[name]).platform,
            "id": name,
            "author_id": post.author_id,
            "created_at": format_time(post.created_at),
        }
        for cluster in clusters
        for name in cluster.post_ids
    ]


def repeated(rows: pa.Table, number: int) -> pa.Table:
    """The same rows as another time would bring them: other ids, `number` spans later.

    The number stands in front of the ids, so that in the table's order equal texts lie a whole repetition apart and
    compress no better than in life.
    """
    for place, field in enumerate(rows.schema):
        if field.name in ("id", "alert_id", "cluster_id"):
            column = pc.binary_join_element_wise(f"{number:05d}", rows[field.name], "-")
        elif field.name in ("created_at", "first_seen", "last_seen", "window_start", "window_end"):
            moved = pc.add(rows[field.name].cast(pa.int64()), number * SPAN)
            column = moved.cast(field.type)
        elif field.name == "ingested_at":
            column = pa.repeat(pa.scalar(time.time_ns() // 1000, pa.int64()), rows.num_rows).cast(field.type)
        else:
            continue
        rows = rows.set_column(place, field, column)
    return rows


def pieces(rows: pa.Table) -> Iterator[pa.Table]:
    """Parts of the size that the sink inserts."""
    for at in range(0, rows.num_rows, _AT_ONCE):
        yield rows.slice(at, _AT_ONCE)


def fill(writer: StoreClient, made: Tables, posts: int) -> tuple[int, float]:
    """Inserts repetitions until there are that many posts, and an alert for every thousand; posts, and the seconds of
    inserting them."""
    count, number, seconds = 0, 0, 0.0
    while count < posts:
        number += 1
        for piece in pieces(repeated(made["posts"], number)):
            began = time.perf_counter()
            count += writer.insert("posts", piece)
            seconds += time.perf_counter() - began
        writer.insert("copy_members", repeated(made["copy_members"], number))
        for name in ("alerts", "alert_revisions"):
            times = -(-made["posts"].num_rows // _POSTS_AN_ALERT // made[name].num_rows)
            for k in range(times):
                writer.insert(name, repeated(made[name], number * times + k))
        if number % 4 == 0:
            say(f"bench: {count:,} posts in the store")
    return count, seconds


def ask(stack: Stack, recipe: Recipe) -> Answered:
    """Runs a query as an analyst's tool does, over HTTP; the whole answer is fetched."""
    began = time.perf_counter()
    answer = httpx.get(
        f"http://127.0.0.1:{stack.store_port}/",
        params={
            "query": recipe.sql,
            "database": stack.settings.store.database,
            "default_format": "JSON",  # says itself what was read
            "wait_end_of_query": "1",
        },
        timeout=_LONGEST,
    )
    seconds = time.perf_counter() - began
    if not answer.is_success:
        return Answered(recipe.about, seconds, 0, 0, " ".join(answer.text.split())[:90])
    read = orjson.loads(answer.content)["statistics"]
    return Answered(recipe.about, seconds, int(read["rows_read"]), int(read["bytes_read"]))


def sizes(writer: StoreClient, database: str) -> list[tuple[str, int, int]]:
    """Table, rows and bytes on disk."""
    found = writer.query(
        "SELECT table, sum(rows), sum(bytes_on_disk) FROM system.parts "
        "WHERE active AND database = {d:String} GROUP BY table HAVING sum(rows) > 0 ORDER BY table",
        {"d": database},
    )
    return [(str(name), int(rows), int(size)) for name, rows, size in found.result_rows]


@contextmanager
def writing() -> Iterator[tuple[Stack, StoreClient]]:
    """A running stack, and who may write into its store."""
    with running() as stack:
        store = stack.settings.store
        with StoreClient(
            "127.0.0.1", stack.store_port, store.writer, stack.writer_password, store.database
        ) as writer:
            writer.wait_ready(30.0)
            yield stack, writer


def section(options: Options) -> str:
    """Measures; the body of the section."""
    say("bench: rows for the store")
    made = unit(generated(options.count))
    with writing() as (stack, writer):
        meter = Meter({"store": pids(stack)["store"]})
        count, seconds = fill(writer, made, options.rows)
        cpu = meter.seconds().get("store")
        disk = sizes(writer, stack.settings.store.database)
        book = recipes((ROOT / "docs" / "cookbook.md").read_text(encoding="utf-8"))
        answers = []
        for recipe in book:
            say(f"bench: {recipe.about}")
            answers.append(ask(stack, recipe))
        memory = meter.peaks().get("store")
    used = "" if cpu is None else f", {1e6 * cpu / count:.1f} µs of the store's CPU a post, merges included"
    peak = "" if memory is None else f" Peak memory of the store: {memory / 1e6:,.0f} MB."
    queries = table(
        ("query of the cookbook", "seconds", "rows read", "MB read", ""),
        [
            (a.about, f"{a.seconds:.2f}", f"{a.read_rows:,}", f"{a.read_bytes / 1e6:,.1f}", a.refused)
            for a in answers
        ],
    )
    held = table(
        ("table", "rows", "MB on disk", "MB per million rows"),
        [(name, f"{rows:,}", f"{size / 1e6:,.1f}", f"{size / rows:,.0f}") for name, rows, size in disk],
    )
    return (
        f"{count:,} generated posts over {count / max(1, made['posts'].num_rows) * SPAN / DAY:,.0f} days with their "
        f"alerts and copy clusters. Inserting the posts, {_AT_ONCE:,} rows at a time over HTTP: "
        f"{1e6 * seconds / count:.1f} µs a post{used}.{peak}\n\n{queries}\n\n{held}"
    )

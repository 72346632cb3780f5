"""Writes an alert and what it rests on into a folder."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import orjson
import pyarrow as pa

from pipeline.export import found, graphml, said, tables
from pipeline.export.gather import Gathering
from pipeline.export.graph import MAX_PAIRS, Graph, Thing
from pipeline.export.notes import Note, notes, read_me
from pipeline.store.client import StoreClient
from pipeline.store.schemas import FAN_COUNTS, FOLLOWS, POSTS
from schemas.alerts import Alert

MAX_ROWS = 100_000
"""Rows that are written unless more are asked for."""
MOST_ROWS = 1_000_000
"""Rows that a reader of the embedded store gets."""

_TABLES = {"posts": POSTS, "follows": FOLLOWS, "fan_counts": FAN_COUNTS}
READ_ME = "LISEZMOI.txt"


class Choice(msgspec.Struct, frozen=True):
    """What to write. form: of the rows. max_pairs: links between accounts in the graph."""

    form: tables.Format = "csv"
    max_rows: int = MAX_ROWS
    max_pairs: int = MAX_PAIRS


class Report(msgspec.Struct, frozen=True):
    """What was written. rows_in_store: rows behind the alert, of which `rows` were written. things: nodes of the graph
    that are no accounts. notes: what is left out or short."""

    alert_id: str
    folder: str
    files: list[str]
    rows: int
    rows_in_store: int
    accounts: int
    links: int
    things: int
    notes: list[Note]


def export(
    client: StoreClient,
    alert: Alert,
    folder: Path,
    choice: Choice,
    total: int,
    step: Callable[[int], None],
) -> Report:
    """Writes the files, each as a whole or not at all; those of an earlier export are written over. `total`: as
    `found.count` has it; `step`: told how many rows came.

    Raises:
        StoreError: the store is away.
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".vigie-export-", dir=folder) as name:
        fresh = Path(name)
        gathered = said.gathering(alert)
        table, rows = _rows(client, alert, fresh, choice, gathered, step)
        _elsewhere(client, alert, gathered)
        said.mark(alert, gathered)
        graph = gathered.graph(choice.max_pairs)
        said.add_links(alert, graph, gathered, choice.max_pairs)
        _graph_files(fresh, graph, gathered.labels)
        pretty = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
        (fresh / "alert.json").write_bytes(orjson.dumps(msgspec.to_builtins(alert), option=pretty))
        told = notes(alert, graph, table, rows, total, choice.max_pairs)
        (fresh / READ_ME).write_text(read_me(alert, table, choice.form, told), encoding="utf-8")
        files = sorted(path.name for path in fresh.iterdir())
        for file in files:
            (fresh / file).replace(folder / file)
    return Report(
        alert.alert_id,
        str(folder),
        files,
        rows,
        total,
        len(graph.accounts),
        len(graph.links),
        len(graph.hubs),
        told,
    )


def table_of(schema: pa.Schema) -> str:
    """Which table the rows of a query are of; `rows` where that is no table of records."""
    names = set(schema.names)
    return next((table for table, known in _TABLES.items() if names.issuperset(known.names)), "rows")


def _rows(
    client: StoreClient,
    alert: Alert,
    fresh: Path,
    choice: Choice,
    gathered: Gathering,
    step: Callable[[int], None],
) -> tuple[str, int]:
    """Writes the rows and gathers what they say; their table, and how many there were."""
    schema = client.query_arrow(found.first(alert, 0)).schema
    table = table_of(schema)
    take = {"posts": gathered.post, "follows": gathered.follow}.get(table)
    if table == "posts":
        gathered.clusters = found.clusters(client, found.first(alert, choice.max_rows))
    out = tables.rows_file(fresh / f"{table}.{choice.form}", choice.form, schema)
    rows = 0
    try:
        for batch in client.stream_arrow(found.first(alert, choice.max_rows)):
            out.write(batch)
            if take is not None:
                for row in tables.rows_of(batch):
                    take(row)
            rows += batch.num_rows
            step(batch.num_rows)
    finally:
        out.close()
    return table, rows


def _elsewhere(client: StoreClient, alert: Alert, gathered: Gathering) -> None:
    """Which of the first accounts came to other pages too, where the alert says that they did."""
    for reason in alert.reasons:
        if reason.code == "same_accounts_elsewhere":
            for page, account in found.also_on(client, alert, reason.values["page_ids"]):
                key = (alert.subject.platform, account)
                gathered.marked(key, reason.code)
                gathered.hub(Thing("page", page), key)


def _graph_files(fresh: Path, graph: Graph, labels: Mapping[Thing, str]) -> None:
    with (fresh / "graph.graphml").open("w", encoding="utf-8", newline="\n") as out:
        graphml.write(out, graph, labels)
    tables.write_accounts(fresh / "accounts.csv", graph)
    tables.write_links(fresh / "links.csv", graph, labels)

"""The tables of an export: the rows behind an alert, its accounts, and the links between them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.export.clean import clean
from pipeline.export.graph import Graph, Thing
from pipeline.export.words import between, hubs_of, links_of, why
from pipeline.formulas import plain
from schemas.times import SECOND, Micros, format_time

Format = Literal["csv", "parquet"]
FORMATS: tuple[Format, ...] = ("csv", "parquet")


class Rows(Protocol):
    """A file that rows are written to, batch by batch."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Adds rows."""

    def close(self) -> None:
        """The file is whole."""


class CsvRows:
    """CSV for a spreadsheet: cells that it would take for formulas are text, lists are words with blanks between."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._times = times_of(schema)
        # Excel takes a file without this mark for one of its country's old character set.
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._out = csv.writer(self._file)
        self._out.writerow(schema.names)

    def write(self, batch: pa.RecordBatch) -> None:
        """Adds rows."""
        for row in rows_of(batch):
            self._out.writerow(
                cell(format_time(value) if name in self._times and value is not None else value)
                for name, value in row.items()
            )

    def close(self) -> None:
        """The file is whole."""
        self._file.close()


class ParquetRows:
    """Parquet: the rows exactly as they are stored, with their types."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._out = pq.ParquetWriter(path, schema, compression="zstd")

    def write(self, batch: pa.RecordBatch) -> None:
        """Adds rows."""
        self._out.write_batch(batch)

    def close(self) -> None:
        """The file is whole."""
        self._out.close()


def rows_file(path: Path, form: Format, schema: pa.Schema) -> Rows:
    """A new file for rows."""
    return CsvRows(path, schema) if form == "csv" else ParquetRows(path, schema)


def times_of(schema: pa.Schema) -> frozenset[str]:
    """The columns that hold times."""
    return frozenset(field.name for field in schema if pa.types.is_timestamp(field.type))


def rows_of(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """The rows, times as microseconds."""
    columns = [
        column.cast(pa.timestamp("us", column.type.tz)).cast(pa.int64())
        if pa.types.is_timestamp(column.type)
        else column
        for column in batch.columns
    ]
    for values in zip(*(column.to_pylist() for column in columns), strict=True):
        yield dict(zip(batch.schema.names, values, strict=True))


def cell(value: object) -> str:
    """A value as a spreadsheet shows it, and only shows it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    text = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return plain(clean(text))


def write_accounts(path: Path, graph: Graph) -> None:
    """Each account, those that the alert names first, with what ties it to the others."""
    links, hubs = links_of(graph), hubs_of(graph)
    order = sorted(graph.accounts.items(), key=lambda one: (not one[1].listed, -len(links[one[0]]), one[0]))
    head = (
        *("platform", "account", "name", "created_at", "followers", "records", "first_seen", "last_seen"),
        *("named_by_alert", "named_by_reasons", "linked_accounts", "liens", "links"),
    )
    _write(
        path,
        head,
        (
            (
                *key,
                account.name,
                _time(account.created),
                account.followers,
                account.records,
                _time(account.first),
                _time(account.last),
                account.listed,
                account.marks,
                len(links[key]),
                *why(links[key], hubs[key]),
            )
            for key, account in order
        ),
    )


def write_links(path: Path, graph: Graph, labels: Mapping[Thing, str]) -> None:
    """Each link between two accounts, the strongest first, the rarest thing in common and two posts that show it."""
    order = sorted(graph.links.items(), key=lambda one: (-(one[1].evidence or 0.0), -one[1].weight, one[0]))
    head = (
        *("platform_a", "account_a", "platform_b", "account_b", "things", "evidence", "closest_seconds"),
        *("commun", "common", "example", "post_a", "post_b", "more_examples"),
    )
    _write(
        path,
        head,
        (
            (
                *a,
                *b,
                link.weight,
                link.evidence,
                None if link.closest is None else link.closest / SECOND,
                *between(link),
                labels.get(link.examples[0].thing, link.examples[0].thing.name),
                *link.examples[0].posts,
                " | ".join(labels.get(one.thing, one.thing.name) for one in link.examples[1:]),
            )
            for (a, b), link in order
        ),
    )


def _write(path: Path, head: tuple[str, ...], rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file)
        out.writerow(head)
        out.writerows([cell(value) for value in row] for row in rows)


def _time(at: Micros | None) -> str:
    return "" if at is None else format_time(at)

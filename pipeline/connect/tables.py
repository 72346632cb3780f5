"""Rows of CSV and Parquet files as JSON records."""

from __future__ import annotations

import csv
import json
import re
from collections import deque
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from pipeline.connect.items import TIME_FIELD, FileProblem, Item, Progress, describe
from pipeline.connect.lines import chunks, lines
from schemas.packing import packed
from schemas.records import Kind
from schemas.times import format_time, parse_time

_COUNTS = {"author_followers", "followers", "following", "posts", "actor_followers", "actor_posts"}
_FLAGS = {"is_repost", "deleted"}
_LISTS = {"urls", "hashtags", "mentions", "media_hashes"}
_TIMES = {*TIME_FIELD.values(), "author_created_at", "actor_created_at"}

_WHOLE = re.compile(r"[+-]?\d{1,18}(\.0*)?")
_EPOCH = re.compile(r"-?\d{9,17}(\.\d*)?")  # eight digits are a date: 20151202
_MAX_ROW_LINES = 10_000
_MAX_CELL = 8_000_000
_ROWS = 8192

Cell = Callable[[str], Any]


def _count(cell: str) -> int | str:
    text = cell.strip()
    return int(text.partition(".")[0]) if _WHOLE.fullmatch(text) else cell


def _flag(cell: str) -> bool | str:
    return {"true": True, "1": True, "false": False, "0": False}.get(cell.strip().lower(), cell)


def _list(cell: str) -> Any:
    if cell.lstrip().startswith("["):
        try:
            return orjson.loads(cell)
        except ValueError:  # also a cell that is not UTF-8
            return cell
    return cell.split()


def _time(cell: str) -> str:
    """RFC 3339 where the cell can be read; otherwise as it is, so that the refusal shows what stood there."""
    text = cell.strip()
    number = _EPOCH.fullmatch(text)
    try:
        return format_time(parse_time((float(text) if number.group(1) else int(text)) if number else text))
    except (ValueError, OverflowError):
        return cell


def _cell(name: str) -> Cell:
    if name in _COUNTS:
        return _count
    if name in _FLAGS:
        return _flag
    if name in _LISTS:
        return _list
    return _time if name in _TIMES else str


class _Feed:
    """Lines for `csv.reader`; remembers those of the row being read, so that a bad row can be given back."""

    def __init__(self, source: Iterator[tuple[int, bytes]]) -> None:
        self._source = source
        self._back: deque[tuple[int, bytes]] = deque()
        self.taken: list[tuple[int, bytes]] = []

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= _MAX_ROW_LINES:
            raise csv.Error("a row of more than 10,000 lines")
        entry = self._back.popleft() if self._back else next(self._source)
        self.taken.append(entry)
        return entry[1].decode("utf-8", "surrogateescape") + "\n"

    def give_back(self) -> tuple[int, bytes]:
        """Of a row that cannot be read, the first line; the others are read again, as rows of their own."""
        first, *others = self.taken
        self._back.extendleft(reversed(others))
        return first


def _header(path: Path, feed: _Feed) -> tuple[list[str], str]:
    """Column names and delimiter; ([], "") for an empty file."""
    for line in feed:
        if not line.strip():
            continue
        # French spreadsheets write semicolons.
        delimiter = "\t" if ".tsv" in path.name.lower() else max(",;\t", key=line.count)
        try:
            names = [name.strip() for name in next(csv.reader([line], delimiter=delimiter, strict=True))]
            "".join(names).encode()
        except (csv.Error, UnicodeEncodeError):
            raise FileProblem(
                str(path),
                "the first line is not a header of column names in UTF-8",
                "Put the fields' names there (id, platform, author_id, created_at, text) and save as UTF-8",
            ) from None
        return names, delimiter
    return [], ""


def csv_rows(path: Path, kind: Kind | None, progress: Progress) -> Iterator[Item]:
    """One item for each row. Empty cells are left out, except that of `text`: a post may have an empty text.

    A row that cannot be read (broken quotes, not UTF-8, more cells than columns) comes through as its bytes.

    Raises:
        FileProblem: no header, or after the last readable row.
    """
    source = str(path)
    # The limit belongs to the whole process; Vigie reads CSV nowhere else with another one.
    csv.field_size_limit(_MAX_CELL)
    feed = _Feed(lines(chunks(path, progress), lambda _: False))
    names, delimiter = _header(path, feed)
    if not names:
        return
    columns = [(name, _cell(name)) for name in names]
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        feed.taken.clear()
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            number, line = feed.give_back()
            yield Item(line, None, None, kind, source, number)
            continue
        number = feed.taken[0][0]
        if not row or (len(row) == 1 and not row[0].strip()):
            continue
        data = {
            name: convert(cell)
            for (name, convert), cell in zip(columns, row, strict=False)
            if name and (cell or name == "text")
        }
        try:
            if any(row[len(columns) :]):
                raise ValueError("more cells than columns")
            raw = packed(data)
        except (TypeError, ValueError):  # orjson refuses what was not UTF-8
            yield Item(b"\n".join(line for _, line in feed.taken), None, None, kind, source, number)
            continue
        yield Item(raw, *describe(data, kind), source, number)


def _moment(micros: int) -> str | int:
    try:
        return format_time(micros)
    except OverflowError:  # beyond the year 9999: as the number that it is; nothing reads it as a time
        return micros


def _column(array: Any) -> list[Any]:
    """Values of one Arrow column as JSON knows them; times as RFC 3339, NaN as None."""
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(array.type):
        array = array.dictionary_decode()
    kind = array.type
    if types.is_timestamp(kind):
        micros = array.cast(pa.timestamp("us", tz=kind.tz), safe=False).cast(pa.int64()).to_pylist()
        return [None if at is None else _moment(at) for at in micros]
    if types.is_floating(kind):
        return [None if value is None or value != value else value for value in array.to_pylist()]
    if (
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_binary(kind)
        or types.is_large_binary(kind)
    ):
        try:
            if not (types.is_binary(kind) or types.is_large_binary(kind)):
                return list(array.to_pylist())
        except UnicodeDecodeError:
            array = array.cast(pa.large_binary())
        values = array.to_pylist()
        return [None if value is None else value.decode("utf-8", "surrogateescape") for value in values]
    return list(array.to_pylist())


def _default(value: Any) -> Any:
    """JSON for what orjson does not know: decimals as numbers, everything else as text."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 1 << 63 else float(value)
    return str(value)


def parquet_rows(path: Path, kind: Kind | None, progress: Progress) -> Iterator[Item]:
    """One item for each row, read by batches; absent values are left out.

    Raises:
        FileProblem: after the last readable row.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = str(path)
    number = 0
    try:
        with pq.ParquetFile(path) as file:
            size, rows = path.stat().st_size, max(1, file.metadata.num_rows)
            for batch in file.iter_batches(batch_size=_ROWS):
                names = batch.schema.names
                for row in zip(*map(_column, batch.columns), strict=True):
                    number += 1
                    data = {name: value for name, value in zip(names, row, strict=True) if value is not None}
                    try:
                        raw = packed(data, default=_default, option=orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z)
                    except (TypeError, ValueError):  # a string that is not UTF-8
                        text = json.dumps(data, ensure_ascii=False, default=str)
                        raw = text.encode("utf-8", "surrogateescape")
                        yield Item(raw, None, None, kind, source, number)
                        continue
                    yield Item(raw, *describe(data, kind), source, number)
                progress.done += size * batch.num_rows // rows
    except (OSError, pa.ArrowException) as error:
        raise FileProblem(
            source, f"damaged Parquet data ({str(error).splitlines()[0]})", "Write or fetch the file again"
        ) from None

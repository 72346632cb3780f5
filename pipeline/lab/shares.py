"""Tables of shares: read from CSV or Parquet, and their pairs written to CSV."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.connect.items import FileProblem, Progress
from pipeline.connect.lines import COMPRESSIONS
from pipeline.detect.coshare import Ints
from pipeline.formulas import plain
from pipeline.lab.coordinated import Coordinated, ShareTable
from pipeline.lab.share_columns import COLUMNS, IDS, SECONDS, TEXT, TIME, check_names, numbers, seconds
from pipeline.lab.shares_csv import csv_columns

OUT = ("object_id", "account_id", "account_id_y", "content_id", "content_id_y", "time_delta")
SUFFIXES = ".csv or .tsv (each also .gz or .zst), .parquet"
_ROWS = 65536


def read_shares(path: Path, progress: Progress) -> ShareTable:
    """The shares of a file, by its suffix: one of `SUFFIXES`. `progress` is kept up to date.

    Raises:
        FileProblem: names the file and, where they are known, the line (of Parquet the row) and the column.
    """
    if not path.exists():
        raise FileProblem(str(path), "no such file", "Check the path", wrong_use=True)
    if path.is_dir():
        raise FileProblem(str(path), "a folder", "Name one file in it", wrong_use=True)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if len(suffixes) > 1 and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    kind = suffixes[-1] if suffixes else ""
    if kind not in (".csv", ".tsv") and path.suffix.lower() != ".parquet":
        raise FileProblem(str(path), "unknown suffix", f"These are read: {SUFFIXES}", wrong_use=True)
    progress.total = path.stat().st_size
    columns, times = (_parquet if kind == ".parquet" else csv_columns)(path, progress)
    (objects, object_names), (accounts, account_names), (contents, content_names) = map(_coded, columns)
    posted = _posted(object_names, content_names)
    return ShareTable(objects, accounts, contents, times, object_names, account_names, content_names, posted)


def _posted(objects: Any, contents: Any) -> Ints:
    """For each name of an object the place of the same name among the contents, or -1."""
    places = pc.index_in(objects, value_set=contents)
    posted = np.full(len(objects), -1, dtype=np.int64)
    posted[numbers(pc.indices_nonzero(places.is_valid()))] = numbers(places.drop_null())
    return posted


def _coded(column: Any) -> tuple[Ints, Any]:
    """Numbers and names of one dictionary-encoded column."""
    chunks = column.unify_dictionaries().chunks
    if not chunks:
        return np.zeros(0, dtype=np.int64), pa.array([], pa.string())
    # Unified, the chunks hold one and the same dictionary.
    return np.concatenate([numbers(chunk.indices) for chunk in chunks]), chunks[0].dictionary


def _parquet(path: Path, progress: Progress) -> tuple[list[Any], Ints]:
    done = 0
    batches, times = [], [np.zeros(0, dtype=np.int64)]
    try:
        with pq.ParquetFile(path) as file:
            check_names(path, file.schema_arrow.names, "its schema")
            for batch in file.iter_batches(batch_size=_ROWS, columns=list(COLUMNS)):
                ids = [_identifiers(path, name, batch.column(name), done) for name in IDS]
                batches.append(pa.record_batch(ids, names=list(IDS)))
                times.append(_moments(path, batch.column(TIME), done))
                done += batch.num_rows
                progress.done = progress.total * done // file.metadata.num_rows
    except (OSError, pa.ArrowException) as error:
        wrong = f"not a whole Parquet file ({str(error).splitlines()[0]})"
        raise FileProblem(str(path), wrong, "Write or fetch it again") from None
    table = pa.Table.from_batches(batches, pa.schema([(name, TEXT) for name in IDS]))
    return [table[name] for name in IDS], np.concatenate(times)


def _identifiers(path: Path, name: str, array: Any, before: int) -> Any:
    """A column of identifiers, dictionary-encoded. `before`: rows of the file that came earlier."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if not (
        pa.types.is_integer(array.type)
        or pa.types.is_string(array.type)
        or pa.types.is_large_string(array.type)
    ):
        raise FileProblem(
            str(path), f"column {name}: of type {array.type}", "Write identifiers as text or whole numbers"
        )
    encoded = array.cast(pa.string()).dictionary_encode()
    if encoded.null_count or "" in encoded.dictionary.to_pylist():
        row = next(number for number, cell in enumerate(encoded, before + 1) if not cell.as_py())
        raise FileProblem(str(path), f"row {row}, column {name}: empty", "Fill it in or take the row out")
    return encoded


def _moments(path: Path, array: Any, before: int) -> Ints:
    try:
        return seconds(array)
    except NotImplementedError:
        raise FileProblem(str(path), f"column {TIME}: of type {array.type}", SECONDS) from None
    except ValueError:
        for number, value in enumerate(array):
            try:
                seconds(pa.array([value.as_py()], array.type))
            except ValueError:
                wrong = f"row {before + number + 1}, column {TIME}: {value.as_py()!r} is no whole number of seconds"
                raise FileProblem(str(path), wrong, SECONDS) from None
        raise


def write_pairs(path: Path, table: ShareTable, pairs: Coordinated, spreadsheet: bool = False) -> None:
    """Writes the pairs as CSV with the columns `OUT`, in their order. spreadsheet: for people, no formula among it.

    Raises:
        OSError: the file cannot be written.
    """
    objects, accounts, contents = table.object_names, table.account_names, table.content_names
    if spreadsheet:
        objects, accounts, contents = map(_plain, (objects, accounts, contents))
    with path.open("w", encoding="utf-8", newline="") as file:
        # By itself `csv` lets a carriage return stand without quotes, where it begins a row for those who read.
        odd = any(pc.any(pc.match_substring(names, "\r")).as_py() for names in (objects, accounts, contents))
        writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL if odd else csv.QUOTE_MINIMAL)
        writer.writerow(OUT)
        for start in range(0, len(pairs.older), _ROWS):
            a, b = pairs.older[start : start + _ROWS], pairs.newer[start : start + _ROWS]
            columns = [
                _named(objects, table.objects[a]),
                _named(accounts, table.accounts[a]),
                _named(accounts, table.accounts[b]),
                _named(contents, table.contents[a]),
                _named(contents, table.contents[b]),
            ]
            deltas = (table.times[b] - table.times[a]).tolist()
            writer.writerows(zip(*columns, deltas, strict=True))


def _plain(names: Any) -> Any:
    return pa.array([plain(name) for name in names.to_pylist()], pa.string())


def _named(names: Any, codes: Ints) -> list[str]:
    places = pa.Array.from_buffers(pa.int64(), len(codes), [None, pa.py_buffer(np.ascontiguousarray(codes))])
    return list(names.take(places).to_pylist())

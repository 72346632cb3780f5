"""Recorded records from files: JSON Lines (plain, gzip, zstd), CSV and Parquet, merged by event time.

Nothing is dropped here. A line that cannot be read comes through as it is, so that whoever decodes it can
refuse it with a reason. No file is ever held in memory as a whole.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from pipeline.connect.items import MAX_RECORD, FileProblem, Item, Progress
from pipeline.connect.lines import COMPRESSIONS, MAGIC, json_lines
from pipeline.connect.tables import csv_rows, parquet_rows
from pipeline.detect.source_clock import SourceClock
from schemas.records import Kind
from schemas.times import EARLIEST, LATEST, Micros

__all__ = ["MAX_RECORD", "SUFFIXES", "FileProblem", "Item", "Progress", "read", "stamp", "total"]

_Reader = Callable[[Path, Kind | None, Progress], Iterator[Item]]
_READERS: dict[str, _Reader] = {
    ".jsonl": json_lines,
    ".ndjson": json_lines,
    ".json": json_lines,
    ".csv": csv_rows,
    ".tsv": csv_rows,
    ".parquet": parquet_rows,
}
SUFFIXES = ".jsonl, .ndjson, .json (one record a line), .csv, .tsv (each also .gz or .zst), .parquet"
"""What `read` takes, for messages."""


def _reader(path: Path) -> _Reader | None:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = bool(suffixes) and suffixes[-1] in COMPRESSIONS
    if packed:
        suffixes.pop()
    reader = _READERS.get(suffixes[-1]) if suffixes else None
    return None if packed and reader is parquet_rows else reader


def _check(path: Path) -> _Reader:
    """Whatever can be known of a file before its records are read."""
    name = str(path)
    if not path.exists():
        raise FileProblem(name, "no such file", "Check the path", wrong_use=True)
    if path.is_dir():
        raise FileProblem(name, "a folder", "Name the files in it", wrong_use=True)
    reader = _reader(path)
    if reader is None:
        raise FileProblem(name, "unknown suffix", f"These are read: {SUFFIXES}", wrong_use=True)
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        raise FileProblem(
            name, f"cannot be opened ({error.strerror})", "Check the file's permissions"
        ) from None
    packing = COMPRESSIONS.get(path.suffix.lower())
    if packing and head and not head.startswith(MAGIC[packing]):
        raise FileProblem(
            name, f"not {packing} data in spite of its name", "Give it the suffix of what it is"
        )
    if packing and not head:
        raise FileProblem(name, f"empty, which no {packing} file is", "Fetch the file again")
    if reader is parquet_rows:
        _rows(path)
    return reader


def _rows(path: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return int(pq.read_metadata(path).num_rows)
    except (OSError, pa.ArrowException) as error:
        raise FileProblem(
            str(path),
            f"not a whole Parquet file ({str(error).splitlines()[0]})",
            "It was cut off or is something else; write or fetch it again",
        ) from None


def total(paths: Iterable[Path | str]) -> int | None:
    """How many records the files hold, where that is written in them (Parquet); None when one has to be read.

    Raises:
        FileProblem: a Parquet file cannot be opened.
    """
    files = [Path(path) for path in paths]
    if not all(_reader(file) is parquet_rows for file in files):
        return None
    return sum(_rows(file) for file in files)


def read(
    paths: Sequence[Path | str], kind: Kind | None = None, progress: Progress | None = None
) -> Iterator[Item]:
    """All records of the files. One file keeps its order; several are merged by event time.

    In the merge, ties go by the order of `paths`, then by line; a record without readable time stands where
    its predecessor in its file stands. `kind` overrides recognition by fields. `progress` is kept up to date.

    Raises:
        FileProblem: at once, when a file is missing, unreadable or of unknown kind; while iterating, when one
            turns out damaged: then after everything readable, that of the other files included.
    """
    files = [Path(path) for path in paths]
    readers = [_check(file) for file in files]
    state = Progress() if progress is None else progress
    state.total = sum(file.stat().st_size for file in files)
    sources = [reader(file, kind, state) for reader, file in zip(readers, files, strict=True)]
    return sources[0] if len(sources) == 1 else _merge(sources)


def _merge(sources: Sequence[Iterator[Item]]) -> Iterator[Item]:
    problems: list[FileProblem] = []
    heads: list[tuple[Micros, int, Item]] = []

    def take(index: int, before: Micros) -> tuple[Micros, int, Item] | None:
        try:
            item = next(sources[index], None)
        except FileProblem as problem:
            problems.append(problem)
            return None
        return None if item is None else (before if item.at is None else item.at, index, item)

    for index in range(len(sources)):
        head = take(index, 0)
        if head is not None:
            heads.append(head)
    heapq.heapify(heads)
    while heads:
        at, index, item = heads[0]
        yield item
        head = take(index, at)
        if head is None:
            heapq.heappop(heads)
        else:
            heapq.heapreplace(heads, head)
    if problems:
        raise problems[0] if len(problems) == 1 else _several(problems)


def _several(problems: Sequence[FileProblem]) -> FileProblem:
    first, *others = problems
    joined = FileProblem(first.path, "", "")
    joined.args = ("\n".join(map(str, (first, *others))),)
    return joined


def stamp(items: Iterable[Item]) -> Iterator[tuple[Item, Micros]]:
    """Every item with its source clock: the latest event time read so far, 0 before the first.

    A record without readable time, or with one outside 1995..2100, does not move the clock, nor does one that stands
    alone more than a day ahead (`pipeline.detect.source_clock`). The clock decides what is late, in a replay (where
    it travels as `vigie-clock`) and in a backtest alike.
    """
    clock = SourceClock()
    for item in items:
        if item.at is not None and EARLIEST <= item.at < LATEST:
            clock.see(item.at)
        yield item, clock.now

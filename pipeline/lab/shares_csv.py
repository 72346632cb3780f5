"""Shares from CSV: read fast, and where something is wrong read again slowly, to say on which line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv

from pipeline.connect.items import FileProblem, Progress
from pipeline.connect.lines import chunks, lines
from pipeline.detect.coshare import Ints
from pipeline.lab.share_columns import COLUMNS, IDS, SECONDS, TEXT, TIME, WANTED, check_names, seconds


class _Stream(io.RawIOBase):
    """What `chunks` yields, as a file for Arrow."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = memoryview(next(self._pieces, b""))
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


def csv_columns(path: Path, progress: Progress) -> tuple[list[Any], Ints]:
    """The identifiers, as dictionary-encoded Arrow columns in the order of `IDS`, and the times in seconds.

    Raises:
        FileProblem: names the line and, where one is at fault, the column.
    """
    header, names, delimiter = _header(path)
    try:
        with pa.csv.open_csv(
            pa.PythonFile(_Stream(chunks(path, progress)), mode="r"),
            pa.csv.ReadOptions(use_threads=False, skip_rows=header, column_names=names),
            pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            pa.csv.ConvertOptions(
                column_types={**dict.fromkeys(IDS, TEXT), TIME: pa.string()}, include_columns=list(COLUMNS)
            ),
        ) as reader:
            table = reader.read_all()
        times = seconds(table[TIME])
        if any("" in chunk.dictionary.to_pylist() for name in IDS for chunk in table[name].chunks):
            raise ValueError("an empty cell")
    except (pa.ArrowException, ValueError) as error:
        raise _first_wrong(path, header, names, delimiter, error) from None
    return [table[name] for name in IDS], times


def _header(path: Path) -> tuple[int, list[str], str]:
    """Line, column names and delimiter of the header."""
    for number, line in lines(chunks(path, Progress()), lambda _: False):
        if line.strip():
            text = line.decode("utf-8", "replace")
            delimiter = max(",;\t", key=text.count)  # French spreadsheets write semicolons
            names = [name.strip() for name in next(csv.reader([text], delimiter=delimiter))]
            check_names(path, names, f"line {number}")
            return number, names, delimiter
    raise FileProblem(str(path), "empty", WANTED)


def _body(path: Path, header: int) -> Iterator[str]:
    for number, line in lines(chunks(path, Progress()), lambda _: False):
        if number > header:
            yield line.decode() + "\n"


def _first_wrong(path: Path, header: int, names: list[str], delimiter: str, error: Exception) -> FileProblem:
    """What to say of the first line that is wrong."""
    reader = csv.reader(_body(path, header), delimiter=delimiter, strict=True)
    line = header + 1
    try:
        for row in reader:
            if row and (problem := _wrong(dict(zip(names, row, strict=False)), len(row), len(names))):
                return FileProblem(str(path), f"line {line}{problem[0]}", problem[1])
            line = header + reader.line_num + 1
    except UnicodeDecodeError:
        line = header + reader.line_num + 1
        return FileProblem(str(path), f"line {line}: not UTF-8", "Save the file as UTF-8")
    except csv.Error as problem:
        return FileProblem(str(path), f"line {line}: {problem}", "Mend the quotes")
    except FileProblem as problem:
        return problem
    return FileProblem(str(path), str(error).splitlines()[0], "Write the file again")


def _wrong(cells: dict[str, str], count: int, wanted: int) -> tuple[str, str] | None:
    """What is wrong with a row and what to do; None for a good one."""
    if count != wanted:
        return f": {count} cells where the header has {wanted}", "Mend the line or take it out"
    for name in IDS:
        if not cells[name]:
            return f", column {name}: empty", "Fill it in or take the line out"
    try:
        seconds(pa.array([cells[TIME]]))
    except ValueError:
        return f", column {TIME}: {cells[TIME][:40]!r} is no whole number of seconds", SECONDS
    return None

"""`vigie lab series`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, TextIO

import typer

from pipeline.cli.console import FAILED, WRONG_USE, fail, say

if TYPE_CHECKING:
    from pipeline.connect.items import Progress
    from schemas.times import Micros

_STEP = 1000  # rows between two steps of the progress bar
_LOOK = 200  # rows from whose times the length of an interval is read


class _Row(NamedTuple):
    line: int
    cells: list[str]
    at: Micros
    value: float | None


def series(
    file: Annotated[Path, typer.Argument(help="CSV with the columns timestamp and value, in order of time.")],
    out: Annotated[Path, typer.Option(help="CSV to write: the file's columns and anomaly_score.")],
    interval: Annotated[
        float | None,
        typer.Option(min=0.01, max=1440, help="Minutes from row to row; otherwise seen from the first rows."),
    ] = None,
    spreadsheet: Annotated[
        bool,
        typer.Option(
            "--spreadsheet",
            help="For a spreadsheet: text that it would take for a formula gets an apostrophe before it.",
        ),
    ] = False,
) -> None:
    """The burst detector over one series of counts: adds anomaly_score (0..1), in one pass, without looking ahead."""
    from pipeline.cli.progress import progress_bar
    from pipeline.cli.settings import load_settings
    from pipeline.connect.items import FileProblem, Progress
    from pipeline.detect.parameters import read_parameters
    from schemas.times import DAY, MINUTE

    settings = load_settings("lab series")
    try:
        parameters = read_parameters(settings.detect)
    except ValueError as error:
        fail("lab series", error, WRONG_USE)
    if file.is_file() and out.exists() and out.samefile(file):
        fail("lab series", f"--out is {str(out)!r}, the file that is read; name another one", WRONG_USE)
    progress = Progress()
    try:
        with progress_bar("lab series", progress) as step:
            table = _rows(file, progress)
            head = next(table).cells
            first = list(islice(table, _LOOK))
            width = round(interval * MINUTE) if interval else _interval(file, first)
            with out.open("w", encoding="utf-8", newline="") as written:
                forget = round(parameters.bursts.forget_days * DAY)
                rows, unjudged = _score(
                    written, head, first, table, step, width, forget, _text if spreadsheet else str
                )
    except FileProblem as problem:
        fail("lab series", problem, WRONG_USE if problem.wrong_use else FAILED)
    except OSError as error:
        fail("lab series", f"{out}: {error.strerror}. Choose a file that can be written to.")
    say(f"written: {out}, {rows} rows at intervals of {width / MINUTE:g} minutes")
    if unjudged:
        say(f"{unjudged} rows have score 0 unjudged: no value, or a second one within an interval")


def _score(
    written: TextIO,
    head: list[str],
    first: Sequence[_Row],
    rest: Iterator[_Row],
    step: Callable[[int], None],
    width: Micros,
    forget: Micros,
    cell: Callable[[str], str],
) -> tuple[int, int]:
    """Writes all rows with their scores. Returns how many there were, and how many of them were not judged."""
    import csv
    from itertools import chain

    from pipeline.detect.one_series import OneSeries

    minimal = csv.writer(written, lineterminator="\n")
    # By itself `csv` lets a carriage return stand without quotes, where it begins a row for those who read.
    whole = csv.writer(written, lineterminator="\n", quoting=csv.QUOTE_ALL)

    def write(cells: list[str], score: str) -> None:
        (whole if any("\r" in one for one in cells) else minimal).writerow([*map(cell, cells), score])

    write(head, "anomaly_score")
    one, begin = OneSeries(width, forget), first[0].at if first else 0
    rows = unjudged = 0
    for row in chain(first, rest):
        # Intervals lie on the clock; rows a little early or late belong to the nearest one.
        start = begin // width * width + (row.at - begin + width // 2) // width * width
        if row.value is None or start <= one.last:
            score = 0.0
            unjudged += 1
        else:
            score = one.score(start, row.value)
        write(row.cells, f"{score:.9f}")
        rows += 1
        if rows % _STEP == 0:
            step(_STEP)
    return rows, unjudged


def _text(cell: str) -> str:
    """The cell of a file that people open; numbers stay numbers."""
    from pipeline.formulas import plain

    try:
        float(cell)
    except ValueError:
        return plain(cell)
    return cell


def _rows(file: Path, progress: Progress) -> Iterator[_Row]:
    """The head, then the rows, each checked. Raises FileProblem, which names line and column."""
    import csv

    from pipeline.connect.items import FileProblem

    name = str(file)
    if not file.exists():
        raise FileProblem(name, "no such file", "Check the path", wrong_use=True)
    if file.is_dir():
        raise FileProblem(name, "a folder", "Name the file in it", wrong_use=True)
    progress.total = file.stat().st_size
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.reader(lines)
        try:
            head = next(reader, [])
            for column in ("timestamp", "value"):
                if column not in head:
                    there = ", ".join(head) or "none"
                    raise FileProblem(
                        name,
                        f"no column {column!r} (columns: {there})",
                        "Name them in the first line: timestamp,value",
                    )
            yield _Row(1, head, 0, None)
            at, value, before = head.index("timestamp"), head.index("value"), -1
            for cells in reader:
                if not cells:
                    continue
                line = reader.line_num
                if len(cells) != len(head):
                    raise FileProblem(
                        name,
                        f"line {line} has {len(cells)} cells, the first line {len(head)}",
                        "Quote cells with commas in them",
                    )
                row = _Row(line, cells, _time(name, line, cells[at]), _count(name, line, cells[value]))
                if row.at < before:
                    raise FileProblem(
                        name,
                        f"line {line}, column timestamp: {cells[at]!r} lies before the line above it",
                        "Sort the file by time",
                    )
                before = row.at
                progress.done = min(progress.total, progress.done + sum(map(len, cells)) + len(cells))
                yield row
        except (csv.Error, UnicodeDecodeError) as error:
            raise FileProblem(
                name, f"line {reader.line_num + 1}: {error}", "A CSV file in UTF-8 is needed"
            ) from None


def _time(name: str, line: int, text: str) -> Micros:
    from pipeline.connect.items import FileProblem
    from schemas.times import parse_time

    try:
        return parse_time(int(text) if text.strip().lstrip("-").isdigit() else text.strip())
    except ValueError as error:
        raise FileProblem(
            name,
            f"line {line}, column timestamp: {text!r} is no time ({error})",
            "Write times as 2026-01-31 12:05:00 (UTC), or as epoch seconds",
        ) from None


def _count(name: str, line: int, text: str) -> float | None:
    from math import isfinite

    from pipeline.connect.items import FileProblem

    if not text.strip():
        return None
    try:
        count = float(text)
    except ValueError:
        count = -1.0
    if not isfinite(count) or count < 0:
        raise FileProblem(
            name,
            f"line {line}, column value: {text!r} is no count",
            "A number of 0 or more is needed, or nothing where the count is not known",
        )
    return count


def _interval(file: Path, first: Sequence[_Row]) -> Micros:
    """The commonest step from row to row; five minutes when there is none."""
    from schemas.times import DAY, MINUTE

    steps = Counter(b.at - a.at for a, b in pairwise(first) if b.at > a.at)
    width = min(steps, key=lambda step: (-steps[step], step), default=5 * MINUTE)
    if width > DAY:
        from pipeline.connect.items import FileProblem

        raise FileProblem(
            str(file), f"{width / DAY:g} days from row to row", "The detector needs a row a day at least"
        )
    return width

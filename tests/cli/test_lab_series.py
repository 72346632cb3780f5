"""`vigie lab series`: a file of counts in, the same file with scores out."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.conftest import vigie


def counts(days: int, burst: int) -> list[tuple[str, int]]:
    """Five-minute counts with a daily rhythm and one burst, at times that do not lie on the full interval."""
    start, rows = datetime(2026, 1, 5, 0, 2, 53, tzinfo=UTC), []
    for i in range(days * 288):
        hour = i % 288 // 12
        count = (20 if 8 <= hour < 20 else 5) + i * 7919 % 5
        at = start + timedelta(minutes=5 * i)
        rows.append((at.strftime("%Y-%m-%d %H:%M:%S"), 400 if i == burst else count))
    return rows


def write(path: Path, rows: list[tuple[str, int]], head: str = "timestamp,value") -> Path:
    path.write_text("\n".join([head, *(f"{at},{count}" for at, count in rows)]) + "\n")
    return path


def test_a_burst_stands_out(tmp_path: Path) -> None:
    """Each row comes back in order with a score; the planted burst has the highest, and the file keeps its columns."""
    rows = counts(6, 5 * 288 + 50)
    done = vigie(
        tmp_path / "data", "lab", "series", write(tmp_path / "in.csv", rows), "--out", tmp_path / "out.csv"
    )
    assert (done.code, done.out) == (0, b""), done.err
    assert f"{len(rows)} rows at intervals of 5 minutes" in done.err
    with (tmp_path / "out.csv").open() as file:
        read = list(csv.DictReader(file))
    assert [(row["timestamp"], int(row["value"])) for row in read] == rows
    scores = [float(row["anomaly_score"]) for row in read]
    assert scores.index(max(scores)) == 5 * 288 + 50
    assert max(scores) > 0.95
    assert sum(score > 0.6 for score in scores[2 * 288 :]) == 1


def test_for_a_spreadsheet(tmp_path: Path) -> None:
    """Other columns come back as they were; for a spreadsheet without formulas, their names included. Numbers stay."""
    head, rows = (
        ["timestamp", "value", "=note", "change"],
        [["2026-01-05 10:00:00", "5", "@SUM(A1)", "-3"], ["2026-01-05 10:05:00", "6", "a\r=1", "2"]],
    )
    path, out = tmp_path / "in.csv", tmp_path / "out.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([head, *rows])

    def written(*more: str) -> list[list[str]]:
        done = vigie(tmp_path / "data", "lab", "series", path, "--out", out, *more)
        assert done.code == 0, done.err
        with out.open(newline="") as file:
            return [row[:-1] for row in csv.reader(file)]

    assert written() == [head, *rows]
    assert written("--spreadsheet") == [
        ["timestamp", "value", "'=note", "change"],
        ["2026-01-05 10:00:00", "5", "'@SUM(A1)", "-3"],
        ["2026-01-05 10:05:00", "6", "a\r=1", "2"],
    ]


def test_gaps_and_unknown_counts_are_no_alarm(tmp_path: Path) -> None:
    """Half a day missing and an hour without values raise nothing; the unknown ones are counted."""
    rows: list[tuple[str, object]] = list(counts(6, -1))
    lines = rows[: 3 * 288] + rows[3 * 288 + 144 :]
    for i in range(4 * 288, 4 * 288 + 12):
        lines[i] = (lines[i][0], "")
    done = vigie(
        tmp_path / "data",
        "lab",
        "series",
        write(tmp_path / "in.csv", lines),  # type: ignore[arg-type]
        "--out",
        tmp_path / "out.csv",
    )
    assert done.code == 0, done.err
    assert "12 rows have score 0" in done.err
    with (tmp_path / "out.csv").open() as file:
        scores = [float(row["anomaly_score"]) for row in csv.DictReader(file)]
    assert max(scores[2 * 288 :]) < 0.6


@pytest.mark.parametrize(
    ("text", "code", "named"),
    [
        ("time,value\n", 1, ["no column 'timestamp'", "columns: time, value"]),
        ("", 1, ["no column 'timestamp'", "columns: none"]),
        ("timestamp,value\nyesterday,4\n", 1, ["line 2", "column timestamp", "'yesterday'", "UTC"]),
        ("timestamp,value\n2026-01-01 00:00:00,4\n2026-01-01 00:05:00,many\n", 1, ["line 3", "column value"]),
        ("timestamp,value\n2026-01-01 00:00:00,-4\n", 1, ["line 2", "column value", "'-4'", "0 or more"]),
        ("timestamp,value\n2026-01-01 00:05:00,4\n2026-01-01 00:00:00,4\n", 1, ["line 3", "before", "Sort"]),
        ("timestamp,value\n2026-01-01 00:05:00\n", 1, ["line 2", "1 cells"]),
        ("timestamp,value\n2026-01-01,4\n2026-01-09,4\n", 1, ["8 days from row to row"]),
        (None, 2, ["no such file"]),
    ],
)
def test_what_is_wrong_is_named(text: str | None, code: int, named: list[str], tmp_path: Path) -> None:
    """The message names the file, the line and the column, and says what to do."""
    path = tmp_path / "in.csv"
    if text is not None:
        path.write_text(text)
    done = vigie(tmp_path / "data", "lab", "series", path, "--out", tmp_path / "out.csv")
    assert (done.code, done.out) == (code, b""), done.err
    for word in ["in.csv", *named]:
        assert word in done.err
    assert "Traceback" not in done.err


def test_the_file_read_is_not_written_over(tmp_path: Path) -> None:
    """--out on the input is refused, and a folder that is not there is named."""
    path = write(tmp_path / "in.csv", counts(1, -1))
    done = vigie(tmp_path / "data", "lab", "series", path, "--out", path)
    assert done.code == 2
    assert "--out" in done.err
    assert len(path.read_text().splitlines()) == 289
    done = vigie(tmp_path / "data", "lab", "series", path, "--out", tmp_path / "nowhere" / "out.csv")
    assert done.code == 1
    assert "nowhere" in done.err

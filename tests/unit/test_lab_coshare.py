"""Tables of shares, read from every form they come in; and the recorded pairs of CooRTweet itself."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.connect.items import FileProblem, Progress
from pipeline.lab.coordinated import ShareTable, coordinated
from pipeline.lab.shares import OUT, read_shares, write_pairs
from tests.recorded import DATA, needs

PAIRS = DATA / "coortweet"

HEADER = "object_id,account_id,content_id,timestamp_share\n"
BODY = 'o1,007,p1,100\no1,"b, c",p2,105\n\no1,é,p3,106.0\n'
ROWS = [("o1", "007", "p1", 100), ("o1", "b, c", "p2", 105), ("o1", "é", "p3", 106)]


def rows(table: ShareTable) -> list[tuple[str, str, str, int]]:
    """A table in words."""
    names = [table.object_names.to_pylist(), table.account_names.to_pylist(), table.content_names.to_pylist()]
    codes = [table.objects.tolist(), table.accounts.tolist(), table.contents.tolist()]
    said = [[name[n] for n in column] for name, column in zip(names, codes, strict=True)]
    return list(zip(*said, table.times.tolist(), strict=True))


def delimited(sign: str) -> str:
    """The good table with another sign between its cells."""
    return (HEADER + BODY).replace("b, c", "b~ c").replace(",", sign).replace("~", ",")


def parquet(path: Path, **columns: object) -> Path:
    """A Parquet file of the good rows, some columns replaced."""
    good = dict(zip(HEADER.strip().split(","), zip(*ROWS, strict=True), strict=True))
    pq.write_table(pa.table({name: columns.get(name, list(values)) for name, values in good.items()}), path)
    return path


def text(path: Path, content: str) -> Path:
    """A file with a content, compressed where its name says so."""
    data = content.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: text(folder / "s.csv", HEADER + BODY),
        lambda folder: text(folder / "s.csv.gz", HEADER + BODY),
        lambda folder: text(folder / "s.csv", "\ufeff" + (HEADER + BODY).replace("\n", "\r\n")),
        lambda folder: text(folder / "s.csv", "\n" + delimited(";")),
        lambda folder: text(folder / "s.tsv", delimited("\t")),
        lambda folder: text(
            folder / "s.csv", 'x,timestamp_share, content_id ,account_id,object_id\n"1\n2",100,p1,007,o1\n'
            ',105,p2,"b, c",o1\n,106,p3,é,o1\n',
        ),
        lambda folder: parquet(folder / "s.parquet"),
        lambda folder: parquet(folder / "s.parquet", timestamp_share=[100.0, 105.0, 106.0]),
        lambda folder: parquet(
            folder / "s.parquet", timestamp_share=pa.array([100_000, 105_000, 106_000], pa.timestamp("ms", "UTC"))
        ),
        lambda folder: parquet(
            folder / "s.parquet", object_id=pa.array(["o1"] * 3).dictionary_encode()
        ),
    ],
    ids=["csv", "gzip", "mark and CRLF", "semicolons", "tabs", "other columns", "parquet", "floats", "times", "coded"],
)  # fmt: skip
def test_forms(make: Callable[[Path], Path], tmp_path: Path) -> None:
    """The same shares come out of every form, identifiers as they are written, leading zeros included."""
    assert rows(read_shares(make(tmp_path), Progress())) == ROWS


@pytest.mark.parametrize("name", ["s.csv", "s.parquet"])
def test_no_shares(name: str, tmp_path: Path) -> None:
    """A table without rows has no pairs."""
    path = tmp_path / name
    if name == "s.csv":
        text(path, HEADER)
    else:
        pq.write_table(pq.read_table(parquet(path)).slice(0, 0), path)
    table = read_shares(path, Progress())
    pairs = coordinated(table, 10, 1)
    write_pairs(tmp_path / "out.csv", table, pairs)
    assert (tmp_path / "out.csv").read_text() == ",".join(OUT) + "\n"


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("", ["empty", "object_id"]),
        ("object_id,id_user,content_id,timestamp_share\n", ["line 1", "no column account_id", "id_user"]),
        (HEADER.replace("content_id", "object_id"), ["line 1", "more than one column object_id"]),
        (HEADER + BODY + "o1,a,p4,soon\n", ["line 6", "column timestamp_share", "'soon'", "whole seconds"]),
        (HEADER + BODY + "o1,a,p4,1.5\n", ["line 6", "column timestamp_share", "'1.5'"]),
        (HEADER + BODY + "o1,a,p4,\n", ["line 6", "column timestamp_share", "''"]),
        (HEADER + "o1,a,p4,99999999999999999\n", ["line 2", "column timestamp_share", "99999999999999999"]),
        (HEADER + "o1,a,p4,1e300\n", ["line 2", "column timestamp_share", "1e300"]),
        (HEADER + BODY + "o1,,p4,7\n", ["line 6", "column account_id", "empty"]),
        (HEADER + BODY + "o1,p4,7\n", ["line 6", "3 cells", "4"]),
        (HEADER + 'o1,"a\nb",p4,7\no1,a,p5,x\n', ["line 4", "column timestamp_share"]),
        (HEADER + 'o1,"a,p4,7\n', ["line 2", "quotes"]),
    ],
)
def test_what_is_wrong_in_csv(content: str, named: list[str], tmp_path: Path) -> None:
    """The message names the file, the line and the column, and says what to do."""
    with pytest.raises(FileProblem) as caught:
        read_shares(text(tmp_path / "s.csv", content), Progress())
    for said in ["s.csv", *named]:
        assert said in str(caught.value)
    assert not caught.value.wrong_use


def test_not_utf8(tmp_path: Path) -> None:
    """A file in another encoding is refused with the line."""
    path = tmp_path / "s.csv"
    path.write_bytes((HEADER + BODY).encode() + b"o1,\xe9,p4,7\n")
    with pytest.raises(FileProblem, match=r"line 6: not UTF-8"):
        read_shares(path, Progress())


def test_a_truncated_archive(tmp_path: Path) -> None:
    """A gzip file that was cut off is not taken for the whole."""
    path = text(tmp_path / "s.csv.gz", HEADER + "".join(f"o,{n},p{n * n},{n}\n" for n in range(5000)))
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(FileProblem, match="cut off"):
        read_shares(path, Progress())


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ({"timestamp_share": [1, None, 3]}, ["row 2", "column timestamp_share"]),
        ({"timestamp_share": ["1", "2", "soon"]}, ["row 3", "column timestamp_share", "'soon'"]),
        ({"timestamp_share": [[1], [2], [3]]}, ["column timestamp_share", "list"]),
        ({"account_id": ["a", "", "c"]}, ["row 2", "column account_id", "empty"]),
        ({"account_id": ["a", "b", None]}, ["row 3", "column account_id", "empty"]),
        ({"account_id": [1.5, 2.5, 3.5]}, ["column account_id", "double"]),
    ],
)
def test_what_is_wrong_in_parquet(columns: dict[str, object], named: list[str], tmp_path: Path) -> None:
    """The message names the file, the row and the column."""
    with pytest.raises(FileProblem) as caught:
        read_shares(parquet(tmp_path / "s.parquet", **columns), Progress())
    for said in ["s.parquet", *named]:
        assert said in str(caught.value)


@pytest.mark.shared
@needs(PAIRS)
@pytest.mark.parametrize("window", [10, 60])
def test_recorded_pairs(window: int, tmp_path: Path) -> None:
    """On its own example, CooRTweet 2.1.3 and we find the same pairs, row for row."""
    table = read_shares(PAIRS / "russian_coord_tweets.csv.gz", Progress())
    write_pairs(tmp_path / "pairs.csv", table, coordinated(table, window, 2))
    with gzip.open(PAIRS / f"cooRTweet_pairs_w{window}_p2.csv.gz", "rt") as recorded:
        expected = Counter(tuple(row[name] for name in OUT) for row in csv.DictReader(recorded))
    with (tmp_path / "pairs.csv").open() as file:
        found = Counter(tuple(row[name] for name in OUT) for row in csv.DictReader(file))
    assert expected
    assert found == expected


def test_pairs_read_back(tmp_path: Path) -> None:
    """What is written reads back as it was, quotes and commas included."""
    table = read_shares(text(tmp_path / "s.csv", HEADER + BODY), Progress())
    write_pairs(tmp_path / "out.csv", table, coordinated(table, 5, 1))
    with (tmp_path / "out.csv").open(encoding="utf-8") as file:
        written = [tuple(row[name] for name in OUT) for row in csv.DictReader(file)]
    assert written == [("o1", "007", "b, c", "p1", "p2", "5"), ("o1", "b, c", "é", "p2", "p3", "1")]


def test_progress_reaches_the_end(tmp_path: Path) -> None:
    """Every byte of the file and every share that is looked at is told."""
    path, progress, seen = text(tmp_path / "s.csv", HEADER + BODY), Progress(), list[int]()
    table = read_shares(path, progress)
    coordinated(table, 5, 1, seen.append)
    assert progress.done == progress.total == path.stat().st_size
    assert np.sum(seen) == 3

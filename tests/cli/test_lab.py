"""`vigie lab`: a file in, a file out, a report."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.integration.conftest import vigie

TABLE = """object_id,account_id,content_id,timestamp_share
link,a,p1,100
link,b,p2,104
link,c,p3,111
other,a,p4,200
other,b,p5,200
"""


@pytest.fixture
def shares(tmp_path: Path) -> Path:
    """Five shares of two objects."""
    path = tmp_path / "shares.csv"
    path.write_text(TABLE)
    return path


def test_coshare(shares: Path, tmp_path: Path) -> None:
    """The pairs are in the file, figures on standard output, messages on standard error."""
    out = tmp_path / "pairs.csv"
    words = ("lab", "coshare", shares, "--window", 5, "--min-participation", 2, "--out", out)
    done = vigie(tmp_path / "data", *words, "--json")
    assert (done.code, done.err) == (0, "")
    report = done.json()
    assert (report["shares"], report["shares_considered"], report["pairs"]) == (5, 4, 2)
    assert set(report["seconds"]) == {"read", "pairs", "write"}
    assert out.read_text().splitlines() == [
        "object_id,account_id,account_id_y,content_id,content_id_y,time_delta",
        "link,a,b,p1,p2,4",
        "other,a,b,p4,p5,0",
    ]
    done = vigie(tmp_path / "data", *words)
    assert done.code == 0
    assert b"pairs 2" in done.out.splitlines()
    assert "pairs.csv" in done.err


def test_for_a_spreadsheet(tmp_path: Path) -> None:
    """Ids that would be formulas are exact, as scorers need them, unless the file is asked for by people."""
    formula = '=HYPERLINK("http://evil")'
    rows = [
        [formula, "@a", "-p1", 100],
        [formula, "+b", "p2", 104],
        ["other", "@a", "p3", 200],
        ["other", "+b", "p\r=4", 200],
    ]
    path, out = tmp_path / "shares.csv", tmp_path / "pairs.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([TABLE.splitlines()[0].split(","), *rows])
    words = ("lab", "coshare", path, "--window", 5, "--min-participation", 2, "--out", out)

    def written(*more: str) -> list[list[str]]:
        done = vigie(tmp_path / "data", *words, *more)
        assert done.code == 0, done.err
        with out.open(newline="") as file:
            return list(csv.reader(file))[1:]

    exact = [[formula, "@a", "+b", "-p1", "p2", "4"], ["other", "@a", "+b", "p3", "p\r=4", "0"]]
    assert sorted(written()) == exact
    quoted = [["'" + cell if cell[0] in "=@+-" else cell for cell in row] for row in exact]
    assert sorted(written("--spreadsheet")) == sorted(quoted)


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (["SHARES", "--window", "x", "--min-participation", "2", "--out", "o"], 2, ["--window", "'x'", "whole number"]),
        (["SHARES", "--window", "-1", "--min-participation", "2", "--out", "o"], 2, ["--window", "'-1'", "from 0"]),
        (["SHARES", "--window", "5", "--min-participation", "0", "--out", "o"], 2, ["participation", "'0'", "from 1"]),
        (["SHARES", "--window", "9" * 5000, "--min-participation", "2", "--out", "o"], 2, ["--window", "999"]),
        (["SHARES", "--window", "5", "--min-participation", "2"], 2, ["--out"]),
        (["SHARES", "--window", "5", "--min-participation", "2", "--out", "no/o"], 2, ["--out", "folder"]),
        (["SHARES", "--window", "5", "--min-participation", "2", "--out", "SHARES"], 2, ["--out", "input"]),
        (["none.csv", "--window", "5", "--min-participation", "2", "--out", "o"], 2, ["none.csv", "no such"]),
        (["data.txt", "--window", "5", "--min-participation", "2", "--out", "o"], 2, ["data.txt", ".parquet"]),
        (["bad.csv", "--window", "5", "--min-participation", "2", "--out", "o"], 1, ["bad.csv", "line 2", "timestamp"]),
    ],
)  # fmt: skip
def test_wrong_use(words: list[str], code: int, named: list[str], shares: Path, tmp_path: Path) -> None:
    """What is wrong is named with what is allowed, and nothing is written."""
    (tmp_path / "data.txt").write_text("x")
    (tmp_path / "bad.csv").write_text(TABLE.splitlines()[0] + "\nlink,a,p1,soon\n")
    done = vigie(tmp_path / "data", "lab", "coshare", *(str(shares) if w == "SHARES" else w for w in words))
    assert (done.code, done.out) == (code, b""), done.err
    for text in named:
        assert text in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "o").exists()
    assert shares.read_text() == TABLE

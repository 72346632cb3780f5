"""Erasures read from a file."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from pipeline.connect.items import FileProblem
from pipeline.erasure_file import read_erasures
from schemas.erasures import Erasure, digest, encode
from tests.integration.conftest import vigie

ONE = Erasure("forum", digest("forum", "lea"), 1_000, "forgotten-00000001")
OTHER = Erasure("forum", digest("forum", "max"), 2_000, "forgotten-00000002", ("0" * 32,))


def test_rows_and_records(tmp_path: Path) -> None:
    """Rows of the table and records of the topic are read alike; blank lines and repeats do nothing."""
    path = tmp_path / "erasures.jsonl"
    rows = [orjson.dumps({"record": encode(ONE).decode(), "at": "…"}), b"", encode(OTHER), encode(ONE), b""]
    path.write_bytes(b"\n".join(rows))
    found = read_erasures(path)
    assert found.known == [ONE, OTHER]
    assert found.covers("forum", "lea", 1_000)
    assert not found.covers("forum", "lea", 1_001)
    assert not found.covers("other", "lea", 0)


@pytest.mark.parametrize(
    "line", [b"{", b"[]", b"7", b"{}", b'{"record": "{}"}', b'{"record": 5}', b"\xff", b"[" * 3000]
)
def test_what_is_no_erasure_is_named(line: bytes, tmp_path: Path) -> None:
    """One bad line and nothing is read: somebody would come in again."""
    path = tmp_path / "erasures.jsonl"
    path.write_bytes(encode(ONE) + b"\n" + line)
    with pytest.raises(FileProblem, match="line 2 is no erasure"):
        read_erasures(path)


@pytest.mark.integration
def test_the_command_says_so(tmp_path: Path) -> None:
    """Nothing is written then; a file that is not there is wrong use."""
    (tmp_path / "in.jsonl").write_bytes(b"")
    (tmp_path / "bad").write_text("x")
    for name, code, said in (("bad", 1, "line 1 is no erasure"), ("none", 2, "No such file")):
        words = ("backtest", tmp_path / "in.jsonl", "--out", tmp_path / "out", "--erasures", tmp_path / name)
        done = vigie(tmp_path / "data", *words)
        assert (done.code, done.out) == (code, b""), done.err
        assert said in done.err
        assert "vigie sql" in done.err
    assert not (tmp_path / "out").exists()

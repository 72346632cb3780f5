"""Bad files: `backtest` and `replay` say the same of them, nothing is lost, every refusal is kept."""

from __future__ import annotations

import base64
import gzip
from collections import Counter
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.integration.conftest import RunningVigie, until
from tests.integration.conftest_bad import bad_posts, post, stored

pytestmark = pytest.mark.integration


def spoilt_lines(platform: str) -> tuple[list[bytes], Counter[str], int]:
    """Lines of a file: good ones, bad ones, duplicates, late ones; refusals by code; how many are good."""
    bad = [one for one in bad_posts(platform) if b"\n" not in one.raw]
    lines = [
        line for number, one in enumerate(bad) for line in (orjson.dumps(post(platform, number)), one.raw)
    ]
    good = len(bad) + 1
    # Follows the first lines by ten hours, so that what is older now is late.
    lines.append(orjson.dumps(post(platform, "clock", created_at="2026-07-01T20:00:00Z")))
    lines += [orjson.dumps(post(platform, f"late{n}", created_at="2026-07-01T11:00:00Z")) for n in range(4)]
    lines += lines[0:10:2]
    return lines, Counter(one.code for one in bad), good


def test_through_a_file(steady: RunningVigie, tmp_path: Path) -> None:
    """Of a file with bad lines, `backtest` reports and the store holds the same: read = stored + duplicates +
    refused, each refused line with its bytes."""
    platform = "bad-file"
    lines, codes, good = spoilt_lines(platform)
    path = tmp_path / "spoilt.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n\n  \n")
    steady.end_streams()
    done = steady.vigie("backtest", path, "--out", tmp_path / "out", "--json")
    assert done.code == 0, done.err
    report = orjson.loads((tmp_path / "out" / "report.json").read_bytes())
    refused = sum(codes.values())
    assert report["records"] == {
        "read": len(lines), "accepted": good, "late": 4, "duplicates": 5, "refused": refused, "forgotten": 0
    }  # fmt: skip
    assert report["records"]["read"] == good + 4 + 5 + refused
    assert report["refused"] == dict(codes)
    assert steady.replay(path)["records"] == len(lines)
    count = "SELECT count(), countIf(late) FROM posts FINAL WHERE platform = {p:String}"
    assert until(lambda: steady.rows(count, p=platform), lambda rows: rows == [(good + 4, 4)]) == [
        (good + 4, 4)
    ]
    query = "SELECT base64Encode(raw), code FROM dead_letters FINAL WHERE position(raw, {p:String}) > 0"
    found = until(lambda: steady.rows(query, p=platform), lambda rows: len(rows) >= refused)
    wanted = sorted((one.raw, one.code) for one in bad_posts(platform) if b"\n" not in one.raw)
    assert sorted((base64.b64decode(raw), code) for raw, code in found) == wanted


def test_a_line_that_no_topic_takes(steady: RunningVigie, tmp_path: Path) -> None:
    """A line of more than 8 MB is refused by `replay` and `backtest` alike; its beginning is kept."""
    path = tmp_path / "long.jsonl"
    long = orjson.dumps(post("bad-long", 1, text="x" * 8_100_000))
    path.write_bytes(long + b"\n" + orjson.dumps(post("bad-long", 2)) + b"\n")
    done = steady.vigie("backtest", path, "--out", tmp_path / "out", "--json")
    assert done.json()["refused"] == {"too_long": 1}
    assert steady.replay(path)["refused"] == 1
    assert until(lambda: stored(steady, "bad-long"), lambda ids: ids == ["p2"]) == ["p2"]
    query = "SELECT code, base64Encode(raw) FROM dead_letters FINAL WHERE position(raw, 'bad-long') > 0"
    rows = until(lambda: steady.rows(query), lambda found: len(found) == 1)
    assert [code for code, _ in rows] == ["too_long"]
    assert len(base64.b64decode(rows[0][1])) >= 100_000
    assert long.startswith(base64.b64decode(rows[0][1]))


def test_a_truncated_gzip(steady: RunningVigie, tmp_path: Path) -> None:
    """Of a gzip file that was cut off, what can be read is published and counted; exit 1 says so; what comes later
    gets through."""
    platform = "bad-gzip"
    posts = [
        orjson.dumps(post(platform, f"{n:05d}", salt=base64.b64encode(n.to_bytes(4, "big") * 9).decode()))
        for n in range(3000)
    ]
    whole = gzip.compress(b"\n".join(posts) + b"\n")
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(whole[: len(whole) // 2])
    tested = steady.vigie("backtest", path, "--out", tmp_path / "out")
    read = orjson.loads((tmp_path / "out" / "report.json").read_bytes())["records"]["read"]
    played = steady.vigie("replay", path)
    assert (tested.code, played.code) == (1, 1)
    for done in (tested, played):
        assert "cut.jsonl.gz" in done.err
        assert "cut off" in done.err
        assert "Traceback" not in done.err
    assert 100 < read < 3000
    ids = [f"p{n:05d}" for n in range(read)]
    assert until(lambda: stored(steady, platform), lambda found: found == ids) == ids
    path.write_bytes(whole)
    assert steady.replay(path)["records"] == 3000
    assert until(lambda: len(stored(steady, platform)), lambda count: count == 3000) == 3000


def test_a_truncated_parquet_file(steady: RunningVigie, tmp_path: Path) -> None:
    """A Parquet file that was cut off is refused as a whole, by name, with exit 1; the whole one gets through."""
    platform = "bad-parquet"
    path = tmp_path / "cut.parquet"
    pq.write_table(pa.Table.from_pylist([post(platform, f"{n:03d}") for n in range(500)]), path)
    whole = path.read_bytes()
    for size in (3, len(whole) // 2):
        path.write_bytes(whole[:size])
        for words in (("replay", path), ("backtest", path, "--out", tmp_path / "out")):
            done = steady.vigie(*words)
            assert done.code == 1, done.err
            assert "cut.parquet: not a whole Parquet file" in done.err
            assert "Traceback" not in done.err
    path.write_bytes(whole)
    assert steady.replay(path)["records"] == 500
    assert until(lambda: len(stored(steady, platform)), lambda count: count == 500) == 500

"""Reading files: what comes out of each format, and what is said when a file cannot be read."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from pipeline.connect.files import FileProblem, Item, Progress, read, stamp, total
from pipeline.connect.items import MAX_LINE
from schemas.decode import Refusal, decode
from schemas.records import FanCount, Follow, Post
from schemas.times import parse_time
from tests.recorded import recorded

AT = parse_time("2026-03-01T10:00:00Z")


def line(number: int, created: object = "2026-03-01T10:00:00Z") -> bytes:
    post = {"id": f"p{number}", "platform": "x", "author_id": "a", "created_at": created, "text": "salut"}
    return orjson.dumps(post)


def drain(path: Path) -> tuple[list[Item], str]:
    """What could be read, and what was said in the end."""
    items: list[Item] = []
    try:
        iter_into(read([path]), items)
    except FileProblem as problem:
        return items, str(problem)
    return items, ""


def iter_into(source: Iterable[Item], items: list[Item]) -> None:
    items.extend(source)


def test_kinds_keys_and_times(tmp_path: Path) -> None:
    """Each kind of record gives its event time and its key; epoch numbers and numeric ids are read as
    well."""
    path = tmp_path / "mixed.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"id":7,"platform":"x","author_id":12,"created_at":1772359200,"text":""}\n'
        b'{"platform":"x","page_id":"p","observed_at":"2026-03-01T11:00:00+01:00","followers":3}\r\n'
        b"  \n"
        b'{"platform":"x","page_id":"p","actor_id":"b","at":1772359200000,"action":"follow"}'
    )
    items = list(read([path]))
    assert [item[1:] for item in items] == [
        (AT, b"x:12", "posts", str(path), 1),
        (AT, b"x:p", "fan_counts", str(path), 2),
        (AT, b"x:p", "follows", str(path), 4),
    ]
    assert [type(decode(item.raw)) for item in items] == [Post, FanCount, Follow]


def test_bad_lines_come_through_as_they_are(tmp_path: Path) -> None:
    """Nothing is dropped: invalid UTF-8, broken JSON, lone surrogates, arrays, huge texts."""
    bad = [
        b"\xff\xfe\x00",
        b'{"id": "p1"',
        b'{"text": "\\ud800"}',
        b"[1]",
        b"null",
        b'"text"',
        b"[" * 5000,
        b'{"id":"p","platform":"x","author_id":"a","created_at":"9999-12-31T00:00:00Z","text":"t"}',
    ]
    large = line(1)[:-2] + b"x" * 5_000_000 + b'"}'
    path = tmp_path / "posts.jsonl"
    path.write_bytes(b"\n".join([*bad, large]))
    items = list(read([path], "posts"))
    assert [item.raw for item in items] == [*bad, large]
    assert [item.at for item in items] == [None] * len(bad) + [AT]
    assert {item.kind for item in items} == {"posts"}
    assert all(isinstance(decode(item.raw), Refusal) for item in items)


def test_an_endless_line_is_cut(tmp_path: Path) -> None:
    """A line beyond the limit comes through as its beginning, and the next line is whole."""
    path = tmp_path / "posts.jsonl.gz"
    path.write_bytes(gzip.compress(b"x" * (MAX_LINE + 3_000_000) + b"\n" + line(2), 1))
    items = list(read([path]))
    assert [len(item.raw) for item in items] == [MAX_LINE, len(line(2))]


def test_csv_as_spreadsheets_write_it(tmp_path: Path) -> None:
    """Semicolons, a byte order mark, line breaks in cells, counts, flags, lists, epochs; empty cells are
    left out."""
    path = tmp_path / "posts.csv"
    path.write_bytes(
        "\ufeffid;platform;author_id;created_at;text;is_repost;author_followers;urls;hashtags;mood\r\n"
        'p1;x;a;2026-03-01 10:00:00;"deux\nlignes ; ""ici""";TRUE;12.0;https://a.example https://b.example;"[""é""]";\r\n'
        "\r\n"
        "p2;x;a;1772359200;;false;;;;calme\r\n".encode()
    )
    items = list(read([path]))
    assert [orjson.loads(item.raw) for item in items] == [
        {
            "id": "p1",
            "platform": "x",
            "author_id": "a",
            "created_at": "2026-03-01T10:00:00Z",
            "text": 'deux\nlignes ; "ici"',
            "is_repost": True,
            "author_followers": 12,
            "urls": ["https://a.example", "https://b.example"],
            "hashtags": ["é"],
        },
        {
            "id": "p2",
            "platform": "x",
            "author_id": "a",
            "created_at": "2026-03-01T10:00:00Z",
            "text": "",
            "is_repost": False,
            "mood": "calme",
        },
    ]
    assert [(item.at, item.key, item.line) for item in items] == [(AT, b"x:a", 2), (AT, b"x:a", 5)]


def test_bad_csv_rows_come_through(tmp_path: Path) -> None:
    """Too many cells, broken quotes, quotes that never close and bytes that are no UTF-8 spoil one row
    only."""
    path = tmp_path / "posts.csv"
    rows = [
        b"p1,x,a,2026-03-01T10:00:00Z,ok",
        b"p2,x,a,2026-03-01T10:00:00Z,too,many",
        b'p3,x,a,2026-03-01T10:00:00Z,"broken"quote',
        b"p4,x,a,2026-03-01T10:00:00Z,\xe9t\xe9",
        b"p5,x,a,soon,ok",
        b'p6,x,a,2026-03-01T10:00:00Z,"never closed',
        b"p7,x,a,2026-03-01T10:00:00Z,ok",
    ]
    path.write_bytes(b"\n".join([b"id,platform,author_id,created_at,text", *rows]))
    items = list(read([path]))
    assert [item.line for item in items] == [2, 3, 4, 5, 6, 7, 8]
    outcomes = [decode(item.raw) for item in items]
    assert [o.code if isinstance(o, Refusal) else "ok" for o in outcomes] == [
        "ok",
        *["invalid_json"] * 3,
        "time_invalid",
        "invalid_json",
        "ok",
    ]
    assert [items[index].raw for index in (1, 2, 3, 5)] == [rows[index] for index in (1, 2, 3, 5)]


def test_parquet_columns(tmp_path: Path) -> None:
    """Timestamps of any unit and zone become exact RFC 3339, absent values and NaN are left out, strings
    that are no UTF-8 come through to be refused."""
    path = tmp_path / "posts.parquet"
    moment = datetime(2026, 3, 1, 10, 0, 0, 123456, tzinfo=UTC)
    broken = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0\4\0\0\0"), pa.py_buffer(b"ok\xff\xfe")]
    )
    table = pa.table(
        {
            "id": pa.array(["p1", "p2"]).dictionary_encode(),
            "platform": ["x", "x"],
            "author_id": ["a", None],
            "created_at": pa.array([moment, None], pa.timestamp("ns", tz="Europe/Paris")),
            "text": broken,
            "author_followers": pa.array([7.0, float("nan")]),
            "urls": pa.array([["https://a.example"], None], pa.list_(pa.string())),
        }
    )
    pq.write_table(table, path)
    first, second = read([path])
    assert orjson.loads(first.raw) == {
        "id": "p1",
        "platform": "x",
        "author_id": "a",
        "created_at": "2026-03-01T10:00:00.123456Z",
        "text": "ok",
        "author_followers": 7.0,
        "urls": ["https://a.example"],
    }
    assert first.at == AT + 123456
    assert b"\xff\xfe" in second.raw
    outcome = decode(second.raw)
    assert isinstance(outcome, Refusal)
    assert outcome.code == "invalid_json"
    assert (second.at, second.line) == (None, 2)


@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_a_cut_file_gives_what_it_has(suffix: str, tmp_path: Path) -> None:
    """Of a compressed file that was cut off, all whole lines come first, then the problem; of several files
    the others are read to their end."""
    lines = [line(n, f"2026-03-01T10:00:00.{os.urandom(3).hex()}Z") for n in range(20_000)]
    content = b"\n".join(lines)
    packed = gzip.compress(content) if suffix == "gz" else zstandard.ZstdCompressor().compress(content)
    cut, other = tmp_path / f"cut.jsonl.{suffix}", tmp_path / "other.jsonl"
    cut.write_bytes(packed[: len(packed) // 2])
    other.write_bytes(b"\n".join(lines[:100]))
    items, said = drain(cut)
    assert 0 < len(items) < len(lines)
    assert [item.raw for item in items] == lines[: len(items)]
    assert "cut off" in said
    assert str(cut) in said
    merged: list[Item] = []
    with pytest.raises(FileProblem, match="cut off"):
        iter_into(read([cut, other]), merged)
    assert len(merged) == len(items) + 100


def test_many_compressed_parts_are_one_file(tmp_path: Path) -> None:
    """Files joined with cat: all members of a gzip file, all frames of a zstd file; damage is named."""
    members = [line(n) + b"\n" for n in range(5)]
    packed, frames = tmp_path / "a.jsonl.gz", tmp_path / "a.ndjson.zst"
    packed.write_bytes(b"".join(map(gzip.compress, members)))
    frames.write_bytes(b"".join(map(zstandard.ZstdCompressor().compress, members)))
    assert [item.raw + b"\n" for item in read([packed])] == members
    assert [item.raw + b"\n" for item in read([frames])] == members
    for path in (packed, frames):
        path.write_bytes(path.read_bytes() + b"garbage behind it")
        items, said = drain(path)
        assert [item.raw + b"\n" for item in items] == members
        assert "damaged" in said


def test_problems_are_named(tmp_path: Path) -> None:
    """Whatever keeps a file from being read is said before anything is read: the file, the fault, what to
    do."""
    table = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": list(range(1000))}), table)
    whole = table.read_bytes()
    files = {
        "missing.jsonl": (None, "no such file", True),
        "a.xlsx": (b"x", "unknown suffix", True),
        "a.gz": (b"x", "unknown suffix", True),
        "noise.jsonl.gz": (b"plain text", "not gzip data", False),
        "noise.jsonl.zst": (b"plain text", "not zstd data", False),
        "empty.jsonl.gz": (b"", "empty", False),
        "cut.parquet": (whole[: len(whole) // 2], "not a whole Parquet file", False),
        "empty.parquet": (b"", "not a whole Parquet file", False),
    }
    for name, (content, said, wrong_use) in files.items():
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(FileProblem, match=said) as caught:
            read([path])
        assert str(path) in str(caught.value)
        assert caught.value.wrong_use == wrong_use
    with pytest.raises(FileProblem, match="a folder"):
        read([tmp_path])
    bad_header = tmp_path / "bad.csv"
    bad_header.write_bytes(b"\xff\xfei\0d\0\n\0")
    assert "not a header" in drain(bad_header)[1]


def test_damage_inside_parquet(tmp_path: Path) -> None:
    """Rows before the damage are delivered, then the file is named."""
    path = tmp_path / "a.parquet"
    rows = {
        "id": [os.urandom(40).hex() for _ in range(50_000)],
        "text": [os.urandom(40).hex() for _ in range(50_000)],
    }
    pq.write_table(pa.table(rows), path, row_group_size=10_000, compression="zstd", use_dictionary=False)
    content = bytearray(path.read_bytes())
    half = len(content) // 2
    content[half : half + 200_000] = bytes(200_000)
    path.write_bytes(content)
    items, said = drain(path)
    assert 0 < len(items) < 50_000
    assert "damaged Parquet" in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    """A file that may not be read is named."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(line(1))
    path.chmod(0)
    with pytest.raises(FileProblem, match="Permission denied"):
        read([path])


def test_empty_files_and_totals(tmp_path: Path) -> None:
    """Empty files hold no records; only Parquet says how many it holds; progress ends at the files' size."""
    empty, table, text = tmp_path / "a.csv", tmp_path / "a.parquet", tmp_path / "a.jsonl"
    empty.touch()
    pq.write_table(pa.table({"id": list(range(20_000))}), table)
    text.write_bytes(line(1))
    assert list(read([empty])) == []
    assert (total([table, table]), total([table, text])) == (40_000, None)
    progress = Progress()
    assert len(list(read([text, table], progress=progress))) == 20_001
    assert progress.total == text.stat().st_size + table.stat().st_size
    assert 0.99 * progress.total <= progress.done <= progress.total


def test_clock_ignores_wild_times() -> None:
    """The source clock is the running maximum of readable times within 1995..2100, 0 before the first."""
    times = [None, AT, AT - 5, 1 << 62, AT + 3, None, -1]
    items = [Item(b"", at, None, None, "f", n) for n, at in enumerate(times)]
    assert [clock for _, clock in stamp(items)] == [0, 0, AT, AT, AT + 3, AT + 3, AT + 3]


@pytest.mark.shared
def test_recorded_tables() -> None:
    """The recorded Parquet of a quarter: every row is a valid post, in the file's order."""
    path = recorded("ira_tweets", "2015q4.parquet")
    count = 0
    for count, item in enumerate(read([path]), 1):
        if count % 50 == 0:
            record = decode(item.raw)
            assert isinstance(record, Post)
            assert record.created_at == item.at
            assert f"{record.platform}:{record.author_id}".encode() == item.key
    assert count == total([path])

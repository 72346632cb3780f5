"""Files hold what was put into them, in every format, and reading them never fails on content."""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.connect.files import Item, read, stamp
from schemas.decode import decode
from schemas.records import FanCount, Follow, Post, Record, event_time, record_key, record_kind, to_dict
from schemas.times import DAY, EARLIEST, LATEST, to_datetime

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
name = text.filter(bool)
moment = st.integers(EARLIEST, LATEST - 1)
count = st.none() | st.integers(0, 2**53 - 1)
names = st.lists(name, max_size=3).map(tuple)

posts = st.builds(
    Post,
    id=name,
    platform=name,
    author_id=name,
    created_at=moment,
    text=text,
    lang=st.none() | name,
    target=st.none() | name,
    author_created_at=st.none() | moment,
    author_followers=count,
    is_repost=st.booleans(),
    urls=names,
    hashtags=names,
    deleted=st.booleans(),
    extra=st.none() | st.fixed_dictionaries({"mood": name}),
)
fan_counts = st.builds(
    FanCount, name, name, moment, st.integers(0, 2**53 - 1), st.none() | name, count, count
)
follows = st.builds(
    Follow,
    name,
    name,
    name,
    moment,
    st.sampled_from(["follow", "unlike"]),
    st.none() | moment,
    st.none() | name,
)
tables = (
    st.lists(posts, min_size=1, max_size=8)
    | st.lists(fan_counts, min_size=1, max_size=8)
    | st.lists(follows, min_size=1, max_size=8)
)


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns)
    writer.writeheader()
    for row in rows:
        writer.writerow({k: orjson.dumps(v).decode() if isinstance(v, tuple) else v for k, v in row.items()})
    return out.getvalue().encode()


def as_parquet(records: list[Record], path: Path) -> None:
    rows = []
    for record in records:
        row = to_dict(record)
        for field in row.keys() & {
            "created_at",
            "author_created_at",
            "observed_at",
            "at",
            "actor_created_at",
        }:
            row[field] = to_datetime(getattr(record, field))
        rows.append(row)
    columns = dict.fromkeys(column for row in rows for column in row)
    pq.write_table(pa.table({c: [row.get(c) for row in rows] for c in columns}), path, row_group_size=3)


@settings(deadline=None)
@given(tables)
def test_round_trip(records: list[Record]) -> None:
    """The same records come back from JSON Lines, gzip, zstd, CSV and Parquet, with time, key and kind."""
    with tempfile.TemporaryDirectory() as folder:
        rows = [to_dict(record) for record in records]
        lines = b"\n".join(map(orjson.dumps, rows))
        written = {
            "a.jsonl": lines,
            "a.jsonl.gz": gzip.compress(lines, 1),
            "a.ndjson.zst": zstandard.ZstdCompressor().compress(lines),
            "a.csv": as_csv(rows),
            "a.csv.gz": gzip.compress(as_csv(rows), 1),
        }
        for file, content in written.items():
            (Path(folder) / file).write_bytes(content)
        as_parquet(records, Path(folder) / "a.parquet")
        for file in [*written, "a.parquet"]:
            items = list(read([Path(folder) / file]))
            assert [decode(item.raw) for item in items] == records, file
            assert [item.at for item in items] == [event_time(record) for record in records]
            assert [item.key for item in items] == [record_key(record) for record in records]
            assert [item.kind for item in items] == [record_kind(record) for record in records]


@settings(deadline=None)
@given(st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")), max_size=20))
def test_any_bytes_come_through_line_by_line(lines: list[bytes]) -> None:
    r"""Lines are what `\n` separates; all but blank ones come through, byte by byte, whatever they hold."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        path.write_bytes(b"\n".join(lines))
        expected = [(n, line) for n, line in enumerate(lines, 1) if line and not line.isspace()]
        if lines and lines[0].startswith(b"\xef\xbb\xbf"):
            expected = [(n, line[3:] if n == 1 else line) for n, line in expected]
            expected = [(n, line) for n, line in expected if line and not line.isspace()]
        assert [(item.line, item.raw) for item in read([path])] == expected


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([b"a", b",", b'"', b"\n", b"\r", b"\xff", b";", b" ", b"1"]), max_size=60).map(
        b"".join
    )
)
def test_any_bytes_are_no_trouble_in_csv(content: bytes) -> None:
    """Whatever stands below the header, reading ends without an exception, and every cell byte belongs to a
    row."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(b"id,text\n" + content)
        items = list(read([path]))
        numbers = [item.line for item in items]
        assert numbers == sorted(set(numbers))
        filled = [n for n, line in enumerate(content.split(b"\n"), 2) if line.strip(b' \r",;')]
        assert not filled or items


@settings(deadline=None)
@given(st.lists(st.lists(st.none() | st.integers(0, 40), max_size=12), min_size=1, max_size=4))
def test_merge_is_stable(files: list[list[int | None]]) -> None:
    """The merge takes the file whose next record is earliest, the first file on ties; a record without time
    goes with its predecessor, and no file's own order changes."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for index, times in enumerate(files):
            path = Path(folder) / f"{index}.jsonl"
            path.write_bytes(
                b"\n".join(
                    b"bad" if t is None else orjson.dumps({"created_at": _time(t), "text": ""}) for t in times
                )
            )
            paths.append(path)
        items = list(read(paths))
        assert [(item.source, item.line) for item in items] == _reference(
            files, [str(path) for path in paths]
        )
        clocks = [clock for _, clock in stamp(items)]
        assert clocks == sorted(clocks)
        if all(times == sorted(t for t in times if t is not None) for times in files):
            known = [item.at for item in items if item.at is not None]
            assert known == sorted(known)


def _time(day: int) -> str:
    return datetime.fromtimestamp((EARLIEST + day * DAY) / 1e6, UTC).isoformat()


def _reference(files: list[list[int | None]], names: list[str]) -> list[tuple[str, int]]:
    """The rule, written down plainly: among the files' next records, the least (time, file)."""
    effective: list[list[int]] = []
    for times in files:
        filled: list[int] = []
        for t in times:
            filled.append((filled[-1] if filled else -1) if t is None else t)
        effective.append(filled)
    places = [0] * len(files)
    order: list[tuple[str, int]] = []
    while True:
        heads = [(effective[i][at], i) for i, at in enumerate(places) if at < len(files[i])]
        if not heads:
            return order
        _, index = min(heads)
        places[index] += 1
        order.append((names[index], places[index]))


def test_item_is_plain() -> None:
    """An item is a tuple: cheap, comparable, and as documented."""
    assert Item._fields == ("raw", "at", "key", "kind", "source", "line")

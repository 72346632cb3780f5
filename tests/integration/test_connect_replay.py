"""Replaying files into the embedded broker."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import orjson
import pytest

from pipeline.bus import CLOCK_HEADER, END_HEADER, Publisher
from pipeline.connect.files import MAX_RECORD, FileProblem, read
from pipeline.connect.replay import replay
from pipeline.connect.sending import KEPT_BYTES
from schemas.topics import FANS_RAW, POSTS_RAW, TOPICS, dead_letter_topic
from tests.integration.conftest_connect import broker, contents, publisher

__all__ = ["broker", "publisher"]

pytestmark = pytest.mark.integration


def _post(number: int, second: int, text: str = "salut") -> bytes:
    created = f"2026-03-01T10:{second // 60:02d}:{second % 60:02d}Z"
    author = f"a{number % 7}"
    return orjson.dumps(
        {"id": f"p{number}", "platform": "x", "author_id": author, "created_at": created, "text": text}
    )


async def test_everything_once_in_order_with_clock_and_end(
    broker: str, publisher: Publisher, tmp_path: Path
) -> None:
    """Every line reaches its topic once, in file order within a partition, with the running maximum of
    event time; each partition then holds one end marker."""
    path = tmp_path / "posts.jsonl"
    lines = [_post(n, second) for n, second in enumerate([5, 3, 900, 4, 1000] * 2000)]
    fan = b'{"platform":"x","page_id":"p","observed_at":"2026-03-01T10:20:00Z","followers":12}'
    path.write_bytes(b"\n".join([*lines, b'{"broken": ', b"\xff\xfe", fan]))
    report = await replay(publisher, read([path]))
    posts = await contents(broker, POSTS_RAW)
    values = Counter(record.value for record in posts if record.value is not None)
    assert values == Counter([*lines, b'{"broken": ', b"\xff\xfe"])
    assert (report.records, report.published, report.refused) == (10_003, 10_003, 0)
    assert report.topics == {POSTS_RAW: 10_002, FANS_RAW: 1}
    position = {line: at for at, line in enumerate(lines)}
    for partition in range(TOPICS[POSTS_RAW].partitions):
        mine = [record for record in posts if record.partition == partition]
        ends = [record for record in mine if END_HEADER in dict(record.headers)]
        assert [record.offset for record in ends] == [mine[-1].offset]
        assert ends[0].value is None
        assert dict(ends[0].headers) == {END_HEADER: b"1", CLOCK_HEADER: str(report.clock).encode()}
        order = [position[record.value] for record in mine if record.value in position]
        assert order == sorted(order)
        clocks = [int(dict(record.headers)[CLOCK_HEADER]) for record in mine]
        assert clocks == sorted(clocks)
    fans = await contents(broker, FANS_RAW)
    assert [record.value for record in fans if record.value is not None] == [fan]
    assert sum(END_HEADER in dict(record.headers) for record in fans) == TOPICS[FANS_RAW].partitions


async def test_large_records(broker: str, publisher: Publisher, tmp_path: Path) -> None:
    """A record of 5 MB goes through whole; one of over 8,000,000 bytes goes to the dead letters with its
    reason."""
    path = tmp_path / "posts.jsonl"
    large, huge, small = _post(1, 1, "é" * 2_500_000), _post(2, 2, "x" * MAX_RECORD), _post(3, 3)
    path.write_bytes(b"\n".join([large, huge, small]))
    report = await replay(publisher, read([path]), end=False)
    assert (report.records, report.published, report.refused) == (3, 2, 1)
    posts = [record.value for record in await contents(broker, POSTS_RAW) if record.value is not None]
    assert sorted(posts) == sorted([large, small])
    (dead,) = await contents(broker, dead_letter_topic(POSTS_RAW))
    assert dead.value == huge[:KEPT_BYTES]
    headers = dict(dead.headers)
    assert headers["topic"] == POSTS_RAW.encode()
    assert headers["stage"] == b"replay"
    assert headers["reason"].startswith(b"too_long: ")
    assert (headers["partition"], headers["offset"]) == (b"-1", b"-1")


async def test_damaged_file_leaves_the_stream_open(broker: str, publisher: Publisher, tmp_path: Path) -> None:
    """What lies before the damage is published; no end marker follows, for the rest may still come."""
    import gzip

    path = tmp_path / "posts.jsonl.gz"
    packed = gzip.compress(b"\n".join(_post(n, n) for n in range(300)))
    path.write_bytes(packed[:-20])
    with pytest.raises(FileProblem, match="cut off"):
        await replay(publisher, read([path]))
    posts = await contents(broker, POSTS_RAW)
    assert 0 < sum(record.value is not None for record in posts) < 300
    assert all(END_HEADER not in dict(record.headers) for record in posts)


async def test_speed_follows_event_time(broker: str, publisher: Publisher, tmp_path: Path) -> None:
    """At --speed 60 ten minutes of event time take ten seconds of the given clock; late records do not
    wait."""
    path = tmp_path / "posts.jsonl"
    path.write_bytes(b"\n".join(_post(n, second) for n, second in enumerate([0, 60, 30, 300, 600])))
    wall = [1000.0]
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        wall[0] += seconds

    report = await replay(publisher, read([path]), 60, now=lambda: wall[0], sleep=sleep)
    assert slept == pytest.approx([1.0, 4.0, 5.0])
    assert report.seconds == pytest.approx(10.0)
    assert len([r for r in await contents(broker, POSTS_RAW) if r.value is not None]) == 5

"""The Jetstream connector against hosts on the loopback and the embedded broker."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka.structs import ConsumerRecord
from websockets.asyncio.server import ServerConnection

from pipeline.bus import CLOCK_HEADER, Publisher
from pipeline.config import Jetstream as Settings
from pipeline.connect.backoff import Backoff
from pipeline.connect.cursors import Cursor, FileCursors
from pipeline.connect.jetstream import Jetstream, JetstreamReport
from pipeline.connect.jetstream_frames import (
    COLLECTIONS,
)
from schemas.times import DAY, SECOND, format_time
from schemas.topics import POSTS_RAW, dead_letter_topic
from tests.integration.conftest_connect import broker, contents, free_port, publisher
from tests.integration.conftest_jetstream import NOW, Host, commit, from_cursor, post_id, v1, v2

__all__ = ["broker", "publisher"]

pytestmark = pytest.mark.integration

FAST = Backoff(base=0.01, cap=0.05)


def client(sender: Publisher, folder: Path, hosts: list[str], **options: Any) -> Jetstream:
    chosen = {"silence_seconds": 20.0, "version": 1, **options.pop("settings", {})}
    settings = Settings.model_validate({"hosts": hosts, **chosen})
    return Jetstream(sender, settings, FileCursors(folder), insecure=True, backoff=FAST, **options)


def ids(records: list[ConsumerRecord[bytes, bytes]]) -> Counter[str]:
    return Counter(orjson.loads(record.value or b"{}")["id"] for record in records)


@pytest.mark.parametrize(("version", "frame"), [(1, v1), (2, v2)])
async def test_once_across_disconnections_and_runs(
    version: int, frame: Callable[[int], bytes], broker: str, publisher: Publisher, tmp_path: Path
) -> None:
    """Connections that break every 300 events and a second run of the connector: every event exactly once."""
    host = Host(from_cursor(2000, lambda before: 300 + 600 * (before % 2), frame))
    settings = {"version": version}
    async with host.running() as address:
        first = await client(publisher, tmp_path, [address], limit=1100, settings=settings).run()
        second = await client(publisher, tmp_path, [address], limit=900, settings=settings).run()
    found = await contents(broker, POSTS_RAW)
    assert ids(found) == Counter(post_id(number) for number in range(2000))
    assert first.published + second.published == 2000
    assert first.connections >= 2
    assert first.duplicates + second.duplicates > 0
    assert set(host.paths) == {
        "/subscribe" if version == 1 else "/xrpc/network.bsky.jetstream.subscribeEvents"
    }
    clocks = [int(dict(record.headers)[CLOCK_HEADER]) for record in found]
    assert set(clocks) == {NOW}


async def test_a_silent_host_is_left(broker: str, publisher: Publisher, tmp_path: Path) -> None:
    """A host that accepts and says nothing is given up for the next one."""

    async def silent(connection: ServerConnection, cursor: int | None, before: int) -> None:
        await connection.wait_closed()

    quiet, talking = Host(silent), Host(from_cursor(40, lambda _: None))
    async with quiet.running() as first, talking.running() as second:
        report = await client(
            publisher, tmp_path, [first, second], limit=40, settings={"silence_seconds": 0.3}
        ).run()
    assert (report.silences, report.posts) == (1, 40)
    assert len(quiet.cursors) == 1


async def test_an_absent_host_is_left(broker: str, publisher: Publisher, tmp_path: Path) -> None:
    """A host that does not answer at all is given up for the next one."""
    talking = Host(from_cursor(5, lambda _: None))
    async with talking.running() as address:
        hosts = [f"127.0.0.1:{free_port()}", address]
        report = await client(publisher, tmp_path, hosts, limit=5).run()
    assert (report.connections, report.posts) == (1, 5)


async def test_malformed_frames_are_dead_letters(broker: str, publisher: Publisher, tmp_path: Path) -> None:
    """Frames that are not as documented go to the dead letters, byte by byte, and stop nothing."""
    bad = [
        b"{",
        b"[]",
        v1(1, {"collection": COLLECTIONS[0]}),
        orjson.dumps({"did": "did:plc:u", "time_us": -1}),
    ]
    bad += [v1(2, commit(2, COLLECTIONS[0], {"text": "\0", "createdAt": format_time(NOW)}))]

    async def play(connection: ServerConnection, cursor: int | None, before: int) -> None:
        for frame in [v1(0), *bad, v1(9)]:
            await connection.send(frame)
        await connection.wait_closed()

    host = Host(play)
    async with host.running() as address:
        report = await client(publisher, tmp_path, [address], limit=2).run()
    assert (report.posts, report.refused) == (2, len(bad))
    dead = await contents(broker, dead_letter_topic(POSTS_RAW))
    assert [record.value for record in dead] == bad
    assert {dict(record.headers)["stage"] for record in dead} == {b"connect.jetstream"}


async def test_cursor_too_old(broker: str, publisher: Publisher, tmp_path: Path) -> None:
    """A cursor that the host no longer has: counted, and on from now."""
    FileCursors(tmp_path).save("jetstream-v2", Cursor(7, "placeholder", NOW))

    async def live(connection: ServerConnection, cursor: int | None, before: int) -> None:
        assert cursor is None
        await connection.send(v2(1000).decode())
        await connection.wait_closed()

    host = Host(live, too_old=NOW + DAY)
    async with host.running() as address:
        report = await client(publisher, tmp_path, [address], limit=1, settings={"version": 2}).run()
    assert (report.cursors_lost, report.posts) == (1, 1)
    assert host.cursors == [NOW - 5 * SECOND, None]  # another host's number means nothing here: by time
    saved = FileCursors(tmp_path).load("jetstream-v2")
    assert saved is not None
    assert (saved.value, saved.host) == (1500, address)


async def test_consumer_too_slow_and_notices(broker: str, publisher: Publisher, tmp_path: Path) -> None:
    """The error frame ends the connection and the stream goes on from its number; a clamped cursor is
    counted; the server never gets a data frame."""
    received: list[object] = []

    async def play(connection: ServerConnection, cursor: int | None, before: int) -> None:
        if before == 0:
            await connection.send(v2(0).decode())
            await connection.send('{"$type":"error","error":"ConsumerTooSlow","message":"behind"}')
        else:
            info = {"$type": "network.bsky.jetstream.subscribeEvents#info", "name": "OutdatedCursor"}
            await connection.send(orjson.dumps({"$type": "message", "payload": info}).decode())
            await connection.send(v2(0).decode())
            await connection.send(v2(1).decode())
        async for message in connection:
            received.append(message)

    host = Host(play)
    async with host.running() as address:
        report = await client(publisher, tmp_path, [address], limit=2, settings={"version": 2}).run()
    assert host.cursors == [None, 500]
    assert (report.posts, report.duplicates, report.cursors_lost) == (2, 1, 1)
    assert received == []


async def test_stopping_keeps_what_was_read(broker: str, publisher: Publisher, tmp_path: Path) -> None:
    """Cancelled, the connector publishes what it has read, saves its cursor, and the next run repeats
    nothing."""
    host = Host(from_cursor(50, lambda _: None))
    async with host.running() as address:
        reader = client(publisher, tmp_path, [address])
        task = asyncio.ensure_future(reader.run())
        while reader.report.posts < 50:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        host.play = from_cursor(60, lambda _: None)
        report: JetstreamReport = await client(publisher, tmp_path, [address], limit=10).run()
    assert report.duplicates == 50
    assert ids(await contents(broker, POSTS_RAW)) == Counter(post_id(number) for number in range(60))


async def test_cursor_waits_for_the_broker(tmp_path: Path) -> None:
    """What the broker has not acknowledged is not behind the cursor: the next run reads it again."""
    gone = asyncio.Event()

    class Stuck:
        async def send(self, topic: str, messages: Any) -> None:
            gone.set()
            await asyncio.sleep(3600)

    host = Host(from_cursor(5, lambda _: None))
    async with host.running() as address:
        settings = Settings.model_validate({"hosts": [address]})
        reader = Jetstream(Stuck(), settings, FileCursors(tmp_path), insecure=True, backoff=FAST)
        task = asyncio.ensure_future(reader.run())
        await gone.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert FileCursors(tmp_path).load("jetstream-v1") is None
    gc.collect()


def test_cursor_file_is_replaced_whole(tmp_path: Path) -> None:
    """A cursor comes back as saved; a damaged file counts as none; nothing else is left in the folder."""
    store = FileCursors(tmp_path)
    for value in (1, 2):
        store.save("a", Cursor(value, "h", NOW, (2**64 - 1, 0)))
    assert store.load("a") == Cursor(2, "h", NOW, (2**64 - 1, 0))
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    (tmp_path / "a.json").write_text('{"value":')
    assert store.load("a") is None
    with pytest.raises(ValueError, match="cursor name"):
        store.load("../a")

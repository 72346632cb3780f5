"""Workers die, freeze and wake while posts flow: what stands in the end is what a backtest says."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import orjson
import pytest
from faust.types import TP

from agents.logs import same_logs
from pipeline.broker import create_topics, start_broker
from pipeline.bus import Message, Publisher
from pipeline.runtime import free_port
from pipeline.scenario.generate import generate, write
from pipeline.snapshots import Mark
from schemas.decode import Refusal, decode
from schemas.records import Post, event_time
from schemas.times import DAY, format_time
from schemas.topics import POSTS_RAW
from tests.endpoints import plain_alert
from tests.integration.conftest import VIGIE, RunningVigie, environment, until

pytestmark = pytest.mark.integration

SECONDS = 25.0
"""For which the scenario is replayed."""


class Parts(RunningVigie):
    """Broker, store and workers, each a process that can be killed by itself."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.sql_port = free_port(0)
        self.kafka = f"127.0.0.1:{free_port(0)}"
        self._logs = folder.with_name(f"{folder.name}.err").open("ab")
        self.env = environment(
            folder,
            VIGIE_KAFKA__BOOTSTRAP=self.kafka,
            VIGIE_STORE__HOST="127.0.0.1",
            VIGIE_STORE__PORT=str(self.sql_port),
            VIGIE_STORE__WRITER_PASSWORD="secret",
            VIGIE_RECOVERY__INTERVAL_SECONDS="1",
            VIGIE_RECOVERY__SHARE="0.5",
        )
        self.broker = self.start_broker()
        self.processes: list[subprocess.Popen[bytes]] = []
        try:
            store = ["pipeline.store.server", "--data", str(folder / "store"), "--port", str(self.sql_port)]
            for one in (self.python(*store), self.worker("sink")):
                self.ready(one)
        except BaseException:
            self.end()
            raise

    def start_broker(self) -> subprocess.Popen[bytes]:
        """An empty broker, always at the same address."""
        broker = start_broker(int(self.kafka.rpartition(":")[2]))
        asyncio.run(create_topics(self.kafka))
        return broker

    def python(self, module: str, *words: str) -> subprocess.Popen[bytes]:
        """A module as a process."""
        process = subprocess.Popen(
            [sys.executable, "-m", module, *words],
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._logs,
        )
        self.processes.append(process)
        return process

    def worker(self, role: str) -> subprocess.Popen[bytes]:
        """A worker that begins to start."""
        return self.python("agents.worker", "--role", role)

    def ready(self, process: subprocess.Popen[bytes]) -> None:
        """Waits for the first line that a part says."""
        assert process.stdout is not None
        assert process.stdout.readline(), Path(self._logs.name).read_text()

    def finish(self, *processes: subprocess.Popen[bytes]) -> None:
        """Stops some as `vigie up` does."""
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            assert process.wait(20) == 0

    def end(self) -> None:
        """Stops all of it."""
        for process in self.processes:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()
        self.broker.kill()
        self.broker.wait()
        self._logs.close()


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    """Broker, store and sink; the test starts the detection workers."""
    running = Parts(tmp_path / "data")
    try:
        yield running
    finally:
        running.end()


class Expected:
    """A scenario in files, and what a backtest says of it."""

    def __init__(self, parts: Parts, folder: Path, seed: int) -> None:
        self.scenario = generate(seed, scale=0.15)
        self.files = [folder / name for name in ("posts.jsonl", "fan_counts.jsonl", "follows.jsonl")]
        write(self.scenario, folder)
        done = parts.vigie("backtest", *self.files, "--out", folder / "out", "--json")
        assert done.code == 0, done.err
        lines = (folder / "out" / "alerts.jsonl").read_bytes().splitlines()
        self.alerts = {alert["alert_id"]: plain_alert(alert) for alert in map(orjson.loads, lines)}
        assert len(self.alerts) >= 5
        assert {alert["status"] for alert in self.alerts.values()} == {"closed"}
        lines = (folder / "out" / "copies.jsonl").read_bytes().splitlines()
        self.copies = {line["cluster_id"]: set(line["post_ids"]) for line in map(orjson.loads, lines)}
        self.posts = {record.id for record in self.scenario.records if isinstance(record, Post)}
        self.since = format_time(self.scenario.start - DAY)
        self.before = format_time(self.scenario.end + DAY)

    def told(self, parts: Parts) -> dict[str, Any]:
        """The last words of the topic."""
        alerts = parts.told_alerts(self.since, self.before)
        return {name: plain_alert(alert) for name, alert in alerts.items()}

    def stored(self, parts: Parts) -> dict[str, Any]:
        """The rows of the table."""
        alerts = parts.stored_alerts(self.since, self.before)
        return {name: plain_alert(alert) for name, alert in alerts.items()}

    def holds(self, parts: Parts) -> None:
        """Waits for it: the store has the alerts, posts and copies of the backtest and no others."""
        until(lambda: self.stored(parts), lambda stored: stored == self.alerts, 90.0)
        time.sleep(2.0)  # a belated alert too many would come now
        stored = self.stored(parts)
        different = {
            name: {
                field: (alert.get(field), stored[name].get(field))
                for field in alert
                if alert[field] != stored[name].get(field)
            }
            for name, alert in self.alerts.items()
            if name in stored and stored[name] != alert
        }
        assert (self.alerts.keys() ^ stored.keys(), different) == (set(), {})
        assert {row[0] for row in parts.rows("SELECT id FROM posts FINAL")} == self.posts
        assert parts.value("SELECT count() FROM posts FINAL") == len(self.posts)
        members: dict[str, set[str]] = {}
        for cluster, post in parts.rows("SELECT cluster_id, id FROM copy_members FINAL"):
            members.setdefault(cluster, set()).add(post)
        assert {name: members.get(name) for name in self.copies} == self.copies


@pytest.mark.long
@pytest.mark.timeout(300)
def test_workers_die_and_wake_and_live_equals_backtest(parts: Parts, tmp_path: Path) -> None:
    """Of two detection workers one is killed, three times, and one stopped in good order; then one is frozen past the
    session time-out and woken. Alerts, posts and copies are those of a backtest, all alerts closed."""
    expected = Expected(parts, tmp_path, 22)
    rng = random.Random(22)
    workers = [parts.worker("detect"), parts.worker("detect")]
    for worker in workers:
        parts.ready(worker)
    speed = (expected.scenario.end - expected.scenario.start) / 1e6 / SECONDS
    replay = subprocess.Popen(
        [VIGIE, "replay", *map(str, expected.files), "--speed", f"{speed:.0f}"],
        env=parts.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    parts.processes.append(replay)
    for how in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL, signal.SIGKILL):
        time.sleep(rng.uniform(2.0, 5.0))
        victim = rng.randrange(2)
        workers[victim].send_signal(how)
        workers[victim].wait()
        workers[victim] = parts.worker("detect")
        parts.ready(workers[victim])
    time.sleep(rng.uniform(1.0, 3.0))
    workers[0].send_signal(signal.SIGSTOP)
    time.sleep(12.0)
    workers[0].send_signal(signal.SIGCONT)
    assert replay.wait(60) == 0
    expected.holds(parts)
    assert expected.told(parts) == expected.alerts
    assert all(worker.poll() is None for worker in workers)


def when(line: bytes) -> int:
    """The event time of a record of a scenario."""
    record = decode(line)
    assert not isinstance(record, Refusal)
    return event_time(record)


def in_two(expected: Expected, folder: Path) -> tuple[list[Path], list[Path]]:
    """The scenario's files cut at the middle of its time."""
    middle = (expected.scenario.start + expected.scenario.end) // 2
    halves: tuple[list[Path], list[Path]] = [], []
    for path in expected.files:
        for half, files in enumerate(halves):
            part = folder / f"{half}-{path.name}"
            part.write_bytes(
                b"".join(
                    line
                    for line in path.read_bytes().splitlines(keepends=True)
                    if (when(line) >= middle) == bool(half)
                )
            )
            files.append(part)
    return halves


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_worker_that_ends_finishes_its_batch(parts: Parts, tmp_path: Path) -> None:
    """Told to end while it works off what has piled up, a worker writes the state of every partition: its exit code
    says so, and a broker that forgets is emptied only then."""
    expected = Expected(parts, tmp_path, 24)
    assert parts.vigie("replay", *expected.files, VIGIE_KAFKA__BOOTSTRAP=parts.kafka).code == 0
    rng = random.Random(24)
    for _ in range(8):
        worker = parts.worker("detect")
        parts.ready(worker)
        time.sleep(rng.uniform(0.0, 0.8))
        parts.finish(worker)
    parts.ready(parts.worker("detect"))
    expected.holds(parts)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_states_outlive_a_broker_that_forgets(parts: Parts, tmp_path: Path) -> None:
    """All is stopped in the middle of a stream, and the broker forgets every topic. The workers of the new one go on
    from their states at its beginning: the alerts are those of a backtest over the whole."""
    expected = Expected(parts, tmp_path, 23)
    first, second = in_two(expected, tmp_path)
    worker = parts.worker("detect")
    parts.ready(worker)
    address = {"VIGIE_KAFKA__BOOTSTRAP": parts.kafka}
    sent = parts.vigie("replay", *first, "--keep-open", "--json", **address).json()["records"]
    tables = ("posts", "fan_counts", "follows")
    count = f"SELECT {' + '.join(f'(SELECT count() FROM {name} FINAL)' for name in tables)}"
    assert until(lambda: parts.value(count), lambda stored: stored == sent) == sent
    time.sleep(5.0)  # what the second and the third step make of it
    sink = parts.processes[1]
    parts.finish(worker, sink)
    parts.broker.kill()
    parts.broker.wait()
    parts.broker = parts.start_broker()
    for one in (parts.worker("sink"), parts.worker("detect")):
        parts.ready(one)
    assert parts.vigie("replay", *second, **address).code == 0
    expected.holds(parts)


async def test_a_log_is_known_by_its_records(tmp_path: Path) -> None:
    """The same record at the same offset is the same log; another record there is not, nor is a log that is shorter."""
    port = free_port(0)
    broker = start_broker(port)
    try:
        address = f"127.0.0.1:{port}"
        await create_topics(address)
        publisher = Publisher(address)
        await publisher.start()
        await publisher.send(POSTS_RAW, [Message(None, b"%d" % n, (), 0, 1000 + n) for n in range(5)])
        await publisher.stop()
        place, empty = TP(POSTS_RAW, 0), TP(POSTS_RAW, 1)
        mine = Mark(3, 1003, crc32(b"3"))
        assert await same_logs(address, {}) == {}
        for known, same in [
            (mine, True),
            (Mark(4, 1004, crc32(b"4")), True),
            (Mark(3, 1003, crc32(b"x")), False),
            (Mark(3, 1004, crc32(b"3")), False),
            (Mark(5, 1003, crc32(b"3")), False),
            (Mark(500, 1003, crc32(b"3")), False),
        ]:
            assert await same_logs(address, {place: known, empty: mine}) == {place: same, empty: False}
    finally:
        broker.kill()
        broker.wait()

"""The store as a process of its own: how it starts, who may open a folder, what it keeps, how it ends.

`StoreProcess` is used by the other tests of the store too.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client

import infra
from pipeline.store.client import StoreClient
from pipeline.store.engine import ALLOCATOR, Engine
from pipeline.store.errors import EngineError, StoreError
from pipeline.store.rows import fan_counts_table
from schemas.times import DAY, Micros, parse_time
from tests.faults.disk import NoDisk, SmallDisk

pytestmark = pytest.mark.integration

NOW: Micros = parse_time("2035-01-01T00:00:00Z")
"""When test rows are stored: far enough ahead that no retention takes them away."""

WRITER = "vigie_writer"
PASSWORD = "writer's own"

ENGINE_SETTINGS = Path(infra.__file__).parent / "clickhouse" / "embedded" / "engine.xml"


class StoreProcess:
    """`python -m pipeline.store.server` on a free port; `disk` is where `data` is, if that is one of its own."""

    def __init__(
        self, data: Path, environment: Mapping[str, str] | None = None, disk: SmallDisk | None = None
    ) -> None:
        env = {**os.environ, "VIGIE_STORE__WRITER_PASSWORD": PASSWORD, **(environment or {})}
        command = [sys.executable, "-m", "pipeline.store.server", "--data", str(data), "--port", "0"]
        self.process = subprocess.Popen(
            command if disk is None else disk.inside(command),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=env,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(self.process.communicate()[1])
        self.port = int(json.loads(line)["port"])

    def reader(self, **arguments: Any) -> Client:
        """A reader's clickhouse-connect client."""
        return clickhouse_connect.get_client(host="127.0.0.1", port=self.port, **arguments)

    def writer(self) -> StoreClient:
        """The writer."""
        client = StoreClient("127.0.0.1", self.port, WRITER, PASSWORD)
        client.wait_ready(10)
        return client

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        _, errors = self.process.communicate(timeout=20)
        sys.stderr.write(errors)
        return self.process.returncode


def counts(days: int, start: str = "2024-01-01T00:00:00Z") -> list[dict[str, object]]:
    """One follower count a day."""
    first = parse_time(start)
    return [
        {"platform": "x", "page_id": "p", "observed_at": first + i * DAY, "followers": 1000 + i}
        for i in range(days)
    ]


def test_it_ends_cleanly_and_keeps_everything(tmp_path: Path) -> None:
    """After SIGTERM the exit code is 0, and a new process on the same folder has every row, once."""
    store = StoreProcess(tmp_path)
    with store.writer() as writer:
        assert writer.insert("fan_counts", fan_counts_table(counts(400), NOW)) == 400
    assert store.stop() == 0
    store = StoreProcess(tmp_path)
    try:
        with store.writer() as writer:
            writer.insert("fan_counts", fan_counts_table(counts(400), NOW))
            assert writer.query("SELECT count(), max(followers) FROM vigie.fan_counts FINAL").result_rows == [
                (400, 1399)
            ]
    finally:
        assert store.stop() == 0


def test_it_ends_while_queries_run(tmp_path: Path) -> None:
    """A long query is cancelled at SIGTERM, its client is told, and the folder opens again."""
    store = StoreProcess(tmp_path)
    told: list[str] = []
    client = store.reader(query_retries=0)

    def ask() -> None:
        try:
            client.query("SELECT count() FROM numbers(1000000000000)")
        except Exception as error:
            told.append(str(error))

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.5)  # nobody is told of other people's queries: give this one time to begin
    assert store.stop() == 0
    asking.join(20)
    assert told
    assert StoreProcess(tmp_path).stop() == 0


def test_a_killed_process_leaves_a_usable_folder(tmp_path: Path) -> None:
    """After SIGKILL what was acknowledged is there, and nothing stands in the way of the next process."""
    store = StoreProcess(tmp_path)
    with store.writer() as writer:
        writer.insert("fan_counts", fan_counts_table(counts(50), NOW))
    store.process.kill()
    store.process.communicate()
    store = StoreProcess(tmp_path)
    try:
        assert store.reader().query("SELECT count() FROM fan_counts FINAL").result_rows == [(50,)]
    finally:
        assert store.stop() == 0


def test_what_a_full_disk_cannot_take_is_refused(tmp_path: Path) -> None:
    """The writer is told, the rows that were there are read, and with room again the same insert succeeds."""
    data = tmp_path / "store"
    try:
        disk = SmallDisk(data, 128)
    except NoDisk as error:
        pytest.skip(str(error))
    store = StoreProcess(data, disk=disk)
    try:
        with store.writer() as writer:
            writer.insert("fan_counts", fan_counts_table(counts(50), NOW))
            disk.fill()
            with pytest.raises(StoreError, match="NOT_ENOUGH_SPACE"):
                writer.insert("fan_counts", fan_counts_table(counts(400), NOW))
            count = "SELECT count() FROM vigie.fan_counts FINAL"
            assert writer.query(count).result_rows == [(50,)]
            disk.clear()
            writer.insert("fan_counts", fan_counts_table(counts(400), NOW))
            assert writer.query(count).result_rows == [(400,)]
    finally:
        assert store.stop() == 0
        disk.stop()


def test_rows_that_a_constraint_forbids_are_refused(tmp_path: Path) -> None:
    """What the engine's streaming insert passes over in silence is an error here, and nothing is kept."""
    engine = Engine(tmp_path / "engine", "vigie")
    try:
        engine.command("CREATE TABLE vigie.small (a UInt8, b UInt8 DEFAULT 7, CONSTRAINT low CHECK a < 10) "
                       "ENGINE = MergeTree ORDER BY a")  # fmt: skip
        for into in ("INSERT INTO vigie.small (a)", "INSERT INTO small"):
            with pytest.raises(EngineError):
                engine.insert(into, "JSONEachRow", b'{"a":1}\n{"a":99}\n', {}, "vigie")
            assert engine.query("SELECT count() FROM vigie.small").result_rows == [[0]]
        done = engine.insert(
            "INSERT INTO small SETTINGS max_threads = 1", "JSONEachRow", b'{"a":1}', {}, "vigie"
        )
        assert done.written_rows == 1
        assert engine.query("SELECT a, b FROM vigie.small").result_rows == [[1, 7]]
    finally:
        engine.close()


def test_one_process_per_folder(tmp_path: Path) -> None:
    """A second process on the folder says who has it and what to do, and exits with 1."""
    store = StoreProcess(tmp_path)
    try:
        with pytest.raises(
            RuntimeError, match=f"already open in another store process \\(pid {store.process.pid}\\)"
        ):
            StoreProcess(tmp_path)
        assert store.reader().query("SELECT 1").result_rows == [(1,)]
    finally:
        assert store.stop() == 0


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    """A port that somebody listens on is named, with the way out."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [
            sys.executable,
            "-m",
            "pipeline.store.server",
            "--data",
            str(tmp_path),
            "--port",
            str(port),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {port}" in done.stderr
    assert "--port" in done.stderr


def test_other_machines_need_a_password(tmp_path: Path) -> None:
    """Without a reader's password the store listens on loopback only."""
    command = [sys.executable, "-m", "pipeline.store.server", "--data", str(tmp_path), "--port", "0"]
    done = subprocess.run([*command, "--host", "0.0.0.0"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "VIGIE_STORE__PASSWORD" in done.stderr


def test_a_store_that_is_away_is_named() -> None:
    """Without a store the client says where it looked and what to check."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with pytest.raises(StoreError, match=f"127.0.0.1:{port}.*VIGIE_STORE__HOST"):
            StoreClient("127.0.0.1", port).wait_ready(0.2)


_READ_BACK = """
import sys
from pathlib import Path
import orjson
from pipeline.store.engine import Engine

engine = Engine(Path(sys.argv[1]), "vigie")
found = {
    table: dict(engine.query(f"SELECT name, toString(value) FROM system.{table}").result_rows)
    for table in ("server_settings", "merge_tree_settings")
}
found["allocator"] = engine.query("SELECT * FROM system.jemalloc_stats").result_rows
engine.close()
print(orjson.dumps(found).decode())
"""


def test_its_memory_is_bounded(tmp_path: Path) -> None:
    """Every setting of `engine.xml` is in force, and the allocator's: what the engine does not know or does not find it
    passes over in silence."""
    environment = {name: value for name, value in os.environ.items() if name != "JE_MALLOC_CONF"}
    done = subprocess.run(
        [sys.executable, "-c", _READ_BACK, str(tmp_path / "engine")],
        env=environment,
        check=True,
        capture_output=True,
    )
    found = json.loads(done.stdout)
    root = ElementTree.fromstring(ENGINE_SETTINGS.read_text(encoding="utf-8"))
    wanted = {
        "server_settings": {one.tag: one.text for one in root if one.tag != "merge_tree"},
        "merge_tree_settings": {one.tag: one.text for one in root.iterfind("merge_tree/*")},
    }
    assert all(wanted.values())
    assert wanted == {table: {name: found[table][name] for name in of} for table, of in wanted.items()}
    name, value = ALLOCATOR.split(":")
    assert f"opt.{name}: {value} " in "\n".join(row[0] for row in found["allocator"])

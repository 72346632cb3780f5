"""One running `vigie up` for all the tests of a session, and what tests ask of it.

Tests run one after the other on the same stack, so each uses platform names of its own. Records that a test published
without end markers would hold the clock where they left it; `RunningVigie.end_streams` closes such a stream.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import clickhouse_connect
import orjson
import pytest
from clickhouse_connect.driver.client import Client

from pipeline.bus import END_HEADER, Message, Publisher
from pipeline.notify.feed import Gone, alert_feed
from schemas.alerts import encode_alert
from schemas.times import format_time
from schemas.topics import FANS_RAW, POSTS_RAW, TOPICS

T = TypeVar("T")

VIGIE = str(Path(sys.executable).with_name("vigie"))
"""The command as installed beside the interpreter that runs the tests."""

_START = 90.0  # seconds; two cores shared with others start slowly
_STOP = 40.0
_LONGEST = 300.0


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: bytes
    err: str

    def json(self) -> Any:
        """Standard output as one JSON document."""
        return orjson.loads(self.out)


class Process(NamedTuple):
    """A line of the process table."""

    pid: int
    parent: int
    command: str


def environment(folder: Path, **more: str) -> dict[str, str]:
    """The tests' own environment without any VIGIE_ variable, then `VIGIE_DATA_DIR` and `more`."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("VIGIE_")}
    return {**plain, "VIGIE_DATA_DIR": str(folder), "NO_COLOR": "1", "COLUMNS": "200", **more}


def vigie(folder: Path, *words: object, **more: str) -> Done:
    """Runs the command in the folder's parent, its data in `folder`; `more` are further environment variables."""
    done = subprocess.run(
        [VIGIE, *map(str, words)],
        env=environment(folder, **more),
        cwd=folder.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_LONGEST,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr.decode())


def processes() -> list[Process]:
    """All processes of this machine, without those that have ended and wait to be reaped."""
    table = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,stat=,args="], capture_output=True, check=True
    ).stdout
    found = []
    for line in table.decode(errors="replace").splitlines():
        pid, parent, state, *command = line.split(None, 3)
        if not state.startswith("Z"):
            found.append(Process(int(pid), int(parent), command[0] if command else ""))
    return found


def descendants(pid: int) -> list[Process]:
    """Children of a process, their children, and so on."""
    everything, parents, found = processes(), {pid}, []
    while parents:
        children = [process for process in everything if process.parent in parents]
        found += children
        parents = {process.pid for process in children}
    return found


def until(look: Callable[[], T], good: Callable[[T], bool], patience: float = 60.0) -> T:
    """Looks again and again until what it sees is good, or patience ends; returns what it saw last."""
    deadline = time.monotonic() + patience
    while True:
        seen = look()
        if good(seen) or time.monotonic() > deadline:
            return seen
        time.sleep(0.2)


def plain_alert(alert: dict[str, Any]) -> dict[str, Any]:
    """An alert without its revision: how often it was told on the way is no part of what was found."""
    return {name: value for name, value in alert.items() if name != "revision"}


class RunningVigie:
    """`vigie up` as a process of its own, on free ports, with its data in `folder`."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.folder = folder
        self.errors = folder.with_name(f"{folder.name}-up.err")
        out = folder.with_name(f"{folder.name}-up.out")
        ports = {"VIGIE_KAFKA__PORT": "0", "VIGIE_STORE__PORT": "0"}
        with out.open("wb") as stdout, self.errors.open("wb") as stderr:
            self.process = subprocess.Popen(
                [VIGIE, "up"],
                env=environment(folder, **{**ports, **more}),
                cwd=folder.parent,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )
        told = until(
            self.errors.read_text, lambda text: "ready" in text or self.process.poll() is not None, _START
        )
        if "ready" not in told or self.process.poll() is not None:
            self.stop()
            raise RuntimeError(f"vigie up did not start: {told}")
        self.said = out.read_text()
        kafka, sql = (re.search(rf"^{name} +(\S+)", self.said, re.M) for name in ("kafka", "sql"))
        assert kafka, self.said
        assert sql, self.said
        self.kafka = kafka[1]
        self.sql_port = int(sql[1].rpartition(":")[2])

    def parts(self) -> dict[int, str]:
        """Pid -> command line of everything that `vigie up` started."""
        return {process.pid: process.command for process in descendants(self.process.pid)}

    def alive(self) -> bool:
        """`vigie up` has not ended."""
        return self.process.poll() is None

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """Ctrl-C; the exit code. Fails when a process outlives it."""
        before = self.parts()
        if self.alive():
            self.process.send_signal(how)
        code = self.process.wait(_STOP)
        left = until(
            lambda: [p for p in processes() if before.get(p.pid) == p.command], lambda found: not found, 5.0
        )
        assert not left, f"processes outlive `vigie up`: {left}"
        return code

    def vigie(self, *words: object, **more: str) -> Done:
        """A command that finds this stack."""
        return vigie(self.folder, *words, **more)

    def replay(self, *words: object) -> dict[str, Any]:
        """`vigie replay … --json`, which must succeed; its report."""
        done = self.vigie("replay", *words, "--json")
        assert done.code == 0, done.err
        report: dict[str, Any] = done.json()
        return report

    def reader(self, **arguments: Any) -> Client:
        """A client of the ClickHouse endpoint, as an analyst makes it."""
        return clickhouse_connect.get_client(
            host="127.0.0.1", port=self.sql_port, database="vigie", **arguments
        )

    def rows(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        client = self.reader()
        try:
            return [tuple(row) for row in client.query(query, parameters=parameters).result_rows]
        finally:
            client.close()

    def value(self, query: str, **parameters: Any) -> Any:
        """The one value of a query."""
        return self.rows(query, **parameters)[0][0]

    def end_streams(self) -> None:
        """Tells the detectors that nothing more comes, as the end of a replay does."""

        async def send() -> None:
            publisher = Publisher(self.kafka, "test-end")
            await publisher.start()
            try:
                for topic in (POSTS_RAW, FANS_RAW):
                    ends = [
                        Message(None, None, ((END_HEADER, b"1"),), partition)
                        for partition in range(TOPICS[topic].partitions)
                    ]
                    await publisher.send(topic, ends)
            finally:
                await publisher.stop()

        asyncio.run(send())

    def told_alerts(self, since: str, before: str) -> dict[str, dict[str, Any]]:
        """The last revision of every alert in the topic whose `first_seen` lies in this time, by id."""

        async def listen() -> dict[str, dict[str, Any]]:
            last: dict[str, dict[str, Any]] = {}
            async for alert in alert_feed(self.kafka, None, 1.0):
                if isinstance(alert, Gone):
                    last.pop(alert.alert_id, None)
                elif since <= alert.first_seen < before:
                    last[alert.alert_id] = orjson.loads(encode_alert(alert))
            return last

        return asyncio.run(listen())

    def stored_alerts(self, since: str, before: str) -> dict[str, dict[str, Any]]:
        """The same from the table `alerts`, put back into the contract's form."""
        times = ("first_seen", "last_seen", "window_start", "window_end")
        replaced = ", ".join(f"toUnixTimestamp64Micro({name}) AS {name}" for name in times)
        client = self.reader()
        try:
            found = client.query(
                f"SELECT * REPLACE ({replaced}) FROM alerts FINAL "
                "WHERE alerts.first_seen >= parseDateTime64BestEffort({a:String}, 6, 'UTC') "
                "AND alerts.first_seen < parseDateTime64BestEffort({b:String}, 6, 'UTC')",
                parameters={"a": since, "b": before},
            )
            return {row["alert_id"]: _contract(row) for row in found.named_results()}
        finally:
            client.close()


def _contract(row: dict[str, Any]) -> dict[str, Any]:
    same = (
        "alert_id",
        "kind",
        "revision",
        "status",
        "severity",
        "score",
        "observed",
        "expected",
        "evidence_sql",
    )
    subject = {"platform": row["subject_platform"], "id": row["subject_id"]}
    return {
        **{name: row[name] for name in same},
        **{name: orjson.loads(row[name]) for name in ("reasons", "ruled_out", "detector")},
        "subject": {**subject, "name": row["subject_name"]} if row["subject_name"] else subject,
        "first_seen": format_time(row["first_seen"]),
        "last_seen": format_time(row["last_seen"]),
        "window": {"start": format_time(row["window_start"]), "end": format_time(row["window_end"])},
        "accounts": {"count": row["account_count"], "ids": list(row["account_ids"])},
        "posts": {"count": row["post_count"], "ids": list(row["post_ids"])},
        "summary": {"fr": row["summary_fr"], "en": row["summary_en"]},
    }


_shared: list[RunningVigie] = []
_users = 0


@contextlib.contextmanager
def shared_stack(factory: pytest.TempPathFactory) -> Iterator[RunningVigie]:
    """The session's stack. Each conftest has a fixture of its own for it; the last to go stops it."""
    global _users
    if not _shared:
        _shared.append(RunningVigie(factory.mktemp("vigie") / "data"))
    _users += 1
    try:
        yield _shared[0]
    finally:
        _users -= 1
        if not _users:
            assert _shared.pop().stop() == 0


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningVigie]:
    """`vigie up`, shared; at the end of the session Ctrl-C must end it with 0 and leave nothing."""
    with shared_stack(tmp_path_factory) as running:
        yield running


@pytest.fixture
def steady(stack: RunningVigie) -> Iterator[RunningVigie]:
    """The stack, with the claim that after the test the same processes run as before it."""
    before = stack.parts()
    yield stack
    assert stack.alive(), stack.errors.read_text()
    assert stack.parts() == before

"""One running `vigie up` for all the tests of a session, and what tests ask of it.

Tests run one after the other on the same stack, so each uses platform names of its own. Records that a test published
without end markers would hold the clock where they left it; `RunningVigie.end_streams` closes such a stream.
"""

from __future__ import annotations

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

import orjson
import pytest

from tests.endpoints import Endpoints

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


class RunningVigie(Endpoints):
    """`vigie up` as a process of its own, on free ports, with its data in `folder`."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.folder = folder
        self.errors = folder.with_name(f"{folder.name}-up.err")
        out = folder.with_name(f"{folder.name}-up.out")
        ports = {"VIGIE_KAFKA__PORT": "0", "VIGIE_STORE__PORT": "0", "VIGIE_METRICS__PORT": "0"}
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
        """Pid -> command line of everything that `vigie up` started and that stays."""
        found = descendants(self.process.pid)
        # Where there is no /proc it asks for its broker's size by `ps`, now and then.
        return {
            process.pid: process.command
            for process in found
            if process.command.strip("[]").split()[0] != "ps"
        }

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

"""`vigie up`: what it says, what it refuses, how it ends, what it keeps."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import orjson
import pytest

from pipeline.config import read_settings
from pipeline.drain import drain
from pipeline.runtime import free_port
from pipeline.scenario.generate import START, generate, write
from pipeline.scenario.plants import PLANTS
from schemas.times import DAY
from tests.endpoints import plain_alert
from tests.integration.conftest import (
    VIGIE,
    RunningVigie,
    descendants,
    environment,
    processes,
    until,
)

pytestmark = pytest.mark.integration

FREE = {"VIGIE_KAFKA__PORT": "0", "VIGIE_STORE__PORT": "0", "VIGIE_METRICS__PORT": "0"}


def test_what_it_says(stack: RunningVigie) -> None:
    """Addresses go to standard output, where a program finds them; free ports that were asked for are no trouble."""
    lines = stack.said.splitlines()
    assert [line.split()[0] for line in lines] == ["kafka", "sql", "health", "health", "data"]
    assert stack.kafka.startswith("127.0.0.1:")
    assert str(stack.folder) in lines[4]
    told = stack.errors.read_text()
    assert "ready; Ctrl-C stops" in told
    assert "Unable connect" not in told, "a broker that is still starting is no news"
    assert "port 0 is taken" not in told, "port 0 asks for a free port; nothing was taken"


def test_it_listens_on_loopback_only(stack: RunningVigie) -> None:
    """Neither broker nor store answers on another address of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing; tells the address that would be used
        own = probe.getsockname()[0]
    if own.startswith("127."):
        pytest.skip("this machine has no address but the loopback's")
    for port in (int(stack.kafka.rpartition(":")[2]), stack.sql_port):
        with socket.socket() as client:
            client.settimeout(2)
            assert client.connect_ex((own, port)) != 0


def test_twice_on_the_same_folder(stack: RunningVigie) -> None:
    """A second `vigie up` with the same data names the first one's process and the way out; the first goes on."""
    before = stack.parts()
    done = stack.vigie("up", **FREE)
    assert (done.code, done.out) == (1, b"")
    assert str(stack.process.pid) in done.err
    assert str(stack.folder) in done.err
    assert "VIGIE_DATA_DIR" in done.err
    assert "Traceback" not in done.err
    assert stack.parts() == before
    assert stack.vigie("doctor").code == 0


@pytest.mark.long
def test_busy_ports(tmp_path: Path) -> None:
    """Ports that are taken are replaced by free ones, which is said; SIGTERM ends it like Ctrl-C."""
    with socket.socket() as kafka, socket.socket() as store:
        ports = []
        for taken in (kafka, store):
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            ports.append(taken.getsockname()[1])
        running = RunningVigie(
            tmp_path / "data", VIGIE_KAFKA__PORT=str(ports[0]), VIGIE_STORE__PORT=str(ports[1])
        )
        told = running.errors.read_text()
        assert running.vigie("sql", "SELECT 1", "--json").json() == {"1": 1}
        assert running.stop(signal.SIGTERM) == 0
    for taken_port, part, port in (
        (ports[0], "broker", running.kafka.rpartition(":")[2]),
        (ports[1], "store", running.sql_port),
    ):
        assert re.search(rf"port {taken_port} is taken; the {part} listens on (\S+:)?{port}\n", told)
    assert "stopped" in running.errors.read_text()
    assert not (tmp_path / "data" / "run.json").exists()


@pytest.mark.long
def test_two_workers_stop_and_start_again(tmp_path: Path) -> None:
    """Two detection workers find what a backtest finds. After stop and start the store has everything, and the same
    files once more change no row and no alert. What is told again, in the topics of a new broker, is what was told: of
    an alert whose first word is the last one of before there is nothing to tell."""
    names = ("copied_campaign", "bought_fans", "machine_account")
    scenario = generate(8, scale=0.02, start=START + 300 * DAY, plants={name: PLANTS[name] for name in names})
    write(scenario, tmp_path)
    files = [tmp_path / name for name in ("posts.jsonl", "fan_counts.jsonl", "follows.jsonl")]
    span = ("2026-01-01", "2028-01-01")
    ports = {"VIGIE_KAFKA__PORT": str(free_port(0)), "VIGIE_STORE__PORT": str(free_port(0))}
    running = RunningVigie(tmp_path / "data", VIGIE_WORKERS="2", **ports)
    try:
        assert sum("detect" in command for command in running.parts().values()) == 2
        done = running.vigie("backtest", *files, "--out", tmp_path / "out")
        assert done.code == 0, done.err
        lines = (tmp_path / "out" / "alerts.jsonl").read_bytes().splitlines()
        expected = {alert["alert_id"]: plain_alert(alert) for alert in map(orjson.loads, lines)}
        assert len(expected) >= 3

        def stored() -> dict[str, dict[str, object]]:
            return {name: plain_alert(alert) for name, alert in running.stored_alerts(*span).items()}

        counts = "SELECT (SELECT count() FROM posts), (SELECT count() FROM fan_counts), (SELECT count() FROM follows)"
        running.replay(*files)
        assert until(stored, lambda found: found == expected) == expected
        total = until(lambda: sum(running.rows(counts)[0]), lambda number: number == len(scenario.records))
        assert total == len(scenario.records)
        before = running.rows(counts)
        assert running.stop() == 0
        running = RunningVigie(tmp_path / "data", VIGIE_WORKERS="2", **ports)
        assert (running.rows(counts), stored()) == (before, expected)
        running.replay(*files)
        asyncio.run(drain(running.kafka, read_settings().kafka.group, 60.0))
        told = {name: plain_alert(alert) for name, alert in running.told_alerts(*span).items()}
        assert told
        assert told == {name: expected.get(name) for name in told}
        assert (until(stored, lambda found: found == expected), running.rows(counts)) == (expected, before)
    finally:
        assert running.stop() == 0


@pytest.mark.long
def test_interrupted_while_it_starts(tmp_path: Path) -> None:
    """Ctrl-C before it is ready ends it with 0, and nothing stays behind."""
    process = subprocess.Popen(
        [VIGIE, "up"],
        env=environment(tmp_path / "data", **FREE),
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    parts = until(lambda: descendants(process.pid), lambda found: len(found) >= 2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=90)
    assert process.returncode == 0, errors.decode()
    assert b"Traceback" not in errors
    pids = {part.pid for part in parts}
    assert until(lambda: [p for p in processes() if p.pid in pids], lambda left: not left, 10.0) == []
    assert not [p for p in processes() if str(tmp_path) in p.command]


def _kill(running: RunningVigie, word: str) -> int:
    """SIGKILL of the part whose command has this word; its pid."""
    (victim,) = (pid for pid, command in running.parts().items() if word in command)
    os.kill(victim, signal.SIGKILL)
    return victim


@pytest.mark.parametrize("word", ["--role detect", "store.server"])
def test_a_part_that_dies(word: str, tmp_path: Path) -> None:
    """A worker or the store that ends by itself is started again, which is said; then all is as before."""
    running = RunningVigie(tmp_path / "data", **FREE)
    before = running.parts()
    victim = _kill(running, word)
    name = "store" if word == "store.server" else "detect-1"
    told = until(running.errors.read_text, lambda text: f"{name} started again" in text, 30.0)
    assert f"{name} ended with code -9; starting it again in 1 s" in told
    assert f"{name} started again" in told
    assert running.alive()
    parts = until(running.parts, lambda parts: len(parts) == len(before), 10.0)
    assert sorted(parts.values()) == sorted(before.values())
    assert victim not in parts
    assert until(lambda: running.vigie("doctor").code, lambda code: code == 0) == 0
    assert running.stop() == 0


def test_a_worker_that_dies_again_and_again(tmp_path: Path) -> None:
    """Too often within ten minutes, and all ends with 1; the part, its exit code and its log are named, nothing is left
    running."""
    running = RunningVigie(tmp_path / "data", **FREE, VIGIE_RESTARTS="1")
    before = running.parts()
    _kill(running, "--role detect")
    until(running.errors.read_text, lambda text: "detect-1 started again" in text, 30.0)
    until(running.parts, lambda parts: len(parts) == len(before), 10.0)
    _kill(running, "--role detect")
    assert until(running.alive, lambda alive: not alive, 30.0) is False
    assert running.stop() == 1
    told = running.errors.read_text()
    assert "detect-1 ended with code -9" in told
    assert "detect-1.log" in told
    assert "It is not started again: restarts is 1 in ten minutes." in told
    assert not [p for p in processes() if before.get(p.pid) == p.command]


def test_without_its_broker(tmp_path: Path) -> None:
    """The embedded broker takes the topics with it: all ends, with 1, and says so."""
    running = RunningVigie(tmp_path / "data", **FREE)
    _kill(running, "--storage-engine")
    assert until(running.alive, lambda alive: not alive, 30.0) is False
    assert running.stop() == 1
    assert "broker ended with code -9" in running.errors.read_text()


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    """Where the data folder cannot be made, it is named; exit 1, no traceback."""
    (tmp_path / "file").write_text("x")
    folder = tmp_path / "file" / "data"
    done = subprocess.run(
        [VIGIE, "up"],
        env=environment(folder, **FREE),
        cwd=tmp_path,
        capture_output=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 1
    assert str(folder) in done.stderr.decode()
    assert b"Traceback" not in done.stderr

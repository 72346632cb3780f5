"""What runs on this machine: `vigie up` writes its addresses down, the other commands find them."""

from __future__ import annotations

import json
import os
import socket
import time
from pathlib import Path

import msgspec

from pipeline.config import Settings


class NotRunning(Exception):
    """Nothing to connect to; the message says what to do."""


class Running(msgspec.Struct):
    """Addresses of a running `vigie up`. stopped: workers that it does not start again."""

    pid: int
    kafka: str
    store_host: str
    store_port: int
    stopped: tuple[str, ...] = ()


def _path(settings: Settings) -> Path:
    return settings.data_dir / "run.json"


def write_running(settings: Settings, running: Running) -> None:
    """Tells the other commands."""
    path = _path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(running))
    fresh.replace(path)


def forget_running(settings: Settings) -> None:
    """The end of `vigie up`."""
    _path(settings).unlink(missing_ok=True)


def read_running(settings: Settings) -> Running | None:
    """What runs, or None."""
    try:
        running = msgspec.convert(json.loads(_path(settings).read_bytes()), Running)
    except (OSError, ValueError):
        return None
    return running if _alive(running.pid) else None


class Worker(msgspec.Struct, frozen=True):
    """A process of this machine that tells how it is. address: host:port of `/metrics` and `/health`; empty where they
    are switched off."""

    pid: int
    role: str
    address: str


def _workers(settings: Settings) -> Path:
    return settings.data_dir / "workers"


def announce(settings: Settings, role: str, address: str) -> None:
    """This process has begun: the other commands find it."""
    folder = _workers(settings)
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f".{os.getpid()}"
    fresh.write_bytes(msgspec.json.encode(Worker(os.getpid(), role, address)))
    fresh.replace(folder / f"{os.getpid()}.json")


def retract(settings: Settings) -> None:
    """This process ends."""
    (_workers(settings) / f"{os.getpid()}.json").unlink(missing_ok=True)


def workers(settings: Settings) -> list[Worker]:
    """Those that run, by role and pid. What others left behind that were killed is removed."""
    found = []
    for path in _workers(settings).glob("*.json"):
        try:
            worker = msgspec.json.decode(path.read_bytes(), type=Worker)
        except (OSError, msgspec.DecodeError):
            continue
        if _alive(worker.pid):
            found.append(worker)
        else:
            path.unlink(missing_ok=True)
    return sorted(found, key=lambda one: (one.role, one.pid))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def kafka_address(settings: Settings) -> str:
    """The brokers: the setting, or else the running `vigie up`.

    Raises:
        NotRunning: neither is there.
    """
    if settings.kafka.bootstrap:
        return settings.kafka.bootstrap
    running = read_running(settings)
    if running is None:
        raise NotRunning(
            f"no broker: kafka.bootstrap is not set and no `vigie up` runs with {settings.data_dir}. "
            "Start `vigie up`, or set VIGIE_KAFKA__BOOTSTRAP=host:port."
        )
    return running.kafka


def store_address(settings: Settings) -> tuple[str, int]:
    """Host and port of the ClickHouse HTTP interface, likewise.

    Raises:
        NotRunning: neither is there.
    """
    if settings.store.host:
        return settings.store.host, settings.store.port
    running = read_running(settings)
    if running is None:
        raise NotRunning(
            f"no store: store.host is not set and no `vigie up` runs with {settings.data_dir}. "
            "Start `vigie up`, or set VIGIE_STORE__HOST and VIGIE_STORE__PORT."
        )
    return running.store_host, running.store_port


_HOLD = 120.0
"""Seconds for which the word holds that the broker is being emptied, should whoever said so have died."""


def say_holding(settings: Settings, holding: bool) -> None:
    """Tells the workers whether the broker is being emptied; they say nothing of their own accord meanwhile."""
    path = settings.data_dir / "hold"
    if holding:
        path.touch()
    else:
        path.unlink(missing_ok=True)


def holding(settings: Settings) -> bool:
    """Whether that was said."""
    try:
        return time.time() - (settings.data_dir / "hold").stat().st_mtime < _HOLD
    except OSError:
        return False


def free_port(wanted: int) -> int:
    """The wanted port of 127.0.0.1, or a free one if it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on 127.0.0.1")

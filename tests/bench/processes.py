"""What processes use, from /proc: CPU time and memory. Nothing where there is no /proc."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_PROC = Path("/proc")


def parse_stat(text: str, hertz: int) -> float:
    """CPU seconds (user and system, all threads) in a `/proc/PID/stat`; the name in brackets may hold anything."""
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / hertz


def cpu_seconds(pid: int) -> float | None:
    """CPU time that a process has used, or None where that is not known."""
    try:
        return parse_stat((_PROC / str(pid) / "stat").read_text(), os.sysconf("SC_CLK_TCK"))
    except OSError:
        return None


def peak_bytes(pid: int) -> int | None:
    """The most memory that a process has had resident, or None where that is not known."""
    return _status_bytes(pid, "VmHWM:")


def resident_bytes(pid: int) -> int | None:
    """The memory that a process has resident, or None where that is not known."""
    return _status_bytes(pid, "VmRSS:")


def anonymous_bytes(pid: int) -> int | None:
    """The memory that a process has resident and that is no file's, or None where that is not known."""
    return _status_bytes(pid, "RssAnon:")


def _status_bytes(pid: int, name: str) -> int | None:
    try:
        for line in (_PROC / str(pid) / "status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


class Meter:
    """CPU time of some processes from now on."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = dict(pids)
        self._before = {name: cpu_seconds(pid) for name, pid in self._pids.items()}

    def seconds(self) -> dict[str, float]:
        """By name; without those of which it is not known."""
        used = {}
        for name, pid in self._pids.items():
            before, after = self._before[name], cpu_seconds(pid)
            if before is not None and after is not None:
                used[name] = after - before
        return used

    def peaks(self) -> dict[str, int]:
        """Peak memory by name, in bytes."""
        found = {name: peak_bytes(pid) for name, pid in self._pids.items()}
        return {name: size for name, size in found.items() if size is not None}

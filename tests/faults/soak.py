"""The soak: records at a steady rate, a worker killed every minute, and the memory of every process."""

from __future__ import annotations

import random
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.embedded import Renewal
from tests.faults import page
from tests.faults.beat import Beat
from tests.faults.brokers import Embedded, broker_for
from tests.faults.compare import Difference, differences
from tests.faults.expected import expected
from tests.faults.faults import renewal_of
from tests.faults.flow import Flow
from tests.faults.installation import Installation
from tests.faults.scene import Scene
from tests.faults.stream import Shape, write_stream
from tests.measure import say, table

RATE = 500.0
"""Records a second."""
BOUND = 200
"""Megabytes at which the embedded broker is emptied, so that it is several times within half an hour."""

_SCALE, _FIRST, _PER_DAY = 0.3, 31_500, 7_150
"""Size of the generated days; about how many records the first three have, with the operations, and each one after."""

_EVERY = 60.0  # seconds from one kill to the next
_LOOK = 2.0
_WARM = 1 / 3  # of the time: windows fill, caches too
_PATIENCE = 600.0

Sample = tuple[float, int]
"""Seconds since the beginning, bytes resident."""


@dataclass(frozen=True, slots=True)
class Slope:
    """How the memory of a process went: bytes at the first and last look and the most; bytes a minute over the highest
    of each minute after the first third, with the standard error of that."""

    first: int
    last: int
    most: int
    slope: float
    noise: float

    @property
    def flat(self) -> bool:
        """The slope lies within twice its noise, either way, or the time was too short for one."""
        return bool(np.isnan(self.noise)) or abs(self.slope) <= 2 * self.noise

    @property
    def grows(self) -> bool:
        """The slope is more than twice its noise above 0. What must not be; memory may well be given back."""
        return self.slope > 0 and not self.flat


def resident(pid: int) -> int | None:
    """Bytes that a process has in memory, or None when it is gone (or there is no /proc)."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def slope(samples: Sequence[Sample]) -> Slope:
    """Least squares over the highest sample of each minute; NaN where there are fewer than three minutes."""
    sizes = [size for _, size in samples]
    begin, end = samples[0][0], samples[-1][0]
    highest: dict[int, int] = defaultdict(int)
    for at, size in samples:
        if at >= begin + _WARM * (end - begin):
            minute = int(at // 60)
            highest[minute] = max(highest[minute], size)
    x, y = np.array(list(highest), dtype=float), np.array(list(highest.values()), dtype=float)
    fit = noise = float("nan")
    if len(x) >= 3:
        fit, start = (float(value) for value in np.polyfit(x, y, 1))
        left = float(((y - (fit * x + start)) ** 2).sum()) / (len(x) - 2)
        noise = (left / float(((x - x.mean()) ** 2).sum())) ** 0.5
    return Slope(sizes[0], sizes[-1], max(sizes), fit, noise)


@dataclass(frozen=True, slots=True)
class Soaked:
    """How a soak ended."""

    records: int
    seconds: float
    kills: int
    behind: float
    lag: str
    memory: dict[str, Slope]
    emptied: int
    differences: list[Difference]


def soak(broker: str, minutes: float, rate: float, folder: Path) -> Soaked:
    """Plays it."""
    folder.mkdir(parents=True)
    days = round(3.0 + max(0.0, minutes * 60 * rate - _FIRST) / _PER_DAY, 1)
    say(f"soak: making {days:g} days of records and their backtest")
    began = time.monotonic()
    with Beat("soak") as beat:
        shape = Shape(scale=_SCALE, days=days)
        stream = write_stream(folder / "stream.jsonl", 1, shape, beat.told)
        wanted = expected(stream, folder / "backtest", beat.told, apart=True)
    say(
        f"soak: {stream.records} records and what must come of them, made in {time.monotonic() - began:.0f} s"
    )
    running = broker_for(broker, folder / "broker.log", killed=False)
    running.start()
    try:
        parts = Installation(folder / "data", running)
        try:
            parts.start()
            flow = Flow(parts.bootstrap, stream, rate)
            scene = Scene(parts, flow, random.Random("soak"))
            say(f"soak: {stream.records} records at {rate:g} a second")
            renewal = renewal_of(scene, BOUND) if isinstance(running, Embedded) else None
            memory, kills, seconds = _watch(scene, renewal)
            began = time.monotonic()
            lag = scene.drained(_PATIENCE)
            behind = time.monotonic() - began
            found = differences(parts, wanted)
        finally:
            parts.stop()
    finally:
        running.stop()
    slopes = {name: slope(samples) for name, samples in sorted(memory.items())}
    emptied = renewal.times if renewal is not None else 0
    return Soaked(stream.records, seconds, kills, behind, lag, slopes, emptied, found)


def _watch(scene: Scene, renewal: Renewal | None) -> tuple[dict[str, list[Sample]], int, float]:
    """Until all is published: kills and looks. Samples by process, kills, seconds."""
    memory: dict[str, list[Sample]] = defaultdict(list)
    began, kills = time.monotonic(), 0
    scene.flow.start()
    while scene.flow.going() or (renewal is not None and not renewal.idle):
        if renewal is not None:
            renewal.tick()
        past = time.monotonic() - began
        if scene.flow.going() and past >= (kills + 1) * _EVERY:
            kills += 1
            name = scene.rng.choice(("detect-1", "sink"))
            say(f"soak: {past / 60:.0f} min, {scene.flow.share:.0%} published; {name} killed")
            scene.parts.kill(name)
        for name, pid in scene.parts.pids().items():
            size = resident(pid)
            if size:
                memory[name].append((past, size))
        scene.wait(_LOOK)
    return memory, kills, time.monotonic() - began


def report(broker: str, minutes: float, rate: float) -> bool:
    """Plays it and writes its section of docs/reliability.md; whether all was as it should be."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="vigie-soak-") as name:
        done = soak(broker, minutes, rate, Path(name) / "soak")
    for one in done.differences:
        say(str(one))
    text = section(done, broker, page.tree())
    page.write(soak=text)
    say(text)
    return not done.lag and all(one.none for one in done.differences)


def told_of(memory: Mapping[str, Slope]) -> str:
    """The verdict on the memory of all processes."""
    short = [name for name, one in memory.items() if np.isnan(one.noise)]
    growing = [name for name, one in memory.items() if one.grows]
    words = [f"Grows: {', '.join(growing)}."] if growing else []
    words += [f"Too short to tell: {', '.join(short)}."] if short else []
    return " ".join(words) or "None grows."


def section(done: Soaked, broker: str, tree: str) -> str:
    """For the page."""
    mb = 1e6
    rows = [
        (
            name,
            f"{one.first / mb:.0f}",
            f"{one.last / mb:.0f}",
            f"{one.most / mb:.0f}",
            "too short" if np.isnan(one.slope) else f"{one.slope / mb:+.2f} ± {one.noise / mb:.2f}",
        )
        for name, one in done.memory.items()
    ]
    wrong = [f"- {str(one).splitlines()[0]}" for one in done.differences if not one.none]
    verdict = told_of(done.memory)
    rate = done.records / done.seconds
    return "\n\n".join(
        [
            f"{done.records:,} records in {done.seconds / 60:.1f} minutes ({rate:,.0f} a second) on the "
            f"{'embedded broker' if broker == 'embedded' else 'Apache Kafka'}, a worker killed every minute "
            f"({done.kills} times), tree {tree}.",
            f"Left behind after the last record: {done.lag or 'nothing'}; through after {done.behind:.0f} s.",
            *(
                [
                    f"The broker was emptied {done.emptied} times, whenever it had {BOUND} MB ("
                    "[how](explanation/architecture.md#the-embedded-broker))."
                ]
                if done.emptied
                else []
            ),
            "Results: " + ("equal to the backtest." if not wrong else "not equal to the backtest:"),
            *(["\n".join(wrong)] if wrong else []),
            table(("process", "first, MB", "last, MB", "most, MB", "slope, MB a minute"), rows),
            "Resident memory, looked at every two seconds. The slope is fitted to the highest of each minute after the "
            "first third, ± its standard error; a process grows where it is more than twice that above 0. A worker "
            "that is killed starts again from little. " + verdict,
            "What waits while a worker is dead comes in one insert afterwards; how the store's memory goes with what "
            "it holds and with the size of an insert is [measured alone](performance.md#memory-of-the-store).",
        ]
    )

"""How soon it is there, and what it costs to leave it running: start, import, idle."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.installed import environment
from tests.bench.live import pids, running
from tests.bench.options import Options
from tests.bench.processes import Meter
from tests.measure import say, table

TITLE = "Start and rest"

_COMMAND = [sys.executable, "-c", "from pipeline.cli.main import run; run()"]
_PATIENCE = 120.0


@contextmanager
def _up() -> Iterator[subprocess.Popen[str]]:
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as folder:
        more = {"VIGIE_DATA_DIR": folder, "VIGIE_KAFKA__PORT": "0", "VIGIE_STORE__PORT": "0"}
        log = Path(folder) / "err"
        with log.open("w") as errors:
            process = subprocess.Popen(
                [*_COMMAND, "up"],
                env={**environment(None), **more},
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(_PATIENCE)
            assert process.stdout is not None
            process.stdout.close()


def ready() -> float:
    """Seconds from the command `vigie up` to the addresses that it prints when all parts answer."""
    began = time.perf_counter()
    with _up() as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("data"):  # the last of the addresses
                return time.perf_counter() - began
    raise RuntimeError("vigie up ended before it was ready")


def command(*words: str) -> float:
    """Seconds of one short run of Python."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *words], env=environment(None), check=True, capture_output=True)
    return time.perf_counter() - began


def idle(seconds: float) -> dict[str, float]:
    """Percent of one core that each process uses while nothing comes in."""
    with running() as stack:
        time.sleep(min(5.0, seconds))
        meter = Meter({name: pid for name, pid in pids(stack).items() if pid != os.getpid()})
        time.sleep(seconds)
        return {name: 100.0 * used / seconds for name, used in meter.seconds().items()}


def section(options: Options) -> str:
    """Measures; the body of the section."""
    times = 2 if options.quick else 5
    starts = []
    for number in range(times):
        say(f"bench: start {number + 1} of {times}")
        starts.append(ready())
    bare = statistics.median(command("-c", "pass") for _ in range(times))
    imported = statistics.median(command("-c", "import pipeline.cli.main") for _ in range(times))
    helped = statistics.median(command(*_COMMAND[1:], "--help") for _ in range(times))
    say("bench: at rest")
    resting = idle(5.0 if options.quick else 30.0)
    rows = [
        ("`vigie up`: from the command to ready", f"{statistics.median(starts):.2f} s"),
        ("the same, slowest", f"{max(starts):.2f} s"),
        ("Python itself", f"{1000 * bare:.0f} ms"),
        ("importing the command", f"{1000 * (imported - bare):.0f} ms more"),
        ("`vigie --help`", f"{1000 * helped:.0f} ms"),
        *((f"at rest, {name}", f"{percent:.1f} % of a core") for name, percent in resting.items()),
        ("at rest, all", f"{sum(resting.values()):.1f} % of a core"),
    ]
    return f"Medians of {times}.\n\n" + table(("what", "figure"), rows)

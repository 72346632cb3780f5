"""One run: a stream, a fault, a broker; and what differs in the end.

    python -m tests.faults.play FAULT [--broker embedded|kafka] [--seed N] [--rate R] [--folder DIR]

prints one JSON object. Exit 0 when nothing differs, 1 when something does.
"""

from __future__ import annotations

import argparse
import logging
import random
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from pipeline.cli.console import log_to_stderr
from pipeline.stack import StackError
from schemas.topics import POSTS_RAW, TOPICS
from tests.faults.brokers import InUse, broker_for
from tests.faults.compare import Difference, differences
from tests.faults.expected import Expected, expected
from tests.faults.faults import FAULTS, Fault
from tests.faults.flow import Flow
from tests.faults.installation import Installation
from tests.faults.scene import Scene
from tests.faults.stream import Stream, write_stream
from tests.measure import say

BROKERS = ("embedded", "kafka")
RATE = 1_500.0
"""Records a second."""

_PATIENCE = 150.0
_CALM = 1.5  # seconds; what a worker that was out of the group publishes late comes within these


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. behind: seconds from the last publication until all was through. lag: empty, or what was not.
    ended: parts that ended by themselves."""

    fault: str
    broker: str
    seed: int
    records: int
    behind: float
    lag: str
    differences: list[Difference]
    done: list[str]
    ended: dict[str, int] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """All went through, and nothing differs."""
        return not self.lag and all(difference.none for difference in self.differences)

    def __str__(self) -> str:
        head = f"{self.fault} on {self.broker}, seed {self.seed}, {self.records} records: "
        wrong = [str(difference) for difference in self.differences if not difference.none]
        lines = [
            head + ("equal" if self.good else "NOT EQUAL"),
            *self.done,
            *(f"ended by itself: {what}, {count} times" for what, count in self.ended.items()),
            *([f"not through: {self.lag}"] if self.lag else []),
            *wrong,
        ]
        return "\n  ".join(lines)


def prepare(fault: Fault, seed: int, folder: Path) -> tuple[Stream, Expected]:
    """The records of a run, and what must come of them."""
    stream = write_stream(folder / "stream.jsonl", seed, fault.shape)
    return stream, expected(stream, folder / "backtest")


def play(
    fault: Fault,
    broker: str,
    stream: Stream,
    wanted: Expected,
    folder: Path,
    rate: float = RATE,
    chance: int = 0,
) -> Outcome:
    """Plays the stream under the fault and compares.

    Args:
        fault: what is done.
        broker: one of `BROKERS`.
        stream: the records.
        wanted: what must come of them.
        folder: for data and logs; must be new.
        rate: records a second.
        chance: seed of the moments at which things are done; beside the stream's.

    Raises:
        pipeline.stack.StackError: a part did not start.
        ValueError: the topics are not declared as the fault wants them; `tests.faults.runner` sees to that.
    """
    declared = TOPICS[POSTS_RAW].partitions
    if fault.partitions not in (None, declared):
        raise ValueError(f"{fault.name} needs {fault.partitions} partitions; {declared} are declared")
    folder.mkdir(parents=True)
    running = broker_for(broker, folder / "broker.log", fault.memory)
    running.start()
    try:
        parts = Installation(folder / "data", running, fault.workers, fault.proxied, fault.disk)
        try:
            parts.more.update(fault.settings)
            parts.start()
            flow = Flow(parts.bootstrap, stream, rate)
            scene = Scene(parts, flow, random.Random(f"{fault.name}/{stream.seed}/{chance}"))
            flow.start()
            fault.act(scene)
            scene.until(lambda: not flow.going(), 600.0)
            began = time.monotonic()
            lag = scene.drained(_PATIENCE)
            behind = time.monotonic() - began
            scene.wait(_CALM)
            lag = lag or scene.drained(_PATIENCE)
            found = differences(parts, wanted)
            return Outcome(
                fault.name,
                broker,
                stream.seed,
                stream.records,
                round(behind, 1),
                lag,
                found,
                scene.done,
                dict(parts.ended),
            )
        finally:
            parts.stop()
    finally:
        running.stop()


def outcome_of(data: dict[str, Any]) -> Outcome:
    """The outcome that was printed as JSON."""
    found = [Difference(**{**one, "examples": tuple(one["examples"])}) for one in data["differences"]]
    return Outcome(**{**data, "differences": found})


def main(arguments: list[str]) -> int:
    """The command line; the exit code."""
    cli = argparse.ArgumentParser(prog="python -m tests.faults.play", description=__doc__)
    cli.add_argument("fault", choices=FAULTS)
    cli.add_argument("--broker", choices=BROKERS, default="embedded")
    cli.add_argument("--seed", type=int, default=1)
    cli.add_argument("--rate", type=float, default=RATE)
    cli.add_argument("--folder", type=Path, help="keep data and logs here")
    options = cli.parse_args(arguments)
    log_to_stderr("info")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a broker that is away is what we want here
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = options.folder or Path(tempfile.mkdtemp(prefix="vigie-faults-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        fault = FAULTS[options.fault]
        stream, wanted = prepare(fault, options.seed, folder)
        outcome = play(fault, options.broker, stream, wanted, folder / "run", options.rate, options.seed)
    except (InUse, StackError) as error:
        say(f"{options.fault}: {error}")
        return 2
    finally:
        if options.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.buffer.write(orjson.dumps(asdict(outcome)) + b"\n")
    say(str(outcome))
    return 0 if outcome.good else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""Plays faults and writes docs/reliability.md.

    python -m tests.faults [--runs N] [--kafka] [FAULT ...]        no FAULT: all of them
    python -m tests.faults soak [--minutes M] [--rate R] [--kafka]

Exit 0 when live equalled backtest each time (but for what a broker without memory must lose), 1 when it did not, 2 for
wrong use.
"""

from __future__ import annotations

import argparse
import sys
import time

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from tests.faults import page, soak
from tests.faults.faults import FAULTS
from tests.faults.play import Outcome
from tests.faults.runner import RunFailed, run
from tests.kafka_server import KafkaMissingError, check_available
from tests.measure import say

FAILED, WRONG_USE = 1, 2


def chaos(names: list[str], brokers: list[str], runs: int) -> int:
    """Plays each of the faults on each of the brokers with the seeds 1 to `runs`; the exit code."""
    wanted = [
        (FAULTS[name], broker, seed)
        for name in names
        for broker in brokers
        for seed in range(1, runs + 1)
        if broker == "embedded" or not FAULTS[name].embedded
    ]
    outcomes: list[Outcome] = []
    bad = 0
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("chaos", total=len(wanted))
        for number, (fault, broker, seed) in enumerate(wanted, 1):
            bar.update(task, description=f"{fault.name} on {broker}, seed {seed}")
            began = time.monotonic()
            try:
                outcome = run(fault, broker, seed)
            except RunFailed as error:
                bad += 1
                console.print(f"chaos: {error}", markup=False, highlight=False, soft_wrap=True)
            else:
                outcomes.append(outcome)
                bad += not (outcome.good or (fault.memory and broker == "embedded"))
                seconds = time.monotonic() - began
                line = f"chaos {number}/{len(wanted)}, {seconds:.0f} s: {outcome}"
                console.print(line, markup=False, highlight=False, soft_wrap=True)
                page.write(page.rows_of(outcomes, page.tree()))
            bar.advance(task)
    say(f"chaos: written to docs/reliability.md; {bad} of {len(wanted)} runs are not as they should be")
    return FAILED if bad else 0


def main(arguments: list[str]) -> int:
    """The command line; the exit code."""
    cli = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    cli.add_argument("names", nargs="*", metavar="FAULT", help=f"soak, or some of: {', '.join(FAULTS)}")
    cli.add_argument("--runs", type=int, default=1, help="how often each, with other chances each time (1)")
    cli.add_argument("--kafka", action="store_true", help="on Apache Kafka as well")
    cli.add_argument("--minutes", type=float, default=30.0, help="length of the soak (30)")
    cli.add_argument("--rate", type=float, default=soak.RATE, help=f"its records a second ({soak.RATE:g})")
    options = cli.parse_args(arguments)
    unknown = [name for name in options.names if name not in FAULTS and name != "soak"]
    if unknown or options.runs < 1 or options.minutes <= 0 or options.rate <= 0:
        cli.error(f"no such fault: {', '.join(unknown)}" if unknown else "numbers must be above 0")
    brokers = ["embedded"]
    if options.kafka:
        try:
            check_available()
            brokers.append("kafka")
        except KafkaMissingError as error:
            say(f"chaos: on the embedded broker only: {error}")
    if "soak" in options.names:
        if len(options.names) > 1:
            cli.error("soak goes alone")
        return 0 if soak.report(brokers[-1], options.minutes, options.rate) else FAILED
    return chaos(options.names or list(FAULTS), brokers, options.runs)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

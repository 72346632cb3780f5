"""`vigie lab coshare`: accounts that share the same objects within some seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.console import WRONG_USE, fail, say

_LARGEST = 1_000_000_000

_FILE = typer.Argument(
    help="CSV, .csv.gz or Parquet with the columns object_id, account_id, content_id, timestamp_share (seconds)."
)
_WINDOW = typer.Option(metavar="S", help="Most seconds between two shares of one object that make a pair.")
_LEAST = typer.Option(metavar="N", help="Least number of shares with which an account takes part.")
_SPREADSHEET = typer.Option(
    "--spreadsheet",
    help="For a spreadsheet: text that it would take for a formula gets an apostrophe before it.",
)
_OUT = typer.Option(metavar="CSV", help="CSV file for the pairs; one that is there is written over.")


def _whole(option: str, text: str, least: int) -> int:
    """The value of an option; ends the command when it is wrong."""
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and least <= int(text) <= _LARGEST):
        wanted = f"a whole number from {least} to {_LARGEST} is needed"
        fail("lab coshare", f"{option} is {text[:40]!r}; {wanted}", WRONG_USE)
    return int(text)


def coshare(
    file: Annotated[Path, _FILE],
    window: Annotated[str, _WINDOW],
    min_participation: Annotated[str, _LEAST],
    out: Annotated[Path, _OUT],
    spreadsheet: Annotated[bool, _SPREADSHEET] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Write the pairs of accounts that share the same objects within S seconds, as CooRTweet does."""
    import time

    import numpy as np
    import orjson

    from pipeline.cli.progress import progress_bar
    from pipeline.connect.items import FileProblem, Progress
    from pipeline.lab.coordinated import MOST_PAIRS, TooManyPairs, coordinated
    from pipeline.lab.shares import read_shares, write_pairs

    command = "lab coshare"
    most = _whole("--window", window, 0)
    least = _whole("--min-participation", min_participation, 1)
    if out.is_dir() or not out.absolute().parent.is_dir():
        fail(command, f"--out {out}: no file in an existing folder. Choose a place for a CSV file", WRONG_USE)
    if out.exists() and file.exists() and out.samefile(file):
        fail(command, f"--out {out}: the input itself. Choose another file", WRONG_USE)
    clock = [time.perf_counter()]
    try:
        reading = Progress()
        with progress_bar("read", reading):
            table = read_shares(file, reading)
        clock.append(time.perf_counter())
        pairing = Progress(len(table.times))
        with progress_bar("pairs", pairing) as step:

            def done(rows: int) -> None:
                pairing.done += rows
                step(rows)

            pairs = coordinated(table, most, least, done)
        clock.append(time.perf_counter())
        write_pairs(out, table, pairs, spreadsheet)
        clock.append(time.perf_counter())
    except FileProblem as problem:
        fail(command, problem, WRONG_USE if problem.wrong_use else 1)
    except (TooManyPairs, MemoryError):
        fail(
            command,
            f"{file}: more than {MOST_PAIRS:,} pairs, or than memory holds. Choose a smaller --window",
        )
    except OSError as error:
        fail(command, f"{out}: {error.strerror}. Choose a file that can be written")
    accounts = np.unique(table.accounts[np.concatenate((pairs.older, pairs.newer))])
    report = {
        "file": str(file),
        "window": most,
        "min_participation": least,
        "shares": len(table.times),
        "accounts": len(table.account_names),
        "objects": len(table.object_names),
        "shares_considered": pairs.considered,
        "pairs": len(pairs.older),
        "accounts_in_pairs": len(accounts),
        "out": str(out),
        "seconds": {
            name: round(after - before, 6)
            for name, before, after in zip(("read", "pairs", "write"), clock, clock[1:], strict=False)
        },
    }
    if json:
        print(orjson.dumps(report).decode())
        return
    say(f"written: {out}")
    for name in ("shares", "accounts", "objects", "shares_considered", "pairs", "accounts_in_pairs"):
        print(f"{name} {report[name]}")

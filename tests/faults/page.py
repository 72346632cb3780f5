"""docs/reliability.md: a table of what was played, and the last soak; what was not played anew stays as it stands."""

from __future__ import annotations

import re
import subprocess
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

from tests.faults.faults import FAULTS
from tests.faults.play import BROKERS, Outcome
from tests.measure import ROOT, machine, table

PAGE = ROOT / "docs" / "reliability.md"

HEAD = (
    "fault", "broker", "runs", "equal", "alerts", "lost", "twice", "different", "rows", "lost", "twice", "different",
    "through after", "tree",
)  # fmt: skip

_INTRO = """# Reliability

Written by `make chaos`. `python -m tests.faults [--runs N] [--kafka] [FAULT …]` plays some faults anew,
`python -m tests.faults soak --minutes N` the soak. {machine}.

**Live equals backtest.** A stream of about 31,000 generated records, with operations planted in it, is
published evenly within 20 seconds to a whole installation (broker, detection workers, sink worker,
store) while something is done to it. Then it is closed. When it has gone through, what is there is held
against a backtest over the same records: every closed alert, in the alert topic and in the table
`alerts`, in every field but the revision; every row of `posts`, `fan_counts` and `follows` in every
column but the time of storing; the posts of every copy cluster; every dead letter.

In every stream records come twice (2 %), shuffled within the lateness (30 %), later than the lateness
(0.5 %), edited or deleted afterwards (0.3 %), from clocks wrong by a day (0.05 %), and three or more
are none at all (one in 10,000).
"""

_LEGEND = """*rows*: those of the tables, copy clusters and dead letters together. *lost*: should be there and is
not. *twice*: there too often, or not to be there at all, such as an alert under another name.
*different*: there, and not the same. Sums over the runs; an alert that differs in topic and table
counts once. *through after*: seconds from the last publication until all was stored, the longest of the
runs. *tree*: the commit that was measured; `+` with changes that were not committed. Moments are random
and follow from the seed; seeds are 1, 2, …

The embedded broker keeps its records in memory. What it held when it died is gone, and its rows show
how much that is here; Apache Kafka keeps its log.
"""


@dataclass(slots=True)
class Row:
    """A line of the table; see `HEAD`. Figures are sums over the runs, `behind` is the greatest."""

    fault: str
    broker: str
    runs: int = 0
    equal: int = 0
    alerts: int = 0
    alerts_lost: int = 0
    alerts_twice: int = 0
    alerts_different: int = 0
    rows: int = 0
    rows_lost: int = 0
    rows_twice: int = 0
    rows_different: int = 0
    behind: str = "0 s"
    tree: str = ""

    def add(self, outcome: Outcome) -> None:
        """Takes one more run in."""
        told, stored, *others = outcome.differences
        self.runs += 1
        self.equal += outcome.good
        self.alerts += told.wanted
        self.alerts_lost += max(told.lost, stored.lost)
        self.alerts_twice += max(told.twice, stored.twice)
        self.alerts_different += max(told.different, stored.different)
        self.rows += sum(one.wanted for one in others)
        self.rows_lost += sum(one.lost for one in others)
        self.rows_twice += sum(one.twice for one in others)
        self.rows_different += sum(one.different for one in others)
        before = float(self.behind.split()[0]) if self.behind[0].isdigit() else float("inf")
        self.behind = (
            "never" if outcome.lag or before == float("inf") else f"{max(before, outcome.behind):.0f} s"
        )

    def cells(self) -> list[str]:
        """As in the table."""
        values = (getattr(self, one.name) for one in fields(self))
        return [f"{value:,}" if isinstance(value, int) else str(value) for value in values]

    @classmethod
    def read(cls, line: str) -> Self:
        """The line of a table."""
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        row = cls("", "")
        for one, cell in zip(fields(cls), cells, strict=True):
            setattr(row, one.name, int(cell.replace(",", "")) if one.type == "int" else cell)
        return row


def rows_of(outcomes: Iterable[Outcome], tree: str) -> list[Row]:
    """One for each fault and broker."""
    rows: dict[tuple[str, str], Row] = {}
    for outcome in outcomes:
        key = (outcome.fault, outcome.broker)
        rows.setdefault(key, Row(*key, tree=tree)).add(outcome)
    return list(rows.values())


def standing(path: Path = PAGE) -> tuple[list[Row], str]:
    """The rows of the page as it stands, and its soak."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = re.findall(rf"^\| [a-z0-9-]+ \| (?:{'|'.join(BROKERS)}) \|.*$", text, re.MULTILINE)
    soak = re.search(r"^## Soak\n\n(.*)\Z", text, re.MULTILINE | re.DOTALL)
    return [Row.read(line) for line in lines], soak[1].strip() if soak else ""


def write(rows: Sequence[Row] = (), soak: str = "", path: Path = PAGE) -> None:
    """Puts these in the place of those that stand there for the same fault and broker; likewise the soak."""
    old, old_soak = standing(path)
    merged: Mapping[tuple[str, str], Row] = {(row.fault, row.broker): row for row in [*old, *rows]}
    order = [
        merged[key] for key in ((name, broker) for name in FAULTS for broker in BROKERS) if key in merged
    ]
    done = [(name, fault.about) for name, fault in FAULTS.items() if any(row.fault == name for row in order)]
    parts = [
        _INTRO.format(machine=f"Machine: {machine()}"),
        "## Faults\n",
        table(HEAD, [row.cells() for row in order]) + "\n",
        _LEGEND,
        *_verdict(order),
        table(("fault", "what is done"), done) + "\n",
        f"## Soak\n\n{soak or old_soak or 'Not played yet.'}",
    ]
    path.write_text("\n".join(parts) + "\n", encoding="utf-8")


def _verdict(rows: Sequence[Row]) -> list[str]:
    """Which rows are not as they should be."""
    wrong = [
        f"`{row.fault}` ({row.broker})"
        for row in rows
        if row.equal < row.runs and not (FAULTS[row.fault].memory and row.broker == "embedded")
    ]
    if not wrong:
        return []
    text = (
        f"**Not as it should be**: {', '.join(wrong)}. See what a lost worker costs "
        "([architecture](explanation/architecture.md))."
    )
    return [textwrap.fill(text, 104, break_long_words=False, break_on_hyphens=False) + "\n"]


def tree() -> str:
    """The commit that runs, with a `+` where the files differ from it."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    changed = git("status", "--porcelain", "--", "schemas", "pipeline", "agents", "infra", "tests/faults")
    return (git("rev-parse", "--short=7", "HEAD") or "unknown") + ("+" if changed else "")

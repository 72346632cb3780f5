"""What measuring needs: where the shared recordings are, and tables in documents."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("VIGIE_EVAL_DATA") or ROOT.parent / "shared" / "data")
"""Where the recorded data is, if it is."""


def shared() -> Path | None:
    """The folder of recorded data (`VIGIE_EVAL_DATA`, default ../shared/data), or None where it is absent."""
    return DATA if DATA.is_dir() else None


def say(text: str) -> None:
    """Progress, for people."""
    print(text, file=sys.stderr, flush=True)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def machine() -> str:
    """What this ran on."""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"

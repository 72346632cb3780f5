"""`vigie worker`."""

from __future__ import annotations

from typing import Annotated

import typer


def worker(
    role: Annotated[str, typer.Option(help="detect, sink or all.")] = "all",
) -> None:
    """A Faust worker of a distributed installation."""
    import os
    import sys

    from pipeline.cli.console import WRONG_USE, fail
    from pipeline.cli.settings import load_settings

    if role not in ("detect", "sink", "all"):
        fail("worker", f"--role is {role!r}; detect, sink or all is needed", WRONG_USE)
    load_settings("worker")
    # The worker takes this process over: signals reach it directly, and nothing of ours stays behind it.
    os.execv(sys.executable, [sys.executable, "-m", "agents.worker", "--role", role])  # noqa: S606

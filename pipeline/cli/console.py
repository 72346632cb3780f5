"""What the commands share: messages to standard error, results to standard output, exit codes."""

from __future__ import annotations

import sys
from typing import NoReturn

import typer

FAILED = 1
WRONG_USE = 2


def say(text: str) -> None:
    """A message for people, on standard error."""
    print(text, file=sys.stderr, flush=True)


def fail(command: str, problem: object, code: int = FAILED) -> NoReturn:
    """Ends the command: what is wrong and what to do."""
    say(f"vigie {command}: {problem}")
    raise typer.Exit(code)


def broker_silent(address: str, error: Exception) -> str:
    """What to say when the broker cannot be reached."""
    return (
        f"Kafka at {address} does not answer ({type(error).__name__}: {error}). "
        "Start it with `vigie up`, or set VIGIE_KAFKA__BOOTSTRAP to the address of your brokers."
    )


def log_to_stderr(level: str) -> None:
    """Messages go to standard error, results to standard output; structlog's own default is the latter."""
    import logging
    import os
    import sys

    import structlog

    colors = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.dev.ConsoleRenderer(colors=colors),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )

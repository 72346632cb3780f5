"""The command `vigie`. Each command imports what it needs when it runs, so that `vigie --help` is quick."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from pipeline.cli import (
    alerts,
    backtest,
    bot,
    connect,
    demo,
    dlq,
    doctor,
    export,
    forget,
    lab,
    replay,
    sql,
    up,
    worker,
)


def _say_version(wanted: bool) -> None:
    """Prints the installed version and ends."""
    if wanted:
        from importlib.metadata import version

        print(f"vigie {version('vigie')}")
        raise typer.Exit


app = typer.Typer(
    name="vigie",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Say which version this is.", callback=_say_version, is_eager=True),
    ] = False,
) -> None:
    """Vigie watches social feeds and tells, within seconds and with evidence, when what people see is staged."""


app.command()(up.up)
app.command()(demo.demo)
app.command()(worker.worker)
app.add_typer(connect.app, name="connect")
app.command()(replay.replay)
app.command()(backtest.backtest)
app.command()(alerts.alerts)
app.command()(sql.sql)
app.command()(export.export)
app.command()(bot.bot)
app.command()(doctor.doctor)
app.command()(forget.forget)
app.add_typer(dlq.app, name="dlq")
app.add_typer(lab.app, name="lab")


def run() -> None:
    """Entry point. An interrupted command says so by its exit code."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)

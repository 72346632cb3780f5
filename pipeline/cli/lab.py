"""`vigie lab`: parts of the detectors by themselves, over files."""

from __future__ import annotations

import typer

from pipeline.cli import lab_series

app = typer.Typer(help="Run one part of the detectors over a file.", no_args_is_help=True)
app.callback()(lambda: None)  # with a single command, too, its name is typed
app.command("series")(lab_series.series)

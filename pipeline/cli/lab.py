"""`vigie lab …`: parts of the detectors by themselves, over a file of one's own."""

from __future__ import annotations

import typer

from pipeline.cli import lab_coshare, lab_series

app = typer.Typer(help="Run one part of the detectors over a file of one's own.", no_args_is_help=True)
app.command("coshare")(lab_coshare.coshare)
app.command("series")(lab_series.series)

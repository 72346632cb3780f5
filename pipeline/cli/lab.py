"""`vigie lab …`: tables of one's own."""

from __future__ import annotations

import typer

from pipeline.cli import lab_coshare

app = typer.Typer(help="Ask one question of a table of your own.", no_args_is_help=True)
app.command("coshare")(lab_coshare.coshare)


@app.callback()
def lab() -> None:
    """Ask one question of a table of your own."""

"""`vigie export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.export.tables import Format
    from pipeline.export.write import Report

_ALERT = typer.Argument(help="An alert's id, or its beginning.")
_OUT = typer.Option(
    help="Folder to write to; by default vigie-export-ALERT_ID here. Files there are written over."
)
_FORMAT = typer.Option(
    "--format", help="Form of the rows: csv, for a spreadsheet, or parquet, exactly as stored."
)
_ROWS = typer.Option(help="Most rows, from 1 to 1,000,000; the first in order of time.")
_PAIRS = typer.Option(
    help="Most links between two accounts, from 0 to 1,000,000; what is beyond becomes nodes."
)
_MOST_PAIRS = 1_000_000


def export(
    alert_id: Annotated[str, _ALERT],
    out: Annotated[Path | None, _OUT] = None,
    form: Annotated[str, _FORMAT] = "csv",
    max_rows: Annotated[int, _ROWS] = 100_000,
    max_pairs: Annotated[int, _PAIRS] = 20_000,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Write what an alert rests on: its rows, its accounts, and a graph of what these have in common (GraphML)."""
    from pipeline.cli.console import fail
    from pipeline.cli.progress import progress_bar
    from pipeline.cli.settings import load_settings
    from pipeline.connect.items import Progress
    from pipeline.export.clean import file_name
    from pipeline.export.found import NoSuchAlert, count, find
    from pipeline.export.write import Choice
    from pipeline.export.write import export as write
    from pipeline.runtime import NotRunning, store_address
    from pipeline.store.client import StoreClient
    from pipeline.store.errors import StoreError

    choice = Choice(*_checked(form, max_rows, max_pairs, out))
    settings = load_settings("export")
    store = settings.store
    folder = out
    try:
        host, port = store_address(settings)
        with StoreClient(host, port, store.user, store.password.get_secret_value(), store.database) as client:
            alert = find(client, alert_id)
            folder = out or Path(f"vigie-export-{file_name(alert.alert_id)}")
            total = count(client, alert)
            reading = Progress(min(total, choice.max_rows))
            with progress_bar("export", reading) as step:

                def done(rows: int) -> None:
                    reading.done += rows
                    step(rows)

                report = write(client, alert, folder, choice, total, done)
    except (NotRunning, StoreError, NoSuchAlert) as error:
        fail("export", error)
    except OSError as error:
        fail("export", f"{folder}: {error.strerror or error}. Choose a folder that can be written with --out")
    _tell(report, json)


def _checked(form: str, max_rows: int, max_pairs: int, out: Path | None) -> tuple[Format, int, int]:
    from pipeline.cli.console import WRONG_USE, fail
    from pipeline.export.tables import FORMATS
    from pipeline.export.write import MOST_ROWS

    known = next((one for one in FORMATS if one == form), None)
    if known is None:
        fail("export", f"--format is {form!r}; csv or parquet is needed", WRONG_USE)
    for option, value, least, most in (
        ("--max-rows", max_rows, 1, MOST_ROWS),
        ("--max-pairs", max_pairs, 0, _MOST_PAIRS),
    ):
        if not least <= value <= most:
            fail(
                "export", f"{option} is {value}; a whole number from {least} to {most:,} is needed", WRONG_USE
            )
    if out is not None and out.exists() and not out.is_dir():
        fail("export", f"--out {out}: a file, not a folder. Choose another place", WRONG_USE)
    return known, max_rows, max_pairs


def _tell(report: Report, as_json: bool) -> None:
    from pipeline.cli.console import say

    if as_json:
        import msgspec
        import orjson

        print(orjson.dumps(msgspec.to_builtins(report)).decode())
        return
    say(f"written: {report.folder}")
    print(
        f"{report.alert_id}: {report.rows:,} rows, {report.accounts:,} accounts, {report.links:,} links, "
        f"{report.things:,} things in common"
    )
    for file in report.files:
        print(f"  {file}")
    for note in report.notes:
        print(f"  note: {note.en}")

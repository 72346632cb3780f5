"""`vigie backtest`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.console import WRONG_USE, fail, say


def backtest(
    files: Annotated[
        list[Path] | None, typer.Argument(help="JSON Lines (.jsonl, .gz, .zst), CSV or Parquet.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for alerts.jsonl, copies.jsonl and report.json.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="posts, fan_counts or follows; otherwise seen from the fields.")
    ] = None,
    erasures: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="People to leave out: the table erasures, as `vigie sql --json` prints it."
        ),
    ] = None,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(metavar="OLD NEW", help="Instead: how the alerts of two former --out folders differ."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """The same detectors over files, no broker; or how the alerts of two such runs differ."""
    if compare is not None:
        if files or out is not None or erasures is not None:
            fail(
                "backtest",
                "--compare takes two folders of former runs, no files, no --out and no --erasures",
                WRONG_USE,
            )
        _compare(*compare, json)
        return
    if not files:
        fail("backtest", "Missing argument 'files'; or --compare OLD NEW", WRONG_USE)
    if out is None:
        fail("backtest", "Missing option '--out', the folder for what is found", WRONG_USE)
    import orjson

    from pipeline.backtest import backtest as run
    from pipeline.cli.progress import progress_bar
    from pipeline.cli.settings import load_settings
    from pipeline.connect.files import read
    from pipeline.connect.items import FileProblem, Progress
    from pipeline.detect.parameters import read_parameters
    from pipeline.detect.people import People, pseudonyms
    from pipeline.erasure_file import read_erasures
    from pipeline.garbage import collect_rarely
    from schemas.records import KINDS

    if kind is not None and kind not in KINDS:
        fail("backtest", f"--kind is {kind!r}; one of {', '.join(KINDS)} is needed", WRONG_USE)
    settings = load_settings("backtest")
    try:
        parameters = read_parameters(settings.detect)
    except ValueError as error:
        fail("backtest", error, WRONG_USE)
    collect_rarely()
    progress = Progress()
    try:
        known = None if erasures is None else read_erasures(erasures)
        items = read(files, kind, progress)
        with progress_bar("backtest", progress) as step:
            report = run(items, parameters, out, step, People(pseudonyms(settings.privacy.key()), known))
    except FileProblem as problem:
        fail("backtest", problem, WRONG_USE if problem.wrong_use else 1)
    except OSError as error:
        fail("backtest", f"{out}: {error.strerror}. Choose a folder that can be written to.")
    if json:
        print(orjson.dumps(report).decode())
        return
    say(f"written: {out}/alerts.jsonl, copies.jsonl, report.json")
    records, alerts = report["records"], report["alerts"]
    print(f"records {records}\nalerts {alerts}\nposts/s {report['posts_per_second']}")


def _compare(old: Path, new: Path, json: bool) -> None:
    from pipeline.compare import CompareError, compare, read_alerts, to_json, to_lines

    try:
        result = compare(read_alerts(old), read_alerts(new))
    except CompareError as error:
        fail("backtest", error)
    if json:
        print(to_json(result).decode())
    else:
        print("\n".join(to_lines(result)))

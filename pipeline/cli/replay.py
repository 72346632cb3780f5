"""`vigie replay`: recorded records into Kafka."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.connect.items import Item, Progress
    from pipeline.connect.replay import ReplayReport
    from schemas.records import Kind

_FILES = typer.Argument(help="JSON Lines (.jsonl, also .gz or .zst), CSV or Parquet; merged by event time.")
_SPEED = typer.Option(help="How many times faster than the records' own time, or max.", metavar="X|max")
_KIND = typer.Option(help="posts, fan_counts or follows; without it records are recognised by their fields.")
_KEEP_OPEN = typer.Option("--keep-open", help="Do not tell the detectors that nothing more will come.")
_JSON = typer.Option("--json", help="Print the result as one JSON object.")


def parse_speed(text: str) -> float | None:
    """`max` is None.

    Raises:
        ValueError: neither `max` nor a number above 0.
    """
    if text == "max":
        return None
    speed = float(text)
    if not 0 < speed < float("inf"):
        raise ValueError(text)
    return speed


def parse_kind(text: str | None) -> Kind | None:
    """The kind of records named on the command line.

    Raises:
        ValueError: there is no such kind.
    """
    from schemas.records import KINDS

    for kind in KINDS:
        if text == kind:
            return kind
    if text is None:
        return None
    raise ValueError(text)


def replay(
    files: Annotated[list[Path], _FILES],
    speed: Annotated[str, _SPEED] = "max",
    kind: Annotated[str | None, _KIND] = None,
    keep_open: Annotated[bool, _KEEP_OPEN] = False,
    json: Annotated[bool, _JSON] = False,
) -> None:
    """Publish recorded records to Kafka, keeping their event times."""
    import asyncio

    from aiokafka.errors import KafkaError

    from pipeline.cli.console import FAILED, WRONG_USE, broker_silent, fail
    from pipeline.cli.settings import load_settings
    from pipeline.connect.items import FileProblem, Progress
    from pipeline.runtime import NotRunning, kafka_address

    try:
        pace = parse_speed(speed)
    except ValueError:
        fail(
            "replay",
            f"--speed is {speed!r}; max or a number above 0 is needed (60: a minute each second)",
            WRONG_USE,
        )
    try:
        chosen = parse_kind(kind)
    except ValueError:
        fail("replay", f"--kind is {kind!r}; posts, fan_counts or follows is needed", WRONG_USE)
    progress = Progress()
    try:
        from pipeline.connect.files import read

        items = read(files, chosen, progress)
        address = kafka_address(load_settings("replay"))
        report = asyncio.run(_run(address, items, pace, progress, not keep_open))
    except FileProblem as problem:
        fail("replay", problem, WRONG_USE if problem.wrong_use else FAILED)
    except NotRunning as error:
        fail("replay", error)
    except KafkaError as error:
        fail("replay", broker_silent(address, error))
    except KeyboardInterrupt:
        fail("replay", "stopped before the end; what was sent stays")
    _tell(report, json)


async def _run(
    address: str, items: Iterator[Item], speed: float | None, progress: Progress, end: bool
) -> ReplayReport:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    from pipeline.bus import Publisher
    from pipeline.connect.replay import replay as publish

    console = Console(stderr=True)
    publisher = Publisher(address, "vigie-replay")
    try:
        await publisher.start()
        bar = Bar(
            TextColumn("replay"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %  {task.fields[records]:,} records"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        with bar:
            task = bar.add_task("replay", total=progress.total, records=0)

            def show(report: ReplayReport) -> None:
                bar.update(task, completed=progress.done, records=report.records)

            return await publish(publisher, items, speed, show, end)
    finally:
        await publisher.stop()


def _tell(report: ReplayReport, as_json: bool) -> None:
    if as_json:
        import msgspec
        import orjson

        typer.echo(orjson.dumps({**msgspec.to_builtins(report), "per_second": report.per_second}))
        return
    refused = f", {report.refused:,} too long for the broker" if report.refused else ""
    typer.echo(
        f"{report.records:,} records read, {report.published:,} published{refused}; "
        f"{report.bytes:,} bytes in {report.seconds:.1f} s ({report.per_second:,.0f} records/s)"
    )

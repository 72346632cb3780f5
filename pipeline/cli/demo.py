"""`vigie demo`."""

from __future__ import annotations

from typing import Annotated

import typer

_WORDS = {
    "fr": {
        "making": "un scénario est composé (graine {seed}) …",
        "starting": "le système démarre : courtier, magasin, détection …",
        "playing": "{count} enregistrements (trois semaines de forums, trois jours du reste) sont rejoués ; alertes :",
        "title": "Planté et trouvé",
        "planted": "planté",
        "wanted": "attendu",
        "found": "trouvé",
        "alert": "alerte",
        "no_warning": "pas d’alarme",
        "nothing": "rien",
        "none": "rien",
        "rows": "lignes",
        "stored": "ClickHouse : {stored} enregistrements sur {expected}, chacun une fois ; joués à {posts} par seconde",
        "good": "Tout ce qui était planté a été trouvé, rien d’innocent n’a été alarmé.",
        "bad": "Tout n’a pas été trouvé, ou quelque chose d’innocent a été alarmé : voir les lignes marquées.",
    },
    "en": {
        "making": "a scenario is composed (seed {seed}) …",
        "starting": "the system starts: broker, store, detection …",
        "playing": "{count} records (three weeks of forums, three days of the rest) are played; these are the alerts:",
        "title": "Planted and found",
        "planted": "planted",
        "wanted": "expected",
        "found": "found",
        "alert": "alert",
        "no_warning": "no alarm",
        "nothing": "nothing",
        "none": "nothing",
        "rows": "rows",
        "stored": "ClickHouse: {stored} records of {expected}, each once; played at {posts} a second",
        "good": "Everything planted was found, nothing innocent was alarmed.",
        "bad": "Not everything was found, or something innocent was alarmed: see the marked lines.",
    },
}


def demo(
    seed: Annotated[int, typer.Option(help="Seed of the scenario.")] = 1,
    language: Annotated[str, typer.Option(help="fr or en.")] = "fr",
    json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
) -> None:
    """Play a bundled scenario through the whole system, show the alerts, compare planted with found."""
    import asyncio
    import shutil
    import signal
    import tempfile
    from pathlib import Path

    import orjson
    from rich import box
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn
    from rich.table import Table
    from rich.text import Text

    from pipeline.cli.console import FAILED, WRONG_USE, fail, say
    from pipeline.cli.settings import load_settings
    from pipeline.connect.replay import ReplayReport
    from pipeline.demo import run
    from pipeline.notify.messages import at_least, body, headline
    from pipeline.scenario.generate import generate
    from pipeline.scenario.season import with_weeks
    from pipeline.stack import Stack, StackError
    from schemas.alerts import Alert

    if language not in _WORDS:
        fail("demo", f"--language is {language!r}; fr or en is needed", WRONG_USE)
    words = _WORDS[language]
    settings = load_settings("demo")
    # A demonstration leaves nothing behind and meets nothing that is there.
    folder = Path(tempfile.mkdtemp(prefix="vigie-demo-"))
    settings = settings.model_copy(update={"data_dir": folder})
    stack = Stack(settings)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupted)
    error_console = Console(stderr=True)
    kept = False
    try:
        say(words["making"].format(seed=seed))
        scenario = with_weeks(generate(seed))
        say(words["starting"])
        stack.start()
        total = len(scenario.records)
        say(words["playing"].format(count=f"{total:,}".replace(",", " ")) + "\n")
        seen: dict[str, str] = {}
        with Progress(
            TextColumn("{task.percentage:>3.0f} %"),
            BarColumn(),
            console=error_console,
            transient=True,
            disable=not error_console.is_terminal,
        ) as bar:
            task = bar.add_task("demo", total=total)

            def show(alert: Alert) -> None:
                if not at_least(alert, "warning") or seen.get(alert.alert_id) == alert.severity:
                    return
                seen[alert.alert_id] = alert.severity
                bar.console.print(Text(headline(alert, language), style="bold"))
                bar.console.print(Text(f"  {body(alert, language)}\n"))

            def progress(report: ReplayReport) -> None:
                bar.update(task, completed=report.records)

            result = asyncio.run(run(stack, scenario, show, progress))
    except (StackError, TimeoutError) as error:
        kept = True
        fail("demo", f"{error}\nlogs are kept in {stack.logs}")
    except KeyboardInterrupt:
        say("interrupted")
        raise typer.Exit(130) from None
    finally:
        stack.stop()
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)
    if json:
        print(
            orjson.dumps(
                {
                    "good": result.good,
                    "stored": result.stored,
                    "expected": result.expected,
                    "rows": result.rows,
                    "evidence_rows": result.evidence,
                },
                option=orjson.OPT_INDENT_2,
                default=_plain,
            ).decode()
        )
    else:
        table = Table(
            "",
            words["planted"],
            words["wanted"],
            words["found"],
            words["rows"],
            box=box.SIMPLE,
            title=words["title"],
        )
        for row in result.rows:
            found = f"{row.kind} · {row.severity}" if row.alert_id else words["none"]
            table.add_row(
                "✓" if row.ok else "✗",
                Text(row.fr if language == "fr" else row.en),
                words[row.expected],
                found,
                str(result.evidence.get(row.alert_id or "", "")),
            )
        Console().print(table)
        print(
            words["stored"].format(
                stored=result.stored, expected=result.expected, posts=round(result.replayed.per_second)
            )
        )
        print(words["good"] if result.good else words["bad"])
    raise typer.Exit(0 if result.good else FAILED)


def _plain(value: object) -> object:
    import msgspec

    return msgspec.to_builtins(value)

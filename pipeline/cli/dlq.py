"""`vigie dlq`: refused records, to look at, to send again once the fault is mended, or to drop."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pipeline.bus import Publisher
    from pipeline.letters import Choice, Letter, Replayed
    from pipeline.store.client import StoreClient

app = typer.Typer(
    help="Refused records (dead letters): look at them, send them again once the fault is mended, or drop them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_IDS = typer.Argument(help="Letter ids, or their beginnings.", metavar="[LETTER]…")
_TOPIC = typer.Option(help="Only those of this topic, such as vigie.posts.raw.v1.")
_CODE = typer.Option(help="Only those refused for this reason, such as missing_field.")
_STAGE = typer.Option(help="Only those refused at this step, such as intake.")
_OUTCOME = typer.Option(help="open, replayed or dropped.")
_ALL = typer.Option("--all", help="All that are open.")
_DRY = typer.Option("--dry-run", help="Only say what would be done.")
_JSON = typer.Option("--json", help="As JSON, one object a line.")


def _choice(
    command: str,
    ids: list[str] | None = None,
    topic: str = "",
    code: str = "",
    stage: str = "",
    outcome: str = "open",
) -> Choice:
    from pipeline.cli.console import WRONG_USE, fail
    from pipeline.letters import OUTCOMES, Choice

    known = next((one for one in OUTCOMES if one == outcome), None)
    if known is None:
        fail(command, f"--outcome is {outcome!r}; one of {', '.join(OUTCOMES)} is needed", WRONG_USE)
    return Choice(tuple(ids or ()), topic, code, stage, known)


@contextmanager
def _store(command: str) -> Iterator[StoreClient]:
    """The store, as a reader; ends the command where it does not answer."""
    from pipeline.cli.console import fail
    from pipeline.cli.settings import load_settings
    from pipeline.runtime import NotRunning, store_address
    from pipeline.store.client import StoreClient
    from pipeline.store.errors import StoreError

    settings = load_settings(command)
    store = settings.store
    try:
        host, port = store_address(settings)
        with StoreClient(host, port, store.user, store.password.get_secret_value(), store.database) as client:
            yield client
    except (NotRunning, StoreError) as error:
        fail(command, error)


def _publishing(command: str, work: Callable[[Publisher], Coroutine[Any, Any, None]]) -> None:
    """Runs `work` with a publisher; ends the command where the broker does not answer."""
    import asyncio

    from aiokafka.errors import KafkaError

    from pipeline.bus import Publisher
    from pipeline.cli.console import broker_silent, fail
    from pipeline.cli.settings import load_settings
    from pipeline.runtime import NotRunning, kafka_address

    async def run(address: str) -> None:
        publisher = Publisher(address, "vigie-dlq")
        try:
            await publisher.start()
            await work(publisher)
        finally:
            await publisher.stop()

    try:
        address = kafka_address(load_settings(command))
        asyncio.run(run(address))
    except NotRunning as error:
        fail(command, error)
    except KafkaError as error:
        fail(command, f"{broker_silent(address, error)} What was not sent is open still.")


def _chosen(command: str, choice: Choice, everything: bool) -> None:
    """Ends the command when nobody said which letters."""
    from pipeline.cli.console import WRONG_USE, fail

    if not (choice.narrow or everything):
        fail(command, "say which: letter ids, --topic, --code, --stage, or --all", WRONG_USE)


@app.command("list")
def list_letters(
    topic: Annotated[str, _TOPIC] = "",
    code: Annotated[str, _CODE] = "",
    stage: Annotated[str, _STAGE] = "",
    outcome: Annotated[str, _OUTCOME] = "open",
    json: Annotated[bool, _JSON] = False,
) -> None:
    """Count refused records by place and reason, with an example of each."""
    from pipeline.letters import groups

    with _store("dlq list") as client:
        found = groups(client, _choice("dlq list", None, topic, code, stage, outcome))
    if json:
        import msgspec
        import orjson

        for group in found:
            print(orjson.dumps(msgspec.to_builtins(group)).decode())
        return
    if not found:
        print(f"no {outcome} dead letters")
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("letters", "topic", "stage", "reason", "latest", "example", "what it says", box=box.SIMPLE)
    for group in found:
        reason = f"{group.code} {group.field}".strip()
        row = (
            f"{group.letters:,}",
            group.topic,
            group.stage,
            reason,
            group.last[:19],
            group.example,
            group.message,
        )
        table.add_row(*(Text(_plain(cell)) for cell in row))
    Console().print(table)


@app.command()
def show(
    letter: Annotated[str, typer.Argument(help="A letter id, or its beginning.")],
    json: Annotated[bool, _JSON] = False,
) -> None:
    """Show one refused record whole: where it came from, why it was refused, its bytes, what it would meet today."""
    from pipeline.cli.console import fail
    from pipeline.letters import OUTCOMES, letters

    with _store("dlq show") as client:
        found = [
            one
            for outcome in OUTCOMES
            for page in letters(client, _choice("dlq show", [letter], outcome=outcome))
            for one in page
        ]
    if len(found) != 1:
        fail("dlq show", f"{len(found):,} letters begin with {letter!r}; `vigie dlq list` shows examples")
    _show(found[0], json)


def _show(letter: Letter, as_json: bool) -> None:
    import msgspec

    from pipeline.letters import message_of
    from schemas.decode import Refusal

    today = message_of(letter)
    verdict = (
        f"refused: {today}" if isinstance(today, Refusal) else "accepted; `vigie dlq replay` would send it"
    )
    fields = {name: value for name, value in msgspec.structs.asdict(letter).items() if name != "raw"}
    if as_json:
        import base64

        import orjson

        print(
            orjson.dumps(
                {**fields, "today": verdict, "raw_base64": base64.b64encode(letter.raw).decode()}
            ).decode()
        )
        return
    for name, value in (*fields.items(), ("today", verdict)):
        print(f"{name:>10}  {_plain(str(value))}")
    print(
        f"{'raw':>10}  {len(letter.raw):,} bytes\n\n{_plain(letter.raw.decode('utf-8', 'backslashreplace'))}"
    )


@app.command()
def replay(
    ids: Annotated[list[str] | None, _IDS] = None,
    topic: Annotated[str, _TOPIC] = "",
    code: Annotated[str, _CODE] = "",
    stage: Annotated[str, _STAGE] = "",
    everything: Annotated[bool, _ALL] = False,
    dry_run: Annotated[bool, _DRY] = False,
    json: Annotated[bool, _JSON] = False,
) -> None:
    """Send refused records to their topics again: those that would be taken today. The others stay as they are."""
    from pipeline import letters as dead
    from pipeline.cli.console import say

    choice = _choice("dlq replay", ids, topic, code, stage)
    _chosen("dlq replay", choice, everything)
    done = dead.Replayed()
    with _store("dlq replay") as client:

        async def work(publisher: Publisher) -> None:
            for page in dead.letters(client, choice):
                await dead.replay(publisher, page, done, dry_run)
                say(f"dlq replay: {done.published:,} published, {sum(done.refused.values()):,} still refused")

        _publishing("dlq replay", work)
    _tell(done, dry_run, json)


def _tell(done: Replayed, dry_run: bool, as_json: bool) -> None:
    if as_json:
        import orjson

        print(
            orjson.dumps(
                {"published": done.published, "refused": dict(done.refused), "dry_run": dry_run}
            ).decode()
        )
        return
    left = ", ".join(f"{code} {count:,}" for code, count in done.refused.most_common())
    print(
        f"{done.published:,} {'would be ' if dry_run else ''}published"
        + (f"; {sum(done.refused.values()):,} still refused and left as they are ({left})" if left else "")
    )


@app.command()
def drop(
    ids: Annotated[list[str] | None, _IDS] = None,
    topic: Annotated[str, _TOPIC] = "",
    code: Annotated[str, _CODE] = "",
    stage: Annotated[str, _STAGE] = "",
    everything: Annotated[bool, _ALL] = False,
    dry_run: Annotated[bool, _DRY] = False,
) -> None:
    """Mark refused records as done with. They are no longer listed, and go when their time is over."""
    from pipeline import letters as dead

    choice = _choice("dlq drop", ids, topic, code, stage)
    _chosen("dlq drop", choice, everything)
    count = 0
    with _store("dlq drop") as client:

        async def work(publisher: Publisher) -> None:
            nonlocal count
            for page in dead.letters(client, choice):
                if not dry_run:
                    await dead.settle(publisher, page, "dropped")
                count += len(page)

        _publishing("dlq drop", work)
    print(f"{count:,} {'would be ' if dry_run else ''}dropped")


def _plain(text: str) -> str:
    """Text from outside, harmless in a terminal: what does not print is shown as an escape."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)

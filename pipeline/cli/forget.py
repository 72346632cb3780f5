"""`vigie forget`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.config import Settings

_EXPIRES = (
    "Topics forget by themselves: raw and enriched records and messages between steps after 7 days, dead letters after "
    "30 days (schemas/topics.toml). From now on nothing of them that is dated up to this moment comes in again."
)


def forget(
    platform: Annotated[str, typer.Option(help="Platform of the account.")],
    author: Annotated[str, typer.Option(help="The account's id there.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    patience: Annotated[float, typer.Option(help="Longest wait for the store, in seconds.")] = 120.0,
    json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Forget a person: in the store, in alerts, in the detectors and in their states on disk."""
    from aiokafka.errors import KafkaError

    from pipeline.cli.console import WRONG_USE, broker_silent, fail
    from pipeline.cli.settings import load_settings
    from pipeline.forgetting import count, find
    from pipeline.forgetting import forget as forget_person
    from pipeline.runtime import NotRunning, kafka_address, store_address
    from pipeline.store.client import StoreClient
    from pipeline.store.errors import StoreError

    if not platform or not author:
        fail("forget", "--platform and --author must not be empty", WRONG_USE)
    settings = load_settings("forget")
    known_as = _pseudonym(settings, platform, author)
    store = settings.store
    try:
        address = kafka_address(settings)
        host, port = store_address(settings)
        with StoreClient(host, port, store.user, store.password.get_secret_value(), store.database) as client:
            person = find(client, platform, known_as)
            removed = count(client, person)
            left = {} if dry_run else forget_person(client, address, person, patience)
    except (NotRunning, StoreError) as error:
        fail("forget", f"{error} Nothing was forgotten, or not all; running the command again goes on.")
    except KafkaError as error:
        fail("forget", f"{broker_silent('the broker', error)} Nothing was forgotten.")
    if any(left.values()):
        rest = ", ".join(f"{table} {rows:,}" for table, rows in left.items() if rows)
        fail(
            "forget",
            f"after {patience:g} s there is still: {rest}. Is a sink running (`vigie up`, `vigie worker --role sink`)? "
            "Detection forgets as soon as it runs; the command may be run again.",
        )
    _tell(platform, author, removed, dry_run, json)


def _pseudonym(settings: Settings, platform: str, author: str) -> str:
    from pipeline.detect.people import pseudonyms

    made = pseudonyms(settings.privacy.key())
    return author if made is None else made.of(platform, author)


def _tell(platform: str, author: str, removed: dict[str, int], dry_run: bool, as_json: bool) -> None:
    from pipeline.cli.console import say

    if as_json:
        import orjson

        print(
            orjson.dumps(
                {"platform": platform, "author": author, "dry_run": dry_run, "removed": removed}
            ).decode()
        )
        return
    verb = "would be removed from" if dry_run else "removed from"
    for table, rows in removed.items():
        print(
            f"{rows:>10,}  {'would be rewritten in' if dry_run else 'rewritten in'} {table}"
            if "alert" in table
            else f"{rows:>10,}  {verb} {table}"
        )
    if not dry_run:
        say(_EXPIRES)

"""`vigie sql`."""

from __future__ import annotations

from typing import Annotated

import typer


def sql(
    query: Annotated[str, typer.Argument(help='A SELECT, quoted: "SELECT count() FROM posts".')],
    json: Annotated[bool, typer.Option("--json", help="One row a line, as JSON.")] = False,
) -> None:
    """Query the store, as a reader."""
    from pipeline.cli.console import fail
    from pipeline.cli.settings import load_settings
    from pipeline.runtime import NotRunning, store_address
    from pipeline.store.client import StoreClient
    from pipeline.store.errors import StoreError

    settings = load_settings("sql")
    try:
        host, port = store_address(settings)
        with StoreClient(
            host,
            port,
            settings.store.user,
            settings.store.password.get_secret_value(),
            settings.store.database,
        ) as client:
            result = client.query(query)
    except (NotRunning, StoreError) as error:
        fail("sql", error)
    if json:
        import orjson

        for row in result.named_results():
            print(orjson.dumps(row, default=str).decode())
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*result.column_names, box=box.SIMPLE)
    for row in result.result_rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    Console().print(table)


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return "".join(c if c.isprintable() else " " for c in text)

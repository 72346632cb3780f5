"""`vigie doctor`."""

from __future__ import annotations

from typing import Annotated

import typer


def doctor(
    json: Annotated[bool, typer.Option("--json", help="One check a line, as JSON.")] = False,
) -> None:
    """Say what is wrong with the installation. Exit 0 when nothing is."""
    import asyncio

    import orjson

    from pipeline.cli.console import FAILED
    from pipeline.cli.settings import load_settings
    from pipeline.doctor import examine

    settings = load_settings("doctor")
    checks = asyncio.run(examine(settings))
    for check in checks:
        if json:
            print(
                orjson.dumps(
                    {"check": check.name, "ok": check.ok, "found": check.found, "do": check.advice}
                ).decode()
            )
        else:
            print(f"{'ok   ' if check.ok else 'WRONG'} {check.name}: {check.found}")
            if check.advice:
                print(f"      {check.advice}")
    raise typer.Exit(0 if all(check.ok for check in checks) else FAILED)

"""`vigie alerts`."""

from __future__ import annotations

from typing import Annotated

import typer


def alerts(
    follow: Annotated[bool, typer.Option("--follow", help="Go on with those that come.")] = False,
    severity: Annotated[str, typer.Option(help="Least severity: info, warning, error or critical.")] = "info",
    json: Annotated[bool, typer.Option("--json", help="One alert a line, as JSON.")] = False,
) -> None:
    """Show the alerts: the last revision of each, and with --follow each revision as it comes."""
    import asyncio

    from aiokafka.errors import KafkaError

    from pipeline.cli.console import WRONG_USE, fail, log_to_stderr
    from pipeline.cli.settings import load_settings
    from pipeline.runtime import NotRunning, kafka_address
    from schemas.alerts import SEVERITIES, Alert, encode_alert

    if severity not in SEVERITIES:
        fail("alerts", f"--severity is {severity!r}; one of {', '.join(SEVERITIES)} is needed", WRONG_USE)
    settings = load_settings("alerts")
    log_to_stderr(settings.log_level)
    try:
        address = kafka_address(settings)
    except NotRunning as error:
        fail("alerts", error)

    def show(alert: Alert) -> None:
        from pipeline.notify.messages import at_least, body, headline

        if not at_least(alert, severity):
            return
        if json:
            print(encode_alert(alert).decode(), flush=True)
        else:
            language = settings.bot.language
            print(f"{alert.first_seen}  {headline(alert, language)}\n  {body(alert, language)}\n", flush=True)

    async def run() -> None:
        from pipeline.notify.feed import Gone, alert_feed

        last: dict[str, Alert] = {}
        async for alert in alert_feed(address, None, None if follow else 2.0):
            if follow:
                if not isinstance(alert, Gone):
                    show(alert)
            elif isinstance(alert, Gone):
                last.pop(alert.alert_id, None)
            else:
                last[alert.alert_id] = alert
        for alert in sorted(last.values(), key=lambda one: (one.first_seen, one.alert_id)):
            show(alert)

    try:
        asyncio.run(run())
    except KafkaError as error:
        fail("alerts", f"the broker at {address} does not answer: {error}. Is `vigie up` running?")
    except KeyboardInterrupt:
        raise typer.Exit(0) from None

"""`vigie bot`."""

from __future__ import annotations

from typing import Annotated

import typer


def bot(
    once: Annotated[bool, typer.Option("--once", help="Deliver what is there, then end.")] = False,
) -> None:
    """Deliver alerts to people: on the console, and to bot.webhook_url when it is set."""
    import asyncio
    import time

    from aiokafka.errors import KafkaError

    from pipeline.cli.console import fail, log_to_stderr, say
    from pipeline.cli.settings import load_settings
    from pipeline.runtime import NotRunning, kafka_address, retract

    settings = load_settings("bot")
    log_to_stderr(settings.log_level)
    try:
        address = kafka_address(settings)
    except NotRunning as error:
        fail("bot", error)

    async def run() -> None:
        import httpx

        from pipeline.health import Health
        from pipeline.metrics import Meter
        from pipeline.metrics_http import serve
        from pipeline.notify.bot import Bot, Channel, Console, Webhook
        from pipeline.notify.feed import alert_feed
        from pipeline.notify.quota import Quota
        from pipeline.runtime import announce

        async with httpx.AsyncClient(timeout=10.0) as client:
            channels: list[Channel] = [Console()]
            url = settings.bot.webhook_url.get_secret_value()
            if url:
                channels.append(Webhook(url, client))
            meter, quota = Meter(), Quota(settings.bot.quota)
            health = Health(settings.metrics.stalled_seconds, time.monotonic())
            if settings.metrics.enabled and not once:
                place = settings.metrics.host, settings.metrics.port
                found = serve(*place, meter, lambda: health.verdict(time.monotonic(), {}))
                announce(settings, "bot", found)
                say(f"metrics and health at http://{found}")
            teller = Bot(channels, settings.bot.severity, settings.bot.language, quota, meter)  # type: ignore[arg-type]
            # With a group, a bot that starts again does not tell everything anew.
            feed = alert_feed(address, f"{settings.kafka.group}-bot", 5.0 if once else None)
            await teller.follow(feed, alive=lambda: health.look([], time.monotonic()))

    say(f"alerts of severity {settings.bot.severity} and above, from {address}; Ctrl-C ends")
    try:
        asyncio.run(run())
    except (ConnectionError, KafkaError) as error:
        fail("bot", error)
    except KeyboardInterrupt:
        say("ended")
    finally:
        retract(settings)

"""`vigie connect SOURCE`: one connector into Kafka."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.console import WRONG_USE, broker_silent, fail, log_to_stderr
from pipeline.cli.settings import load_settings

if TYPE_CHECKING:
    from pipeline.bus import Publisher
    from pipeline.config import Settings

app = typer.Typer(help="Run one connector into Kafka.", no_args_is_help=True)

_HOST = typer.Option("--host", help="Jetstream host, with :port if need be; give several to rotate.")
_VERSION = typer.Option(min=1, max=2, help="Protocol version of the hosts.")
_LIMIT = typer.Option(min=1, help="Stop after so many records.")
_INSECURE = typer.Option("--insecure", help="ws:// in place of wss://, for a host of your own.")
_JSON = typer.Option("--json", help="Print the counts as one JSON object at the end.")
_LISTEN = typer.Option("--host", help="Address to listen on.")
_PORT = typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _with_broker(
    settings: Settings, client_id: str, work: Callable[[Publisher], Coroutine[Any, Any, None]]
) -> None:
    """Runs `work` with a started publisher; Ctrl-C and SIGTERM cancel it, which is a normal end."""
    import asyncio
    import signal

    from aiokafka.errors import KafkaError

    from pipeline.bus import Publisher
    from pipeline.runtime import NotRunning, kafka_address

    log_to_stderr(settings.log_level)

    async def main(address: str) -> None:
        publisher = Publisher(address, client_id)
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        try:
            await publisher.start()
            await work(publisher)
        finally:
            await publisher.stop()

    try:
        address = kafka_address(settings)
    except NotRunning as error:
        fail("connect", error)
    try:
        asyncio.run(main(address))
    except KafkaError as error:
        fail("connect", broker_silent(address, error))
    except OSError as error:
        fail("connect", f"{error.filename or ''} {error.strerror or error}".strip())
    except (KeyboardInterrupt, asyncio.CancelledError):
        return


@app.command()
def jetstream(
    host: Annotated[list[str] | None, _HOST] = None,
    version: Annotated[int | None, _VERSION] = None,
    limit: Annotated[int | None, _LIMIT] = None,
    insecure: Annotated[bool, _INSECURE] = False,
    json: Annotated[bool, _JSON] = False,
) -> None:
    """Bluesky posts, reposts, likes and follows; goes on from where the last run stopped."""
    settings = load_settings("connect")
    chosen: dict[str, object] = {}
    if host:
        chosen["hosts"] = host
    if version is not None:
        chosen["version"] = version
    section = settings.jetstream.model_copy(update=chosen)
    if not section.hosts:
        fail("connect", "jetstream.hosts is empty; name at least one host", WRONG_USE)

    async def work(publisher: Publisher) -> None:
        import msgspec
        import orjson

        from pipeline.connect.cursors import FileCursors
        from pipeline.connect.jetstream import Jetstream

        client = Jetstream(
            publisher, section, FileCursors(settings.data_dir / "cursors"), limit=limit, insecure=insecure
        )
        try:
            await client.run()
        finally:
            report = client.report
            if json:
                typer.echo(orjson.dumps({**msgspec.to_builtins(report), "published": report.published}))
            else:
                typer.echo(
                    f"{report.published:,} records published ({report.posts:,} posts, {report.follows:,} "
                    f"likes and follows), {report.duplicates:,} duplicates, {report.refused:,} refused, "
                    f"{report.connections:,} connections, {report.cursors_lost:,} cursors lost"
                )

    _with_broker(settings, "vigie-jetstream", work)


@app.command()
def http(
    host: Annotated[str | None, _LISTEN] = None,
    port: Annotated[int | None, _PORT] = None,
) -> None:
    """A webhook: POST /v1/records takes one JSON object, a JSON array or newline-delimited JSON."""
    settings = load_settings("connect")
    chosen: dict[str, object] = {}
    if host is not None:
        chosen["host"] = host
    if port is not None:
        chosen["port"] = port
    section = settings.webhook.model_copy(update=chosen)
    if section.host not in _LOOPBACK and not section.secret.get_secret_value():
        typer.echo(
            f"vigie: anybody who reaches {section.host} can publish records: set VIGIE_WEBHOOK__SECRET",
            err=True,
        )
    elif section.host not in _LOOPBACK and not section.tolerance_seconds:
        typer.echo(
            "vigie: a signed request that somebody recorded can be sent again: have senders sign a timestamp, and set "
            "VIGIE_WEBHOOK__TOLERANCE_SECONDS to 300, say",
            err=True,
        )

    async def work(publisher: Publisher) -> None:
        import asyncio
        import socket

        import uvicorn

        from pipeline.connect.http import webhook_app

        listener = socket.create_server(
            (section.host, section.port), family=socket.AF_INET6 if ":" in section.host else socket.AF_INET
        )
        shown = f"[{section.host}]" if ":" in section.host else section.host
        config = uvicorn.Config(
            webhook_app(publisher, section),
            log_level="warning",
            lifespan="off",
            access_log=False,
            timeout_graceful_shutdown=10,
        )
        server = uvicorn.Server(config)
        typer.echo(f"http://{shown}:{listener.getsockname()[1]}/v1/records")
        serving = asyncio.ensure_future(server.serve(sockets=[listener]))
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            server.should_exit = True  # requests under way are answered first
            await serving
            raise
        finally:
            listener.close()

    _with_broker(settings, "vigie-http", work)

"""One worker process: `python -m agents.worker --role detect|sink|all`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from typing import Any

import faust
import structlog
from aiokafka.errors import KafkaError

from agents.alerts import Alerts
from agents.app import Shell
from agents.fans import Fans
from agents.posts import Posts
from agents.shuffle import Shuffle
from agents.sinks import Sinks
from pipeline.broker import create_topics
from pipeline.config import Settings, read_settings
from pipeline.garbage import collect_rarely
from pipeline.runtime import NotRunning, announce, kafka_address, retract
from pipeline.snapshots import UNSAVED

ROLES = ("detect", "sink", "all")
READY = "ready"
"""What a worker prints when it has its partitions."""


def build(settings: Settings, bootstrap: str, role: str) -> Shell:
    """The app of a role with its agents."""
    shell = Shell(settings, bootstrap, role)
    if role in ("detect", "all"):
        Posts(shell)
        Fans(shell)
        Shuffle(shell)
        Alerts(shell)
    if role in ("sink", "all"):
        Sinks(shell)

    async def ready(app: Any, assigned: set[Any], **_: Any) -> None:
        print(READY, flush=True)

    shell.app.on_partitions_assigned.connect(ready, weak=False)
    return shell


def configure_logging(level: str) -> None:
    """Logs go to standard error, one line each."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("faust").setLevel(logging.INFO)
    logging.getLogger("mode").setLevel(logging.INFO)
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def main() -> None:
    """Runs until SIGTERM or SIGINT."""
    cli = argparse.ArgumentParser(prog="python -m agents.worker", description=__doc__)
    cli.add_argument("--role", choices=ROLES, default="all")
    arguments = cli.parse_args()
    settings = read_settings()
    configure_logging(settings.log_level)
    try:
        bootstrap = kafka_address(settings)
        asyncio.run(create_topics(bootstrap, settings.kafka.replication))
        shell = build(settings, bootstrap, arguments.role)
    except (NotRunning, ConnectionError, KafkaError, ValueError) as error:
        print(f"vigie worker: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    worker = faust.Worker(
        shell.app,
        loglevel="ERROR",
        redirect_stdouts=False,
        console_port=0,
        debug=False,
        quiet=True,
    )
    address = shell.watch.serve()
    announce(settings, arguments.role, address)
    collect_rarely()
    code = 0
    try:
        worker.execute_from_commandline()
    except SystemExit as ended:  # which is how it returns
        code = ended.code if isinstance(ended.code, int) else 1
    if not shell.save():
        code = code or UNSAVED
    retract(settings)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # the consumer's thread may still wait for a poll that no longer matters


if __name__ == "__main__":
    main()

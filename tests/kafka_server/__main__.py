"""Runs a command with a fresh Apache Kafka beside it.

usage: python -m tests.kafka_server -- COMMAND [ARGUMENT…]

COMMAND finds the broker in KAFKA_BOOTSTRAP. When that is set already, COMMAND is run with it and no broker
is started. Exit code: that of COMMAND (128 + n when signal n ended it); 2 when Java or Maven are missing;
1 when Kafka does not start.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

from tests.kafka_server.jars import KafkaMissingError, say
from tests.kafka_server.server import KafkaServer, KafkaStartError
from tests.kafka_server.signals import Stopped, held, raising

FAILED, WRONG_USE, NOT_FOUND = 1, 2, 127
_GRACE = 30.0  # seconds for the command to end by itself after a signal


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code."""
    command = list(arguments[1:] if arguments[:1] == ["--"] else arguments)
    if not command or command[0] in ("-h", "--help"):
        print(__doc__, file=sys.stdout if command else sys.stderr)
        return 0 if command else WRONG_USE
    try:
        with raising():
            if os.environ.get("KAFKA_BOOTSTRAP"):
                return run(command, os.environ["KAFKA_BOOTSTRAP"])
            with KafkaServer() as kafka:
                say(f"{kafka} at {kafka.bootstrap}, up after {kafka.start_seconds:.1f} s")
                return run(command, kafka.bootstrap)
    except KafkaMissingError as error:
        say(str(error))
        return WRONG_USE
    except KafkaStartError as error:
        say(str(error))
        return FAILED
    except Stopped as stop:
        return 128 + stop.signum


def run(command: Sequence[str], bootstrap: str) -> int:
    """The command's exit code. A signal to us ends the command, then us."""
    try:
        with held():
            process = subprocess.Popen(command, env={**os.environ, "KAFKA_BOOTSTRAP": bootstrap})
    except OSError as error:
        say(f"cannot run {command[0]}: {error.strerror}")
        return NOT_FOUND
    try:
        code = process.wait()
    except Stopped as stop:
        # A Ctrl-C has gone from the terminal to the command too; a second one would spoil its cleaning up.
        if stop.signum != signal.SIGINT:
            process.send_signal(stop.signum)
        try:
            code = process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

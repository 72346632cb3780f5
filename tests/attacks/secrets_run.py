"""Secrets in what a whole installation leaves behind: all parts run with secrets set and log all they can, credentials
are right and wrong, parts die. Then every log, output and file and the process table are searched."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import msgspec
import orjson
import zstandard

from pipeline.connect.bodies import sign, signed
from schemas.alerts import Window
from schemas.cloudevents import envelope
from schemas.topics import ALERTS, POSTS_RAW
from tests.attacks.case import Case
from tests.attacks.secrets import MARK, SECRETS
from tests.integration.conftest import VIGIE, Done, RunningVigie, environment, processes, until
from tests.integration.conftest_bad import post, send
from tests.unit.test_quota import alert

_REQUESTS = 10
"""Four to the webhook, five to the store, and the worker with a wrong password."""

ACCOUNT = f"account-{MARK}"
"""With pseudonyms, ids of accounts are secrets as well, behind the raw topics."""


class _Refusing(BaseHTTPRequestHandler):
    """A chat that takes no message."""

    def do_POST(self) -> None:
        self.send_response(400)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def _chat() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/hook-{MARK}"
        server.shutdown()


def attack(folder: Path) -> list[Case]:
    """One run."""
    own = {**SECRETS, "VIGIE_LOG_LEVEL": "debug", "VIGIE_WEBHOOK__TOLERANCE_SECONDS": "60"}
    (folder / "whole").mkdir()
    stack = RunningVigie(folder / "whole" / "data", **own)
    said: list[Done] = []
    told: list[str] = []
    wrong = {**own, "VIGIE_STORE__PASSWORD": f"wrong-{MARK}"}
    try:
        _push(stack, folder, own)
        bad = [orjson.dumps({**post("secret", 2, author_id=ACCOUNT), "text": 7}), f"{{{ACCOUNT}".encode()]
        send(stack, POSTS_RAW, bad, key=b"x")
        send(stack, ALERTS, [_alert()], key=b"burst-1")
        count = (
            "sql",
            "SELECT (SELECT count() FROM posts) + (SELECT count() FROM dead_letters) AS n",
            "--json",
        )
        done = until(lambda: stack.vigie(*count, **own), lambda got: got.code == 0 and got.json() == {"n": 3})
        assert done.json() == {"n": 3}, done
        with _chat() as address:
            said += [
                done,
                stack.vigie("doctor", **own),
                stack.vigie("alerts", "--json", **own),
                stack.vigie("dlq", "list", **own),
                stack.vigie("bot", "--once", **{**own, "VIGIE_BOT__WEBHOOK_URL": address}),
                stack.vigie(*count, **wrong),
                stack.vigie("doctor", **wrong),
            ]
        assert [one.code == 0 for one in said] == [True, True, True, True, False, False, False], said
        _ask(stack)
        told += [f"process {one.pid}" for one in processes() if MARK in one.command]
        _intrude(stack, folder, own)
        (store,) = (pid for pid, command in stack.parts().items() if "store.server" in command)
        os.kill(store, signal.SIGKILL)
        send(stack, POSTS_RAW, [orjson.dumps(post("secret", 3, author_id=ACCOUNT))], key=b"x")
        until(stack.errors.read_text, lambda text: "store started again" in text)
        until(lambda: stack.vigie(*count, **own), lambda got: got.code == 0 and got.json() == {"n": 4})
    finally:
        code = stack.stop()
    files = [path for path in (folder / "whole").rglob("*") if path.is_file()]
    logs = [path for path in files if path.suffix in (".log", ".err", ".out")]
    told += [path.name for path in files if MARK.encode() in _content(path)]
    told += [f"command {n}" for n, one in enumerate(said) if MARK.encode() in one.out or MARK in one.err]
    # Of three parts, of `vigie up` (2), of the webhook, of the worker with the wrong password (2).
    full = len([path for path in logs if path.stat().st_size]) >= 8
    states = any(path.parent.parent.name == "state" for path in files)
    held = not told and code == 0 and full and states
    happened = "no secret, and no account that bears a pseudonym, in any log, output, file or command line"
    return [
        Case(
            "a whole run with credentials right and wrong, logged at `debug`: all that it leaves behind",
            happened if held else f"told by: {told}; code {code}, logs {full}, states {states}",
            held,
            len(said) + _REQUESTS,
        )
    ]


def _alert() -> bytes:
    hour = Window("2026-07-01T10:00:00Z", "2026-07-01T11:00:00Z")
    grave = alert(1, severity="critical")
    return envelope(msgspec.structs.replace(grave, first_seen=hour.start, last_seen=hour.end, window=hour))


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if path.parent.parent.name == "state":  # a head in JSON, then what was pickled, packed
        head, _, packed = content.partition(b"\n")
        return head + zstandard.ZstdDecompressor().decompress(packed, max_output_size=1 << 30)
    return content


def _started(
    stack: RunningVigie, folder: Path, name: str, words: list[str], env: dict[str, str]
) -> subprocess.Popen[bytes]:
    with (
        (folder / "whole" / f"{name}.out").open("wb") as out,
        (folder / "whole" / f"{name}.err").open("wb") as err,
    ):
        return subprocess.Popen(
            [VIGIE, *words],
            env=environment(stack.folder, **env),
            cwd=stack.folder.parent,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )


def _push(stack: RunningVigie, folder: Path, env: dict[str, str]) -> None:
    """Records by the webhook, with signatures that fit and that do not."""
    webhook = _started(stack, folder, "webhook", ["connect", "http", "--port", "0"], env)
    try:
        address = until(
            (folder / "whole" / "webhook.out").read_text, lambda text: "/v1/records" in text, 30.0
        ).strip()
        body = orjson.dumps(post("secret", 1, author_id=ACCOUNT))
        stamp = str(int(time.time()))
        fits = sign(SECRETS["VIGIE_WEBHOOK__SECRET"], signed(body, stamp))
        codes = [
            httpx.post(
                address,
                content=body,
                headers={"X-Vigie-Timestamp": stamp, "X-Vigie-Signature": signature},
                trust_env=False,
            ).status_code
            for signature in (f"wrong-{MARK}", sign(f"wrong-{MARK}", body), fits)
        ]
        broken = httpx.post(f"{address}?kind={MARK}", content=b"{", headers={"Cookie": MARK}, trust_env=False)
        assert [*codes, broken.status_code] == [401, 401, 202, 400]
    finally:
        webhook.send_signal(signal.SIGINT)
        webhook.wait(30)


def _ask(stack: RunningVigie) -> None:
    """Wrong passwords in every place that ClickHouse's protocol has for one."""
    address = f"http://127.0.0.1:{stack.sql_port}/"
    for arguments in (
        {"auth": ("default", f"wrong-{MARK}")},
        {"headers": {"X-ClickHouse-User": "default", "X-ClickHouse-Key": f"wrong-{MARK}"}},
        {"params": {"user": "default", "password": f"wrong-{MARK}"}},
        {
            "params": {
                "user": "default",
                "password": SECRETS["VIGIE_STORE__PASSWORD"],
                "query": "SELECT nonsense",
            }
        },
        {"auth": ("writer", f"wrong-{MARK}")},
    ):
        answer = httpx.post(address, content=b"SELECT 1", trust_env=False, **arguments)
        assert MARK not in answer.text, answer.text


def _intrude(stack: RunningVigie, folder: Path, env: dict[str, str]) -> None:
    """A worker with a wrong password: it says so, again and again."""
    where = {
        "VIGIE_KAFKA__BOOTSTRAP": stack.kafka,
        "VIGIE_KAFKA__GROUP": "other",
        "VIGIE_STORE__HOST": "127.0.0.1",
        "VIGIE_STORE__PORT": str(stack.sql_port),
        "VIGIE_STORE__WRITER_PASSWORD": f"wrong-{MARK}",
        "VIGIE_METRICS__PORT": "0",
    }
    worker = _started(stack, folder, "worker", ["worker", "--role", "sink"], {**env, **where})
    log = folder / "whole" / "worker.err"
    try:
        assert "refuses the user" in until(log.read_text, lambda text: "refuses the user" in text, 60.0)
    finally:
        worker.kill()
        worker.wait(30)

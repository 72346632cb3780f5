"""The commands that ask a running Vigie: alerts, sql, bot, doctor, replay."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import orjson
import pytest

from pipeline.notify.messages import body
from pipeline.scenario.generate import START, generate, write
from pipeline.scenario.plants import PLANTS
from schemas.alerts import decode_alert
from schemas.records import Post
from schemas.times import DAY, parse_time
from schemas.topics import TOPICS
from tests.integration.conftest import VIGIE, RunningVigie, environment, until

pytestmark = pytest.mark.integration

_FIRST = START + 200 * DAY
_PLANTS = ("copied_campaign", "bought_fans", "greetings")


@pytest.fixture(scope="module")
def files(stack: RunningVigie, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A small scenario that has gone through the stack: its files."""
    folder = tmp_path_factory.mktemp("cli")
    scenario = generate(5, scale=0.02, start=_FIRST, plants={name: PLANTS[name] for name in _PLANTS})
    write(scenario, folder)
    paths = [folder / name for name in ("posts.jsonl", "fan_counts.jsonl", "follows.jsonl")]
    posts = sum(isinstance(record, Post) for record in scenario.records)
    stack.end_streams()
    stack.replay(*paths)
    closed = "SELECT countIf(severity != 'info') FROM alerts WHERE status = 'closed' AND first_seen >= '2026-09-01'"
    assert until(lambda: stack.value(closed), lambda count: count >= 2) >= 2
    count = "SELECT count() FROM posts WHERE created_at BETWEEN '2026-09-01' AND '2027-06-01'"
    assert until(lambda: stack.value(count), lambda number: number >= posts) == posts
    return paths


def test_alerts(stack: RunningVigie, files: list[Path]) -> None:
    """`alerts` shows the last revision of each, oldest first; as JSON one contract alert a line; --severity filters."""
    with ThreadPoolExecutor(4) as pool:  # each waits for news that does not come
        runs = (
            pool.submit(stack.vigie, "alerts", "--json"),
            pool.submit(stack.vigie, "alerts", "--json", "--severity", "error"),
            pool.submit(stack.vigie, "alerts", VIGIE_BOT__LANGUAGE="fr"),
            pool.submit(stack.vigie, "alerts", VIGIE_BOT__LANGUAGE="en"),
        )
        everything, grave, french, english = (run.result() for run in runs)
    assert all((done.code, done.err) == (0, "") for done in (everything, grave, french, english))
    alerts = [decode_alert(line) for line in everything.out.splitlines()]
    assert len({alert.alert_id for alert in alerts}) == len(alerts) >= 2
    assert [alert.first_seen for alert in alerts] == sorted(alert.first_seen for alert in alerts)
    wanted = [alert for alert in alerts if alert.severity in ("error", "critical")]
    assert [decode_alert(line) for line in grave.out.splitlines()] == wanted
    for alert in alerts:
        assert body(alert, "fr") in french.out.decode()
        assert body(alert, "en") in english.out.decode()
    assert french.out.count(b"\n\n") == len(alerts)


def test_alerts_follow(stack: RunningVigie, files: list[Path]) -> None:
    """`alerts --follow` goes on, and Ctrl-C ends it with 0 and without a word."""
    process = subprocess.Popen(
        [VIGIE, "alerts", "--follow", "--json"],
        env=environment(stack.folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    first = decode_alert(process.stdout.readline())
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert first.alert_id
    assert (process.returncode, errors) == (0, b"")


def test_a_reader_that_goes_away(stack: RunningVigie, files: list[Path]) -> None:
    """`vigie alerts | head -1` ends without a traceback."""
    for words in (["alerts"], ["sql", "--json", "SELECT number FROM numbers(200000)"]):
        done = subprocess.run(
            ["bash", "-c", '"$@" | head -1', "bash", VIGIE, *words],
            env=environment(stack.folder),
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.stdout.count(b"\n") == 1
        assert b"Traceback" not in done.stderr
        assert b"Exception ignored" not in done.stderr


def test_sql(stack: RunningVigie, files: list[Path]) -> None:
    """`sql` prints a table for people or a JSON object a row; values that JSON lacks are text; no row is no error."""
    at = "toDateTime64('2026-01-02 03:04:05', 6, 'UTC') AS at"
    query = f"SELECT 1 AS one, 'é\\n' AS text, [1, 2] AS list, NULL AS nothing, {at}"
    done = stack.vigie("sql", query, "--json")
    assert (done.code, done.err) == (0, "")
    row = done.json()
    assert row.pop("at").startswith("2026-01-02")
    assert row == {"one": 1, "text": "é\n", "list": [1, 2], "nothing": None}
    table = stack.vigie(
        "sql", "SELECT platform, count() AS posts FROM posts GROUP BY platform ORDER BY platform"
    )
    assert (table.code, table.err) == (0, "")
    assert re.search(r"platform +posts", table.out.decode())
    none = stack.vigie("sql", "SELECT id FROM posts WHERE id = 'nobody'", "--json")
    assert (none.code, none.out, none.err) == (0, b"", "")


def test_export(stack: RunningVigie, files: list[Path], tmp_path: Path) -> None:
    """`export` writes each alert of the running stack into files; an id that nobody has is told with what to do."""
    alerts = [decode_alert(line) for line in stack.vigie("alerts", "--json").out.splitlines()]
    for kind, rows in (("copy_paste", "posts.csv"), ("fan_spike", "follows.parquet")):
        alert = next(one for one in alerts if one.kind == kind and one.severity != "info")
        form = rows.partition(".")[2]
        done = stack.vigie("export", alert.alert_id, "--out", tmp_path / kind, "--format", form, "--json")
        assert (done.code, done.err) == (0, "")
        report = done.json()
        assert report["rows"] == stack.value(f"SELECT count() FROM ({alert.evidence_sql})")
        assert report["accounts"] >= alert.accounts.count > 0
        assert rows in report["files"]
        assert sorted(path.name for path in (tmp_path / kind).iterdir()) == report["files"]
        people = ElementTree.parse(tmp_path / kind / "graph.graphml").iterfind(".//{*}data")
        assert sum(one.text == "account" for one in people) == report["accounts"]
    done = stack.vigie("export", "burst-0000", "--out", tmp_path / "none")
    assert (done.code, done.out) == (1, b"")
    assert "burst-0000" in done.err
    assert "vigie alerts --json" in done.err
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("SELECT nothing FROM posts", "nothing"),
        ("SELEC 1", "Code: "),
        ("", "Code: "),
        ("INSERT INTO posts (id) VALUES ('x')", "Code: "),
        ("SELECT * FROM file('/etc/passwd', 'LineAsString')", "file"),
        ("SELECT 1; SELECT 2", "one by one"),
    ],
)
def test_sql_errors(query: str, named: str, stack: RunningVigie) -> None:
    """What the store refuses is told in its words; exit 1, nothing on standard output."""
    done = stack.vigie("sql", query)
    assert (done.code, done.out) == (1, b"")
    assert named in done.err
    assert "Traceback" not in done.err


class Inbox:
    """A chat's webhook on the loopback; keeps what it gets."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                inbox.got.append(orjson.loads(body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/services/s3cret"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """The end."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """A webhook that takes everything."""
    box = Inbox()
    yield box
    box.close()


@pytest.mark.long
def test_bot(stack: RunningVigie, files: list[Path], inbox: Inbox) -> None:
    """`bot --once` tells each alert of the wanted severity on the console and to the webhook, and ends; the next run of
    the same group tells nothing twice; another group hears everything; the webhook's address is told to nobody."""
    lines = stack.vigie("alerts", "--json", "--severity", "warning").out.splitlines()
    alerts = [decode_alert(line) for line in lines]
    more = {"VIGIE_KAFKA__GROUP": "cli-bot", "VIGIE_BOT__WEBHOOK_URL": inbox.url}
    with ThreadPoolExecutor(2) as pool:
        grave = {"VIGIE_KAFKA__GROUP": "cli-bot-2", "VIGIE_BOT__SEVERITY": "critical"}
        running = [pool.submit(stack.vigie, "bot", "--once", **env) for env in (more, grave)]
        first, other = (run.result() for run in running)
    assert first.code == 0, first.err
    told = inbox.got.copy()
    assert {one["alert_id"] for one in told} == {alert.alert_id for alert in alerts}
    for alert in alerts:
        mine = [one for one in told if one["alert_id"] == alert.alert_id]
        assert (mine[-1]["severity"], mine[-1]["status"]) == (alert.severity, alert.status)
        assert body(alert, "fr") in first.out.decode()
    assert "s3cret" not in first.out.decode() + first.err
    second = stack.vigie("bot", "--once", **more)
    assert (second.code, second.out) == (0, b"")
    assert inbox.got == told
    assert other.code == 0, other.err
    critical = {headline for headline in other.out.decode().split("\n\n") if headline}
    assert len(critical) <= sum(alert.severity == "critical" for alert in alerts) * 3


def test_doctor(stack: RunningVigie, tmp_path: Path) -> None:
    """`doctor` finds nothing wrong with a running Vigie: exit 0. Where nothing runs: exit 1, each fault with advice."""
    good = stack.vigie("doctor", "--json")
    checks = [orjson.loads(line) for line in good.out.splitlines()]
    assert (good.code, good.err) == (0, ""), good.out
    assert all(check["ok"] and not check["do"] for check in checks)
    found = {check["check"]: check["found"] for check in checks}
    assert stack.kafka in found["broker"]
    assert f"{len(TOPICS)} topics" in found["broker"]
    assert str(stack.sql_port) in found["store"]
    plain = stack.vigie("doctor")
    assert (plain.code, plain.out.decode().count("ok   ")) == (0, len(checks))
    bad = subprocess.run(
        [VIGIE, "doctor", "--json"],
        env=environment(tmp_path / "data"),
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    wrong = {check["check"]: check for check in map(orjson.loads, bad.stdout.splitlines()) if not check["ok"]}
    assert bad.returncode == 1
    assert set(wrong) == {"broker", "store"}
    assert all("vigie up" in check["do"] for check in wrong.values())
    assert bad.stderr == b""


@pytest.mark.long
def test_doctor_finds_what_is_wrong(stack: RunningVigie, tmp_path: Path) -> None:
    """A broker or a store that does not answer, and a data folder that cannot be written, are named with advice."""
    away = stack.vigie(
        "doctor",
        "--json",
        VIGIE_KAFKA__BOOTSTRAP="127.0.0.1:9",
        VIGIE_STORE__HOST="127.0.0.1",
        VIGIE_STORE__PORT="9",
    )
    wrong = {check["check"]: check for check in map(orjson.loads, away.out.splitlines()) if not check["ok"]}
    assert away.code == 1
    assert set(wrong) == {"broker", "store"}
    assert "127.0.0.1:9" in wrong["broker"]["found"]
    assert "127.0.0.1:9" in wrong["store"]["found"]
    assert all(check["do"] for check in wrong.values())
    assert "Traceback" not in away.err
    password = stack.vigie("doctor", "--json", VIGIE_STORE__USER="nobody")
    assert password.code == 1
    blocked = tmp_path / "file"
    blocked.write_text("x")
    folder = stack.vigie("doctor", "--json", VIGIE_DATA_DIR=str(blocked / "data"))
    checks = {check["check"]: check for check in map(orjson.loads, folder.out.splitlines())}
    assert not checks["data folder"]["ok"], "a data folder below a plain file is said to be fine"


def test_replay(stack: RunningVigie, files: list[Path], tmp_path: Path) -> None:
    """`replay` reports in a line for people, in JSON for programs, and holds to the pace that it is given."""
    lines = files[0].read_bytes().splitlines()[:200]
    path = tmp_path / "some.jsonl"
    path.write_bytes(b"\n".join(lines))
    told = stack.vigie("replay", path)
    assert (told.code, told.err) == (0, "")
    assert told.out.startswith(b"200 records read, 200 published")
    times = [orjson.loads(line)["created_at"] for line in lines]
    report = stack.replay(path, "--speed", "20000")
    wanted = (parse_time(times[-1]) - parse_time(times[0])) / 1e6 / 20000
    assert report["records"] == report["published"] == 200
    assert report["seconds"] >= 0.9 * wanted


COLOUR = re.compile(rb"\x1b\[[0-9;]*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[0-9;]*m")


def on_a_terminal(folder: Path, words: list[str], **more: str) -> tuple[int, bytes]:
    """Exit code and everything that a command shows on a colour terminal."""
    ours, theirs = pty.openpty()
    env = {**environment(folder, **more), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    if "NO_COLOR" not in more:
        env.pop("NO_COLOR")
    process = subprocess.Popen([VIGIE, *words], env=env, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # Linux says so when the other side has closed
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    return process.wait(30), shown


@pytest.mark.long
@pytest.mark.parametrize("name", ["alerts", "sql", "doctor", "replay", "backtest", "help", "wrong"])
def test_no_color(name: str, stack: RunningVigie, files: list[Path], tmp_path: Path) -> None:
    """With NO_COLOR nothing is coloured, on a terminal that could show it."""
    words = {
        "alerts": ["alerts"],
        "sql": ["sql", "SELECT * FROM posts LIMIT 3"],
        "doctor": ["doctor"],
        "replay": ["replay", str(files[0])],
        "backtest": ["backtest", str(files[0]), "--out", str(tmp_path / "out")],
        "help": ["--help"],
        "wrong": ["alerts", "--severity", "x"],
    }[name]
    code, shown = on_a_terminal(stack.folder, words, NO_COLOR="1")
    assert code == (2 if name == "wrong" else 0)
    assert shown
    assert not COLOUR.search(shown), shown[:300]


def test_json_is_json_on_a_terminal(stack: RunningVigie, files: list[Path], tmp_path: Path) -> None:
    """`backtest --json` on a terminal, where a progress bar is drawn, still prints one clean JSON line to standard
    output when that goes to a file."""
    ours, theirs = pty.openpty()
    out = tmp_path / "stdout"
    with out.open("wb") as stdout:
        process = subprocess.Popen(
            [VIGIE, "backtest", str(files[0]), "--out", str(tmp_path / "out"), "--json"],
            env={**environment(stack.folder), "TERM": "xterm"},
            stdout=stdout,
            stderr=theirs,
        )
        os.close(theirs)
        drain = threading.Thread(target=_drain, args=(ours,))
        drain.start()
        assert process.wait(60) == 0
        drain.join(10)
    os.close(ours)
    report = json.loads(out.read_bytes())
    assert report == json.loads((tmp_path / "out" / "report.json").read_bytes())


def _drain(descriptor: int) -> None:
    try:
        while os.read(descriptor, 65536):
            pass
    except OSError:
        return

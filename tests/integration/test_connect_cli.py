"""`vigie replay` and `vigie connect` as processes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
import orjson
import pytest

from pipeline.bus import END_HEADER
from schemas.topics import POSTS_RAW
from tests.integration.conftest_connect import broker, contents, free_port
from tests.integration.conftest_jetstream import Host, from_cursor

__all__ = ["broker"]

pytestmark = pytest.mark.integration

PROGRAM = """
import typer
from pipeline.cli import connect, replay
app = typer.Typer()
app.command()(replay.replay)
app.add_typer(connect.app, name="connect")
app()
"""

POST = b'{"id":"p1","platform":"x","author_id":"a","created_at":"2026-03-01T10:00:00Z","text":"salut"}'


async def start(address: str, folder: Path, *words: object) -> asyncio.subprocess.Process:
    """The command with these words, its data under `folder`, the broker at `address`."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PROGRAM,
        *map(str, words),
        env={
            **os.environ,
            "VIGIE_DATA_DIR": str(folder),
            "VIGIE_KAFKA__BOOTSTRAP": address,
            "NO_COLOR": "1",
            "PYTHONUNBUFFERED": "1",
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def vigie(address: str, folder: Path, *words: object) -> tuple[int | None, bytes, str]:
    """Exit code, standard output and standard error of the command."""
    process = await start(address, folder, *words)
    out, err = await process.communicate()
    return process.returncode, out, err.decode()


async def test_replay(broker: str, tmp_path: Path) -> None:
    """The result goes to standard output, for people or as JSON; a terminal's progress bar is not in a
    pipe."""
    path = tmp_path / "posts.jsonl"
    path.write_bytes(POST + b"\n" + b"bad\n")
    code, out, err = await vigie(broker, tmp_path, "replay", path, "--json")
    assert (code, err) == (0, "")
    report = orjson.loads(out)
    assert (report["records"], report["published"], report["bytes"]) == (2, 2, len(POST) + 3)
    code, out, err = await vigie(broker, tmp_path, "replay", path, "--keep-open", "--speed", "1000")
    assert (code, err) == (0, "")
    assert out.startswith(b"2 records read, 2 published; ")
    ends = [record for record in await contents(broker, POSTS_RAW) if END_HEADER in dict(record.headers)]
    assert len(ends) == 4  # one a partition, from the first replay only


@pytest.mark.parametrize(
    ("words", "expected", "said"),
    [
        (["--speed", "fast"], 2, "--speed is 'fast'"),
        (["--speed", "0"], 2, "--speed is '0'"),
        (["--speed", "nan"], 2, "--speed is 'nan'"),
        (["--kind", "cats"], 2, "posts, fan_counts or follows"),
        (["missing.jsonl"], 2, "no such file"),
        ([], 1, "vigie up"),
    ],
)
async def test_replay_says_what_is_wrong(
    words: Sequence[str], expected: int, said: str, tmp_path: Path
) -> None:
    """Wrong use ends with 2, a broker that does not answer with 1; both with a message that helps."""
    path = tmp_path / "posts.jsonl"
    path.write_bytes(POST)
    address = f"127.0.0.1:{free_port()}"
    code, out, err = await vigie(address, tmp_path, "replay", path, *words)
    assert (code, out) == (expected, b"")
    assert said in err
    assert "Traceback" not in err
    if expected == 1:
        assert address in err


async def test_connect_jetstream(broker: str, tmp_path: Path) -> None:
    """The connector stops at its limit, and a second run goes on from there."""
    host = Host(from_cursor(70, lambda _: None))
    async with host.running() as address:
        counts = []
        for limit in (30, 40):
            words = ("connect", "jetstream", "--host", address, "--insecure", "--limit", limit, "--json")
            code, out, err = await vigie(broker, tmp_path, *words)
            assert code == 0, err
            counts.append(orjson.loads(out)["posts"])
    assert counts == [30, 40]
    found = [record.value for record in await contents(broker, POSTS_RAW)]
    assert len(found) == len(set(found)) == 70


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
async def test_connect_http(how: signal.Signals, broker: str, tmp_path: Path) -> None:
    """The webhook prints its address, takes records, and ends with 0 on Ctrl-C and on SIGTERM."""
    process = await start(broker, tmp_path, "connect", "http", "--port", 0)
    assert process.stdout is not None
    address = (await process.stdout.readline()).decode().strip()
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(address, content=POST)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "duplicates": 0})
    process.send_signal(how)
    _, err = await process.communicate()
    assert process.returncode == 0, err
    assert b"Traceback" not in err
    assert [record.value for record in await contents(broker, POSTS_RAW)] == [POST]

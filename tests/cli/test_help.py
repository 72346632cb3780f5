"""What the command line says of itself."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.integration.conftest import vigie

COMMANDS = (
    "up",
    "demo",
    "worker",
    "connect",
    "connect jetstream",
    "connect http",
    "replay",
    "backtest",
    "alerts",
    "sql",
    "export",
    "bot",
    "doctor",
    "lab",
    "lab coshare",
    "lab series",
)
"""The contract's commands."""


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command: str, tmp_path: Path) -> None:
    """Each command explains itself on standard output, names itself as it is typed, and exits with 0."""
    done = vigie(tmp_path / "data", *command.split(), "--help")
    assert (done.code, done.err) == (0, "")
    text = done.out.decode()
    assert text.startswith(f"Usage: vigie {command}")
    explained = [line for line in text.splitlines()[1:] if line.strip()]
    assert len(explained[0].split()) >= 4, "no sentence says what the command does"
    assert not (tmp_path / "data").exists()


def test_overview(tmp_path: Path) -> None:
    """`vigie --help` lists every command with a sentence."""
    done = vigie(tmp_path / "data", "--help")
    text = done.out.decode()
    for name in {command.split()[0] for command in COMMANDS}:
        assert re.search(rf"^  {name} +\w", text, re.M), name
    assert done.code == 0


def test_version(tmp_path: Path) -> None:
    """`vigie --version` says what is installed."""
    done = vigie(tmp_path / "data", "--version")
    assert (done.code, done.out.decode(), done.err) == (0, f"vigie {version('vigie')}\n", "")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([], "Usage: vigie"),
        (["connect"], "Usage: vigie connect"),
        (["lab"], "Usage: vigie lab"),
        (["lab", "series", "x.csv"], "--out"),
        (["nonsense"], "nonsense"),
        (["alerts", "--nonsense"], "--nonsense"),
        (["connect", "myspace"], "myspace"),
        (["replay"], "files"),
        (["backtest", "x.jsonl"], "--out"),
        (["backtest", "--out", "o"], "files"),
        (["backtest", "x.jsonl", "--compare", "a", "b"], "--compare"),
        (["sql"], "query"),
        (["export"], "alert_id"),
        (["export", "x", "--max-rows", "many"], "--max-rows"),
        (["connect", "http", "--port", "many"], "--port"),
        (["connect", "http", "--port", "70000"], "65535"),
        (["connect", "jetstream", "--version", "3"], "--version"),
        (["demo", "--seed", "x"], "--seed"),
    ],
)
def test_wrong_words(words: list[str], named: str, tmp_path: Path) -> None:
    """What is typed wrongly is named on standard error; exit 2, nothing on standard output."""
    done = vigie(tmp_path / "data", *words)
    assert (done.code, done.out) == (2, b"")
    assert named in done.err
    assert "Traceback" not in done.err

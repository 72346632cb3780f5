"""Wrong values: the message names the field, the value and what is allowed; exit 2 for wrong use, 1 for failure."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import orjson
import pytest

from tests.integration.conftest import VIGIE, Done, environment, vigie

POST = {"id": "1", "platform": "x", "author_id": "a", "created_at": "2026-01-01T00:00:00Z", "text": "salut"}


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    """A file with one post."""
    path = tmp_path / "posts.jsonl"
    path.write_bytes(orjson.dumps(POST) + b"\n")
    return path


def check(done: Done, code: int, *named: str) -> None:
    """The exit code, silence on standard output, and what the message names."""
    assert (done.code, done.out) == (code, b""), done.err
    for text in named:
        assert text in done.err
    assert "Traceback" not in done.err


EVERY = [
    *(
        "up",
        "demo",
        "worker",
        "replay",
        "backtest",
        "alerts",
        "sql",
        "export",
        "bot",
        "doctor",
        "http",
        "jetstream",
    )
]


def words_of(name: str, posts: Path, out: Path) -> list[object]:
    """A command that reads settings, with the arguments that it needs."""
    more: dict[str, list[object]] = {
        "replay": ["replay", posts],
        "backtest": ["backtest", posts, "--out", out],
        "sql": ["sql", "SELECT 1"],
        "export": ["export", "burst-1", "--out", out],
        "http": ["connect", "http"],
        "jetstream": ["connect", "jetstream"],
    }
    return more.get(name, [name])


@pytest.mark.parametrize("name", EVERY)
def test_settings_in_the_environment(name: str, posts: Path, tmp_path: Path) -> None:
    """Every command refuses a wrong setting of the environment before it does anything."""
    done = vigie(tmp_path / "data", *words_of(name, posts, tmp_path / "out"), VIGIE_KAFKA__PORT="abc")
    check(done, 2, "kafka.port", "'abc'", "integer")
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("VIGIE_KAFKA__PORT", "99999", ["kafka.port", "'99999'", "65535"]),
        ("VIGIE_KAFKA__PORT", "-1", ["kafka.port", "'-1'", "0"]),
        ("VIGIE_STORE__MAX_SECONDS", "0", ["store.max_seconds", "'0'", "greater than 0"]),
        ("VIGIE_BOT__SEVERITY", "high", ["bot.severity", "'high'", "info|warning|error|critical"]),
        ("VIGIE_BOT__LANGUAGE", "de", ["bot.language", "'de'", "fr|en"]),
        ("VIGIE_LOG_LEVEL", "loud", ["log_level", "'loud'", "debug|info|warning|error"]),
        ("VIGIE_WORKERS", "0", ["workers", "'0'", "1"]),
        ("VIGIE_KAFKA__PROT", "1", ["kafka.prot", "(not shown)", "not permitted"]),
    ],
)
def test_values_of_settings(variable: str, value: str, named: list[str], tmp_path: Path) -> None:
    """The message names the setting as vigie.toml writes it, the value, and what is allowed."""
    done = vigie(tmp_path / "data", "alerts", **{variable: value})
    check(done, 2, *named)


@pytest.mark.long
@pytest.mark.parametrize("name", ["alerts", "replay"])
@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("this is [not TOML", ["vigie.toml", "line 1"]),
        ("[kafka]\nport = 'x'\n", ["kafka.port", "'x'", "integer"]),
        ("[kafka]\nprot = 3\n", ["kafka.prot", "(not shown)", "not permitted"]),
        ("[kafak]\nport = 3\n", ["kafak"]),
        ("kafka = 5\n", ["kafka", "5"]),
    ],
    ids=["not TOML", "wrong type", "unknown name", "unknown section", "no section"],
)
def test_vigie_toml(name: str, content: str, named: list[str], posts: Path, tmp_path: Path) -> None:
    """A vigie.toml with a mistake is refused, and the mistake named: nothing written there is silently ignored."""
    (tmp_path / "vigie.toml").write_text(content)
    done = vigie(tmp_path / "data", *words_of(name, posts, tmp_path / "out"))
    check(done, 2, *named)
    assert " = {}: " not in done.err
    assert ":  is {}: " not in done.err


@pytest.mark.long
@pytest.mark.parametrize("name", ["backtest", "up"])
@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("[detect]\nlateness_minutes = 'x'\n", ["lateness_minutes", "float"]),
        ("[detect]\nlateness_minuts = 5\n", ["lateness_minuts"]),
        ("[detect.copies]\nspan_minuts = 5\n", ["span_minuts"]),
        ("[detect.fans]\nnonsense = 5\n", ["nonsense"]),
    ],
    ids=["wrong type", "unknown name", "unknown name of copies", "unknown name of fans"],
)
def test_detector_parameters(name: str, content: str, named: list[str], posts: Path, tmp_path: Path) -> None:
    """A mistake in [detect] is named, by whatever command would use it."""
    (tmp_path / "vigie.toml").write_text(content)
    words = words_of(name, posts, tmp_path / "out")
    done = up_for_a_moment(tmp_path / "data") if name == "up" else vigie(tmp_path / "data", *words)
    check(done, 2, *named)


def up_for_a_moment(folder: Path) -> Done:
    """`vigie up`, interrupted if it does start."""
    process = subprocess.Popen(
        [VIGIE, "up"],
        env=environment(folder, VIGIE_KAFKA__PORT="0", VIGIE_STORE__PORT="0"),
        cwd=folder.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        out, err = process.communicate(timeout=15)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    return Done(process.returncode, out, err.decode())


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (["replay", "POSTS", "--speed", "x"], 2, ["--speed", "'x'", "max"]),
        (["replay", "POSTS", "--speed", "0"], 2, ["--speed", "'0'", "above 0"]),
        (["replay", "POSTS", "--speed", "inf"], 2, ["--speed", "'inf'"]),
        (["replay", "POSTS", "--kind", "x"], 2, ["--kind", "'x'", "posts, fan_counts or follows"]),
        (["backtest", "POSTS", "--out", "o", "--kind", "x"], 2, ["--kind", "'x'", "posts, fan_counts"]),
        (["replay", "nowhere.jsonl"], 2, ["nowhere.jsonl", "no such file"]),
        (["backtest", "nowhere.jsonl", "--out", "o"], 2, ["nowhere.jsonl", "no such file"]),
        (["backtest", "data.txt", "--out", "o"], 2, ["data.txt", "unknown suffix", ".jsonl"]),
        (["backtest", ".", "--out", "o"], 2, ["a folder"]),
        (["backtest", "POSTS", "--out", "POSTS"], 1, ["posts.jsonl", "folder"]),
        (["backtest", "--compare", "old", "new"], 1, ["old/alerts.jsonl", "--out"]),
        (["alerts", "--severity", "x"], 2, ["--severity", "'x'", "info, warning, error"]),
        (["worker", "--role", "x"], 2, ["--role", "'x'", "detect, sink or all"]),
        (["export", "a", "--format", "xlsx"], 2, ["--format", "'xlsx'", "csv or parquet"]),
        (["export", "a", "--max-rows", "0"], 2, ["--max-rows", "0", "from 1 to 1,000,000"]),
        (["export", "a", "--max-pairs", "-1"], 2, ["--max-pairs", "-1", "from 0 to 1,000,000"]),
        (["export", "a", "--out", "POSTS"], 2, ["posts.jsonl", "not a folder"]),
        (["demo", "--language", "x"], 2, ["--language", "'x'", "fr or en"]),
    ],
)
def test_values_of_options(
    words: list[str], code: int, named: list[str], posts: Path, tmp_path: Path
) -> None:
    """A wrong value of an option, or a file that cannot be used, is named with what is allowed."""
    (tmp_path / "data.txt").write_text("x")
    done = vigie(tmp_path / "data", *(str(posts) if word == "POSTS" else word for word in words))
    check(done, code, *named)


@pytest.mark.parametrize("name", ["worker", "replay", "alerts", "sql", "export", "bot", "http", "jetstream"])
def test_nothing_runs(name: str, posts: Path, tmp_path: Path) -> None:
    """Without a running Vigie, what needs one ends with 1 and says how to start it or where to look."""
    done = vigie(tmp_path / "data", *words_of(name, posts, tmp_path / "out"))
    check(done, 1, "vigie up", "VIGIE_STORE__HOST" if name in ("sql", "export") else "VIGIE_KAFKA__BOOTSTRAP")


@pytest.mark.parametrize("name", ["replay", "alerts", "bot", "http"])
def test_nobody_answers(name: str, posts: Path, tmp_path: Path) -> None:
    """A broker that does not answer is named; exit 1."""
    address = "127.0.0.1:9"
    done = vigie(
        tmp_path / "data",
        *words_of(name, posts, tmp_path / "out"),
        VIGIE_KAFKA__BOOTSTRAP=address,
    )
    check(done, 1, address)

"""`vigie up` whose embedded broker is full now and then: it is emptied while posts go on, and nothing shows."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from pipeline.scenario.generate import START, generate, write
from schemas.records import Post
from schemas.times import DAY
from tests.endpoints import plain_alert
from tests.integration.conftest import VIGIE, RunningVigie, environment, until

pytestmark = [pytest.mark.integration, pytest.mark.long]

LIMIT = 32
"""Megabytes, the least that may be set; an empty broker has about 11."""
SECONDS = 25
"""How long the replay takes if nothing holds it up: the broker is full before its end."""
SPAN = ("2026-01-01", "2028-01-01")
EMPTIED = re.compile(r"the broker is empty")


@pytest.fixture
def small(tmp_path: Path) -> Iterator[RunningVigie]:
    """A system of its own with a small broker."""
    running = RunningVigie(tmp_path / "data", VIGIE_KAFKA__MEMORY_MB=str(LIMIT))
    try:
        yield running
    finally:
        assert running.stop() == 0


def test_emptied_while_posts_go_on(small: RunningVigie, tmp_path: Path) -> None:
    """At least once between two posts of one replay. Every record is stored once, and the alerts of store and topic
    are those of a backtest."""
    scenario = generate(31, scale=0.3, start=START + 400 * DAY)
    write(scenario, tmp_path)
    files = [str(tmp_path / name) for name in ("posts.jsonl", "fan_counts.jsonl", "follows.jsonl")]
    done = small.vigie("backtest", *files, "--out", tmp_path / "out")
    assert done.code == 0, done.err
    lines = (tmp_path / "out" / "alerts.jsonl").read_bytes().splitlines()
    expected = {alert["alert_id"]: plain_alert(alert) for alert in map(orjson.loads, lines)}
    assert len(expected) >= 3
    posts = sum(isinstance(record, Post) for record in scenario.records)

    def emptied() -> int:
        return len(EMPTIED.findall(small.errors.read_text()))

    def stored() -> dict[str, dict[str, object]]:
        return {name: plain_alert(alert) for name, alert in small.stored_alerts(*SPAN).items()}

    speed = (scenario.end - scenario.start) / 1e6 / SECONDS
    with subprocess.Popen(
        [VIGIE, "replay", *files, "--speed", str(speed)],
        env=environment(small.folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as replay:
        until(lambda: emptied() or replay.poll() is not None, bool, 240.0)
        assert emptied() >= 1, small.errors.read_text()
        assert replay.poll() is None, "the broker was emptied after the last record alone"
        before = small.value("SELECT count() FROM posts")
        assert replay.wait(240) == 0
    assert 0 < before < posts
    counts = (
        "SELECT (SELECT count() FROM posts), (SELECT count() FROM fan_counts) + (SELECT count() FROM follows)"
    )
    wanted = (posts, len(scenario.records) - posts)
    assert until(lambda: small.rows(counts)[0], lambda found: found == wanted, 120.0) == wanted
    twice = "SELECT count() FROM (SELECT 1 FROM posts GROUP BY platform, id HAVING count() > 1) SETTINGS final = 0"
    ids = {(record.platform, record.id) for record in scenario.records if isinstance(record, Post)}
    assert set(small.rows("SELECT platform, id FROM posts")) == ids
    assert small.value(twice) == 0
    assert until(stored, lambda found: found == expected, 120.0) == expected
    told = small.told_alerts(*SPAN)
    assert {name: plain_alert(alert) for name, alert in told.items()} == expected
    assert emptied() >= 1

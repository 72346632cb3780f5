"""Parameters change in the middle of a stream: alerts say which they are from, and no alert has two names."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.endpoints import plain_alert
from tests.integration.conftest import VIGIE, until
from tests.integration.test_recovery import SECONDS, Expected, Parts, in_two

pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.timeout(300)]

CHANGED = {
    "bursts": {"forget_days": 31.0},
    "copies": {"max_posts": 250_000},
    "authors": {"forget_days": 31.0},
}
"""Parameters that decide nothing within three days: what is found must stay as it was, to the letter."""


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    """Broker, store and sink."""
    running = Parts(tmp_path / "data")
    try:
        yield running
    finally:
        running.end()


def without_parameters(alerts: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The alerts, each with the name and the version of its detector alone."""
    return {
        name: {**alert, "detector": {key: alert["detector"][key] for key in ("name", "version")}}
        for name, alert in alerts.items()
    }


def holds(parts: Parts, expected: Expected, folder: Path) -> int:
    """Waits until the store has the alerts of a backtest, but for the parameters they are from, and these are those of
    before or those of afterwards, nothing else; how many are from those of afterwards."""
    done = parts.vigie(
        "backtest",
        *expected.files,
        "--out",
        folder / "new",
        "--json",
        VIGIE_DETECT=orjson.dumps(CHANGED).decode(),
    )
    assert done.code == 0, done.err
    lines = (folder / "new" / "alerts.jsonl").read_bytes().splitlines()
    new = {alert["alert_id"]: plain_alert(alert) for alert in map(orjson.loads, lines)}
    old = expected.alerts
    wanted = without_parameters(old)
    assert without_parameters(new) == wanted, "these parameters were to decide nothing"
    until(lambda: without_parameters(expected.stored(parts)), lambda found: found == wanted, 90.0)
    time.sleep(2.0)  # a belated alert too many would come now
    stored = expected.stored(parts)
    assert stored.keys() == wanted.keys()
    assert without_parameters(stored) == wanted
    assert without_parameters(expected.told(parts)) == wanted
    ways = [(stored[name] == old[name], stored[name] == new[name]) for name in stored]
    assert all(before or after for before, after in ways)
    assert parts.value("SELECT count() FROM posts FINAL") == len(expected.posts)
    return sum(after and not before for before, after in ways)


def change(parts: Parts) -> subprocess.Popen[bytes]:
    """A detection worker with the changed parameters."""
    parts.env = {**parts.env, "VIGIE_DETECT": orjson.dumps(CHANGED).decode()}
    return parts.worker("detect")


def test_a_worker_with_other_parameters_takes_over(parts: Parts, tmp_path: Path) -> None:
    """One worker ends in good order in the middle, one with other parameters comes. The state that it finds does not
    fit, so it reads what the topics have. An alert that both told has one name, and says whose parameters were the
    last."""
    expected = Expected(parts, tmp_path, 24)
    first, second = in_two(expected, tmp_path)
    worker = parts.worker("detect")
    parts.ready(worker)
    address = {"VIGIE_KAFKA__BOOTSTRAP": parts.kafka}
    sent = parts.vigie("replay", *first, "--keep-open", "--json", **address).json()["records"]
    count = "SELECT (SELECT count() FROM posts FINAL) + (SELECT count() FROM fan_counts FINAL)"
    count += " + (SELECT count() FROM follows FINAL)"
    assert until(lambda: parts.value(count), lambda stored: stored == sent) == sent
    time.sleep(5.0)  # what the second and the third step make of it
    early = expected.stored(parts)
    assert early
    parts.finish(worker)
    parts.ready(change(parts))
    assert parts.vigie("replay", *second, **address).code == 0
    assert holds(parts, expected, tmp_path), "nothing was told with the new parameters"
    stored = expected.stored(parts)
    both = [name for name in early if early[name]["detector"] != stored[name]["detector"]]
    assert both, "no alert was told with the old parameters and with the new ones"
    for name in both:
        assert early[name]["detector"]["version"] == stored[name]["detector"]["version"]
    assert list((parts.folder / "state" / "vigie").glob("*.unfit"))


def test_rolling_upgrade(parts: Parts, tmp_path: Path) -> None:
    """While records flow, a worker with other parameters joins, and later the old one leaves: they share the partitions
    meanwhile, and each sets the other's states aside. Nothing is lost, nothing is there twice."""
    expected = Expected(parts, tmp_path, 25)
    old = parts.worker("detect")
    parts.ready(old)
    speed = (expected.scenario.end - expected.scenario.start) / 1e6 / SECONDS
    replay = subprocess.Popen(
        [VIGIE, "replay", *map(str, expected.files), "--speed", f"{speed:.0f}"],
        env=parts.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    parts.processes.append(replay)
    time.sleep(7.0)
    new = change(parts)
    parts.ready(new)
    time.sleep(6.0)
    parts.finish(old)
    assert replay.wait(60) == 0
    assert holds(parts, expected, tmp_path), "nothing was told with the new parameters"
    assert new.poll() is None

"""A recorded operation of four weeks among ordinary posts, through the running system: its rings, and nobody else's.

Needs the recorded data (`VIGIE_EVAL_DATA`, default `../shared/data` beside the checkout); skipped where it is not.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
import pytest

from schemas.records import to_dict
from schemas.times import DAY, format_time
from tests.endpoints import plain_alert
from tests.eval.rings_recorded import PRECISION, RECALL, START, active, background, named, operation
from tests.integration.conftest import RunningVigie, until
from tests.recorded import DATA, needs

DAYS = 28
OPERATION = DATA / "ira_tweets" / "2016may_sep.parquet"

pytestmark = [
    pytest.mark.integration,
    pytest.mark.shared,
    pytest.mark.long,
    pytest.mark.timeout(900),
    needs(OPERATION),
]


def test_rings_live_and_by_backtest(stack: RunningVigie, tmp_path: Path) -> None:
    """Topic and store hold the alerts of the backtest; at least 99 of 100 accounts that rings name are of the
    operation, and at least 60 % of its busy accounts are named."""
    theirs = list(operation(DATA, DAYS))
    posts = sorted([*theirs, *background(DATA, DAYS)], key=lambda post: post.created_at)
    mixed = tmp_path / "mixed.jsonl"
    with mixed.open("wb") as file:
        file.writelines(orjson.dumps(to_dict(post)) + b"\n" for post in posts)
    stack.end_streams()
    with ThreadPoolExecutor(1) as pool:
        report = pool.submit(stack.vigie, "backtest", mixed, "--out", tmp_path / "out")
        assert stack.replay(mixed, "--speed", "max")["published"] == len(posts)
        assert report.result().code == 0
    lines = (tmp_path / "out" / "alerts.jsonl").read_bytes().splitlines()
    expected = {alert["alert_id"]: plain_alert(alert) for alert in map(orjson.loads, lines)}
    span = format_time(START - DAY), format_time(START + (DAYS + 1) * DAY)

    def stored() -> dict[str, dict[str, object]]:
        return {name: plain_alert(alert) for name, alert in stack.stored_alerts(*span).items()}

    assert until(stored, lambda seen: seen == expected, 240.0) == expected
    time.sleep(2.0)  # an alert too many would come now
    assert stored() == expected
    told = {name: plain_alert(alert) for name, alert in stack.told_alerts(*span).items()}
    assert told == expected

    rings = [
        alert
        for alert in told.values()
        if alert["kind"] == "coordinated_accounts" and alert["severity"] != "info"
    ]
    accounts = named(reason for ring in rings for reason in ring["reasons"])
    members = {(post.platform, post.author_id) for post in theirs}
    wanted = active(theirs)
    assert len(accounts & members) >= PRECISION * len(accounts)
    assert len(accounts & wanted) >= RECALL * len(wanted)

"""A recorded quarter of a real operation through the running system: stored once, found, the same as a backtest.

Needs the recorded data (`VIGIE_EVAL_DATA`, default `../shared/data` beside the checkout); skipped where it is not.
"""

from __future__ import annotations

import csv
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest

from tests.endpoints import plain_alert
from tests.integration.conftest import RunningVigie, until, vigie
from tests.recorded import DATA, needs

QUARTER = DATA / "ira_tweets" / "2015q4.parquet"
SAMPLE = DATA / "ira_tweets" / "neardup_sample.jsonl"
CAMPAIGNS = DATA / "ira_tweets" / "campaigns_2015q4.csv"

pytestmark = [
    pytest.mark.integration,
    pytest.mark.shared,
    pytest.mark.long,
    pytest.mark.timeout(600),
    needs(QUARTER),
]

SINCE, BEFORE = "2015-09-01", "2016-02-01"
POSTS = 294_656
LARGEST = 97
"""Accounts that posted one sentence on 2015-12-02."""

Alerts = dict[str, dict[str, Any]]


class Quarter:
    """The quarter, gone through the stack, and a backtest of it."""

    def __init__(self, stack: RunningVigie, folder: Path) -> None:
        self.stack, self.folder = stack, folder
        stack.end_streams()
        with ThreadPoolExecutor(1) as pool:
            report = pool.submit(self.backtest)
            self.replayed = stack.replay(QUARTER, "--speed", "max")
            self.report = report.result()
        lines = (folder / "alerts.jsonl").read_bytes().splitlines()
        self.expected: Alerts = {alert["alert_id"]: plain_alert(alert) for alert in map(orjson.loads, lines)}
        lines = (folder / "copies.jsonl").read_bytes().splitlines()
        self.clusters: dict[str, set[str]] = {
            line["cluster_id"]: set(line["post_ids"]) for line in map(orjson.loads, lines)
        }
        self.platform = str(next(pq.ParquetFile(QUARTER).iter_batches(1, columns=["platform"]))[0][0])
        until(self.counted, lambda count: count >= POSTS, 120.0)
        until(self.alerts, lambda seen: seen == (self.expected, self.expected), 120.0)
        time.sleep(2.0)  # an alert too many would come now
        self.told, self.stored = self.alerts()

    def backtest(self) -> dict[str, Any]:
        """The report of a backtest."""
        done = self.stack.vigie("backtest", QUARTER, "--out", self.folder, "--json")
        assert done.code == 0, done.err
        report: dict[str, Any] = done.json()
        return report

    def counted(self) -> int:
        """Posts of the quarter in the store."""
        return int(self.stack.value(f"SELECT count() FROM posts FINAL WHERE {_TIME}", **_SPAN))

    def alerts(self) -> tuple[Alerts, Alerts]:
        """Alerts of topic and store."""
        told = self.stack.told_alerts(SINCE, BEFORE)
        stored = self.stack.stored_alerts(SINCE, BEFORE)
        return (
            {name: plain_alert(alert) for name, alert in told.items()},
            {name: plain_alert(alert) for name, alert in stored.items()},
        )


_TIME = "created_at BETWEEN parseDateTimeBestEffort({a:String}) AND parseDateTimeBestEffort({b:String})"
_SPAN = {"a": SINCE, "b": BEFORE}


@pytest.fixture(scope="module")
def quarter(stack: RunningVigie, tmp_path_factory: pytest.TempPathFactory) -> Quarter:
    """The quarter, played once for this file."""
    return Quarter(stack, tmp_path_factory.mktemp("quarter"))


def test_every_post_once(quarter: Quarter) -> None:
    """All posts are read, and each is one row: counted without FINAL's help, and by key."""
    assert quarter.replayed["records"] == quarter.replayed["published"] == POSTS
    assert quarter.report["records"]["read"] == POSTS
    counted = quarter.stack.rows(
        f"SELECT count(), uniqExact(platform, id) FROM posts WHERE {_TIME} SETTINGS final = 0", **_SPAN
    )
    assert counted == [(POSTS, POSTS)]
    known = quarter.stack.value(
        "SELECT count() FROM posts FINAL WHERE id IN {ids:Array(String)} AND platform = {p:String}",
        ids=pq.read_table(QUARTER, columns=["id"])["id"].to_pylist()[::500],
        p=quarter.platform,
    )
    assert known == len(range(0, POSTS, 500))


def test_live_equals_backtest(quarter: Quarter) -> None:
    """Topic and store hold the alerts of the backtest, closed, equal in every field but revision."""
    assert len(quarter.expected) >= 25
    assert quarter.told.keys() == quarter.expected.keys()
    assert quarter.told == quarter.expected
    assert quarter.stored == quarter.expected


def test_the_largest_campaign(quarter: Quarter) -> None:
    """The sentence that 97 accounts posted on 2015-12-02 is one alert, in topic and store, with at least 95 of them;
    its evidence is there."""
    for alerts in (quarter.told, quarter.stored):
        found = [
            alert
            for alert in alerts.values()
            if alert["kind"] == "copy_paste"
            and alert["accounts"]["count"] >= LARGEST - 2
            and alert["first_seen"] <= "2015-12-02T23:59:59Z"
            and alert["last_seen"] >= "2015-12-02T00:00:00Z"
        ]
        assert len(found) == 1
    (alert,) = found
    assert alert["severity"] in ("error", "critical")
    rows = quarter.stack.rows(f"SELECT uniqExact(author_id), count() FROM ({alert['evidence_sql']})")
    assert rows == [(alert["accounts"]["count"], alert["posts"]["count"])]


def test_every_known_campaign(quarter: Quarter) -> None:
    """Each known campaign lies in one copy cluster, in files and store alike, and an alert tells that cluster."""
    members: dict[str, set[str]] = defaultdict(set)
    for cluster, post in quarter.stack.rows(
        f"SELECT cluster_id, id FROM copy_members FINAL WHERE {_TIME}", **_SPAN
    ):
        members[cluster].add(post)
    alerted = {alert["subject"]["id"] for alert in quarter.stored.values() if alert["kind"] == "copy_paste"}
    with CAMPAIGNS.open(newline="", encoding="utf-8") as file:
        campaigns = [set(row["ids"].split()) for row in csv.DictReader(file)]
    assert len(campaigns) == 25
    missed = []
    for number, ids in enumerate(campaigns):
        stored = [cluster for cluster, posts in members.items() if ids <= posts]
        tested = [cluster for cluster, posts in quarter.clusters.items() if ids <= posts]
        if not (stored == tested and len(stored) == 1 and stored[0] in alerted):
            parts = [len(ids & posts) for posts in quarter.clusters.values() if ids & posts]
            missed.append((number, len(ids), parts))
    assert missed == []


def test_evidence(quarter: Quarter) -> None:
    """The query of every alert returns its posts; of copies exactly those that it counts."""
    client = quarter.stack.reader()
    for alert in quarter.stored.values():
        found = client.query(alert["evidence_sql"])
        place, author = found.column_names.index("id"), found.column_names.index("author_id")
        assert set(alert["posts"]["ids"]) <= {row[place] for row in found.result_rows}
        if alert["kind"] == "copy_paste":
            assert len(found.result_rows) == alert["posts"]["count"]
            assert len({row[author] for row in found.result_rows}) == alert["accounts"]["count"]
    client.close()


@needs(SAMPLE)
def test_two_backtests(tmp_path: Path) -> None:
    """The same input gives the same bytes, and the same report but for speed and memory, in two processes at once."""
    folders = [tmp_path / name / "out" for name in ("one", "two")]
    for folder in folders:
        folder.parent.mkdir()
    with ThreadPoolExecutor(2) as pool:
        runs = pool.map(lambda out: vigie(out, "backtest", SAMPLE, "--out", out, "--json"), folders)
        one, two = (done.json() for done in runs)
    for name in ("alerts.jsonl", "copies.jsonl"):
        content = [(folder / name).read_bytes() for folder in folders]
        assert content[0] == content[1]
        assert content[0]
    for figure in ("posts_per_second", "peak_memory_bytes"):
        assert one.pop(figure) > 0
        assert two.pop(figure) > 0
    assert one == two

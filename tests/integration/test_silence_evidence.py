"""The evidence of a silence, asked of the real store: exactly the few posts that still came."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from pipeline.backtest import Backtest
from pipeline.connect.files import stamp
from pipeline.demo import items
from pipeline.detect.parameters import Parameters
from pipeline.scenario.generate import START
from pipeline.store.enriched_rows import posts_from_json
from pipeline.text.contract import to_contract
from pipeline.text.enrich import enrich
from schemas.records import Post
from schemas.times import HOUR, MINUTE, format_time
from tests.integration.test_store_process import NOW, StoreProcess

pytestmark = pytest.mark.integration

_STOP, _BACK, _END = 24 * 16, 24 * 16 + 9, 24 * 16 + 14  # hours


def records() -> list[Post]:
    """Two connectors of one forum, one of which brings hardly anything for nine hours; and posts of none."""
    made = []
    for hour in range(_END):
        silent = _STOP <= hour < _BACK
        rss = 60 if not silent else int(hour % 4 == 0)
        for source, number in (("rss", rss), ("api", 5), (None, 1)):
            for n in range(number):
                at = START + hour * HOUR + (n * 59 * MINUTE) // number
                name = f"{source}-{hour}-{n}"
                made.append(Post(name, "forum", f"a{n % 7}", at, f"Message {name} du jour", source=source))
    return sorted(made, key=lambda post: post.created_at)


def test_evidence_is_exactly_what_still_came(tmp_path: Path) -> None:
    """As many rows as the alert counts, of that source, within the silent hours."""
    posts = records()
    run = Backtest(Parameters())
    run.feed(list(stamp(items(posts))), end=True)
    (alert,) = (one for one in run.alerts.values() if one.kind == "source_silent")
    assert (alert.status, alert.severity, alert.subject.id) == ("closed", "error", "rss")
    expected = [
        post.id
        for post in posts
        if post.source == "rss" and START + _STOP * HOUR <= post.created_at < START + _BACK * HOUR
    ]
    assert len(expected) == alert.posts.count == alert.observed > 0
    assert alert.window.start == format_time(START + _STOP * HOUR)
    store = StoreProcess(tmp_path / "store")
    try:
        with store.writer() as writer:
            writer.insert(
                "posts", posts_from_json([orjson.dumps(to_contract(enrich(post))) for post in posts], NOW)
            )
        client = store.reader()
        try:
            found = list(client.query(alert.evidence_sql).named_results())
        finally:
            client.close()
    finally:
        assert store.stop() == 0
    assert [row["id"] for row in found] == expected

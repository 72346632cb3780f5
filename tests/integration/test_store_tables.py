"""Tables and views on the real store: nothing counts twice, and the last word counts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import orjson
import pytest

from pipeline.store import rows
from pipeline.store.client import StoreClient
from pipeline.store.enriched_rows import posts_from_json
from pipeline.store.forget import purge_deleted
from pipeline.store.schemas import TABLES
from schemas.times import DAY, SECOND
from tests.integration.test_store_process import NOW, StoreProcess

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    process = StoreProcess(tmp_path_factory.mktemp("store"))
    yield process
    assert process.stop() == 0


@pytest.fixture
def writer(store: StoreProcess) -> Iterator[StoreClient]:
    with store.writer() as client:
        for table in TABLES:
            client.command(f"TRUNCATE TABLE vigie.{table}")
        yield client


def post(name: str, at: str = "2024-01-05T10:00:00Z", **fields: Any) -> dict[str, Any]:
    base = {"id": name, "platform": "x", "author_id": f"a{name}", "created_at": at, "text": f"text {name}"}
    return {**base, "target": "page", **fields}


def alert(name: str, revision: int, **fields: Any) -> dict[str, Any]:
    base = {
        "alert_id": name,
        "kind": "burst",
        "revision": revision,
        "status": "open",
        "severity": "warning",
        "score": 0.5,
        "subject": {"platform": "x", "id": "page"},
        "first_seen": "2024-01-05T10:00:00Z",
        "last_seen": "2024-01-05T11:00:00.25Z",
        "window": {"start": "2024-01-05T10:00:00Z", "end": "2024-01-05T11:00:00Z"},
        "accounts": {"count": 2, "ids": ["a", "b"]},
        "posts": {"count": 3, "ids": ["1", "2", "3"]},
        "observed": 3.0,
        "expected": 0.1,
        "reasons": [{"code": "volume", "values": {"n": 3}}],
        "ruled_out": [],
        "summary": {"fr": "Trois", "en": "Three"},
        "evidence_sql": "SELECT 1",
        "detector": {"name": "burst", "version": "1", "parameters": {}},
    }
    return {**base, **fields}


def ask(client: StoreClient, sql: str) -> list[tuple[Any, ...]]:
    return list(client.query(sql).result_rows)


def test_deletion_wins_whatever_the_order(store: StoreProcess, writer: StoreClient) -> None:
    """A row that is not deleted never stands before one that is: neither when it comes later, nor when it was told
    later, nor under another month, nor after a merge. Without a deletion the row that was told last stands."""
    words = {
        "before": post("1", text="first"),
        "deleted": post("1", "2024-03-01T00:00:00Z", text="", deleted=True),
        "after": post("1", text="again"),
        "edited": post("1", "2024-05-01T00:00:00Z", text="edited"),
    }
    told = {name: NOW + place * SECOND for place, name in enumerate(words)}
    wanted = [("1", "", True), ("2", "edited 2", False)]
    for order in permutations(words):
        writer.command("TRUNCATE TABLE vigie.posts")
        for name in order:
            writer.insert("posts", rows.posts_table([words[name]], NOW, [told[name]]))
            if name != "deleted":
                other = {**words[name], "id": "2", "text": f"{name} 2"}
                raw = orjson.dumps({**other, "detectors": {"text": "3"}})
                writer.insert("posts", posts_from_json([raw], NOW, [told[name]]))
        query = "SELECT id, text, deleted FROM vigie.posts FINAL ORDER BY id"
        assert ask(writer, query) == wanted, order
        writer.command("OPTIMIZE TABLE vigie.posts FINAL")
        assert ask(writer, query) == wanted, order
        assert ask(writer, "SELECT id FROM vigie.posts FINAL WHERE created_at < '2024-02-01'") == []
    purge_deleted(writer)
    left = store.reader().query("SELECT text FROM posts WHERE id = '1' SETTINGS final = 0").result_rows
    assert left == [("",)]


def test_a_post_counts_once_whatever_its_month(store: StoreProcess, writer: StoreClient) -> None:
    """Replays, and a deletion of another month, leave one row; month filters see the last word."""
    table = rows.posts_table([post("1"), post("2"), post("1")], NOW)
    writer.insert("posts", table)
    writer.insert("posts", table)
    deletion = post("2", "2024-07-01T00:00:00Z", deleted=True, text="")
    writer.insert("posts", rows.posts_table([deletion], NOW + SECOND))
    assert ask(writer, "SELECT count(), countIf(deleted) FROM vigie.posts FINAL") == [(2, 1)]
    assert ask(writer, "SELECT id FROM vigie.posts FINAL WHERE created_at < '2024-02-01'") == [("1",)]
    writer.command("OPTIMIZE TABLE vigie.posts FINAL")
    reader = store.reader()
    assert reader.query("SELECT count() FROM posts").result_rows == [(2,)]  # readers need not write FINAL
    assert reader.query("SELECT id FROM posts WHERE created_at < '2024-02-01'").result_rows == [("1",)]


def test_all_fields_of_a_post_come_back(writer: StoreClient) -> None:
    """Every column keeps its value: big fingerprints, microseconds, lists, unknown fields, absent ones."""
    full = post(
        "9",
        "2015-12-02T10:00:00.123456Z",
        lang="fr",
        language="fr",
        author_created_at="2014-01-01T00:00:00+01:00",
        author_followers=7,
        urls=["http://é"],
        hashtags=["a", ""],
        fingerprint=2**64 - 1,
        cluster_id="c",
        burst_score=0.5,
        late=True,
        detectors={"copy": "1"},
        is_repost=True,
        likes=[1, {"x": None}],
    )
    writer.insert("posts", rows.posts_table([full, post("10")], NOW))
    row, bare = writer.query("SELECT * FROM vigie.posts FINAL ORDER BY created_at").named_results()
    assert row["created_at"].isoformat() == "2015-12-02T10:00:00.123456"
    assert row["author_created_at"].isoformat() == "2013-12-31T23:00:00"
    assert (row["fingerprint"], row["urls"], row["hashtags"]) == (2**64 - 1, ["http://é"], ["a", ""])
    assert (row["cluster_id"], row["burst_score"], row["account_score"]) == ("c", 0.5, None)
    assert (row["late"], row["is_repost"], row["deleted"]) == (True, True, False)
    assert (row["detectors"], row["extra"]) == ('{"copy":"1"}', '{"likes":[1,{"x":null}]}')
    assert (bare["lang"], bare["urls"], bare["author_followers"], bare["extra"]) == ("", [], None, "")


def test_the_last_word_about_an_alert_counts(writer: StoreClient) -> None:
    """Later revisions replace earlier ones, also when numbering starts again; withdrawn alerts are gone."""
    told = [
        alert("a", 1),
        alert("a", 2, status="updated"),
        alert("b", 1),
        rows.withdrawal("b"),
        alert("c", 7),
    ]
    writer.insert("alerts", rows.alerts_table(told, NOW))
    writer.insert("alert_revisions", rows.alert_revisions_table(told, NOW))
    again = [alert("c", 1, status="closed"), alert("b", 1)]
    writer.insert("alerts", rows.alerts_table(again, NOW + SECOND))
    writer.insert("alert_revisions", rows.alert_revisions_table(again, NOW + SECOND))
    found = ask(writer, "SELECT alert_id, revision, status FROM vigie.alerts FINAL ORDER BY alert_id")
    assert found == [("a", 2, "updated"), ("b", 1, "open"), ("c", 1, "closed")]
    writer.insert("alerts", rows.alerts_table([rows.withdrawal("b")], NOW + 2 * SECOND))
    assert ask(writer, "SELECT alert_id FROM vigie.active_alerts") == [("a",)]
    kept = "SELECT alert_id, revision, status FROM vigie.alert_revisions FINAL ORDER BY ALL"
    assert ask(writer, kept) == [
        ("a", 1, "open"),
        ("a", 2, "updated"),
        ("b", 0, "withdrawn"),
        ("b", 1, "open"),
        ("c", 1, "closed"),
        ("c", 7, "open"),
    ]
    code = "JSONExtractString(reasons, 1, 'code')"
    sql = f"SELECT account_ids, post_count, {code}, last_seen FROM vigie.alerts FINAL"
    ids, count, code, seen = ask(writer, sql)[0]
    assert (ids, count, code, seen.microsecond) == (["a", "b"], 3, "volume", 250_000)


def test_answers_show_on_active_alerts(writer: StoreClient) -> None:
    """The last answer of people stands beside the alert."""
    writer.insert("alerts", rows.alerts_table([alert("a", 1), alert("b", 1)], NOW))
    actions = [
        {"alert_id": "a", "at": "2024-01-05T12:00:00Z", "action": "ack", "actor": "ana"},
        {
            "alert_id": "a",
            "at": "2024-01-05T13:00:00Z",
            "action": "mute",
            "actor": "bob",
            "until": "2024-01-06T00:00:00Z",
        },
    ]
    for _ in range(2):
        writer.insert("actions", rows.actions_table(actions, NOW))
    found = ask(writer, "SELECT alert_id, last_action, last_actor FROM vigie.active_alerts ORDER BY alert_id")
    assert found == [("a", "mute", "bob"), ("b", "", "")]


def test_copy_clusters(store: StoreProcess, writer: StoreClient) -> None:
    """Members join and leave clusters; copy_posts and the other views follow, with settings of all kinds."""
    posts = [
        post(str(i), f"2024-01-0{1 + i % 5}T10:00:00Z", repost_of="z" if i == 5 else None) for i in range(6)
    ]
    writer.insert("posts", rows.posts_table(posts, NOW))

    def member(i: int, cluster: str) -> dict[str, Any]:
        known = {name: posts[i][name] for name in ("platform", "id", "author_id", "created_at")}
        return {"cluster_id": cluster, **known}

    writer.insert("copy_members", rows.copy_members_table([member(i, "c1") for i in range(5)], NOW))
    writer.insert(
        "copy_members",
        rows.copy_members_table([member(4, "c2"), member(3, ""), member(2, "c2")], NOW + SECOND),
    )
    reader = store.reader()
    for extra in ({}, {"join_use_nulls": 1}, {"final": 0}):
        found = reader.query(
            "SELECT cluster_id, groupArray(id) FROM (SELECT * FROM copy_posts ORDER BY id) "
            "GROUP BY cluster_id ORDER BY cluster_id",
            settings=extra,
        ).result_rows
        assert found == [("c1", ["0", "1"]), ("c2", ["2", "4"])]
        top = "SELECT cluster_id, posts, authors, first_text FROM top_copy_clusters ORDER BY cluster_id"
        assert reader.query(top, settings=extra).result_rows == [
            ("c1", 2, 2, "text 0"),
            ("c2", 2, 2, "text 2"),
        ]
        account = (
            "SELECT author_id, posts, reposts, copied_posts, copy_clusters FROM account_activity ORDER BY 1"
        )
        assert reader.query(account, settings=extra).result_rows == [
            ("a0", 1, 0, 1, 1),
            ("a1", 1, 0, 1, 1),
            ("a2", 1, 0, 1, 1),
            ("a3", 1, 0, 0, 0),
            ("a4", 1, 0, 1, 1),
            ("a5", 1, 1, 0, 0),
        ]
    hours = reader.query(
        "SELECT sum(posts), sum(authors), sum(reposts), count() FROM posts_by_hour"
    ).result_rows
    assert hours == [(6, 6, 1, 5)]
    evidence = (
        "SELECT id FROM copy_posts WHERE cluster_id = 'c1' AND platform = 'x' "
        "AND created_at BETWEEN '2024-01-01 10:00:00' AND '2024-01-01 10:00:00'"
    )
    assert reader.query(evidence).result_rows == [("0",)]


def test_fans_dead_letters_and_cursors(writer: StoreClient) -> None:
    """Fan records are told apart; refused records of one offset and different bytes are both kept."""
    fans: list[dict[str, Any]] = [
        {"platform": "x", "page_id": "p", "observed_at": "2024-01-01T00:00:00Z", "followers": 10},
        {"platform": "x", "page_id": "p", "actor_id": "f", "at": "2024-01-01T00:00:00Z", "action": "follow"},
    ]
    for name, table in rows.fan_tables(fans, NOW) * 2:
        writer.insert(name, table)
    assert ask(writer, "SELECT followers, following FROM vigie.fan_counts FINAL") == [(10, None)]
    assert ask(writer, "SELECT actor_id, action FROM vigie.follows FINAL") == [("f", "follow")]
    worker_that_woke = [{**fans[0], "followers": 9}, {**fans[1], "action": "unfollow"}]
    for name, table in rows.fan_tables(worker_that_woke, NOW + 1, told=[NOW - 2, NOW - 1]):
        writer.insert(name, table)  # stored later, but an earlier word
    assert ask(writer, "SELECT followers FROM vigie.fan_counts FINAL") == [(10,)]
    letter = {
        "topic": "t",
        "partition": 0,
        "offset": 5,
        "stage": "decode",
        "code": "invalid_json",
        "field": "",
        "message": "m",
    }
    letters = [{**letter, "raw": b"\xff\x00"}, {**letter, "raw": b"other"}]
    for _ in range(2):
        writer.insert("dead_letters", rows.dead_letters_table(letters, NOW))
    assert ask(writer, "SELECT hex(raw) FROM vigie.dead_letters FINAL ORDER BY 1") == [
        ("6F74686572",),
        ("FF00",),
    ]
    assert writer.cursor("jetstream") is None
    writer.save_cursor("jetstream", "1", NOW)
    writer.save_cursor("jetstream", "2", NOW + SECOND)
    assert writer.cursor("jetstream") == "2"


def test_a_batch_over_twenty_years_goes_in(writer: StoreClient) -> None:
    """A replayed batch may span more months than ClickHouse takes by default."""
    days = [
        {"platform": "x", "page_id": "p", "observed_at": i * 20 * DAY + NOW // 2, "followers": i}
        for i in range(365)
    ]
    assert writer.insert("fan_counts", rows.fan_counts_table(days, NOW)) == 365
    assert ask(writer, "SELECT count() FROM vigie.fan_counts FINAL") == [(365,)]

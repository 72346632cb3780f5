"""A scenario through `vigie replay` on the running system: what comes out is what a backtest says, stored once."""

from __future__ import annotations

import subprocess
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import orjson
import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError

from pipeline.scenario.generate import START, Scenario, generate, write
from pipeline.text.enrich import enrich
from schemas.decode import decode
from schemas.records import FanCount, Follow, Post, to_dict
from schemas.times import DAY, format_time, to_datetime
from tests.endpoints import plain_alert
from tests.integration.conftest import VIGIE, RunningVigie, environment, until

pytestmark = pytest.mark.integration

Alerts = dict[str, dict[str, Any]]
_TABLES = ("posts", "fan_counts", "follows", "copy_members", "alerts", "alert_revisions", "dead_letters")


class Played:
    """A scenario that has gone through the stack, and the backtest of the same files."""

    def __init__(self, stack: RunningVigie, folder: Path) -> None:
        self.stack = stack
        self.scenario: Scenario = generate(20, scale=0.15)
        self.files = [folder / name for name in ("posts.jsonl", "fan_counts.jsonl", "follows.jsonl")]
        self.out = folder / "out"
        write(self.scenario, folder)
        done = stack.vigie("backtest", *self.files, "--out", self.out, "--json")
        assert done.code == 0, done.err
        self.backtest = done.json()
        lines = (self.out / "alerts.jsonl").read_bytes().splitlines()
        self.expected: Alerts = {alert["alert_id"]: plain_alert(alert) for alert in map(orjson.loads, lines)}
        self.since = format_time(self.scenario.start - DAY)
        self.before = format_time(self.scenario.end + DAY)
        self.began = time.time()
        stack.end_streams()
        self.replayed = stack.replay(*self.files)
        self.told, self.stored = self.settled()

    def settled(self) -> tuple[Alerts, Alerts]:
        """Alerts of topic and store once they have stopped changing, or are as expected."""

        def look() -> tuple[Alerts, Alerts]:
            told = self.stack.told_alerts(self.since, self.before)
            stored = self.stack.stored_alerts(self.since, self.before)
            return (
                {name: plain_alert(alert) for name, alert in told.items()},
                {name: plain_alert(alert) for name, alert in stored.items()},
            )

        until(look, lambda seen: seen == (self.expected, self.expected), 60.0)
        time.sleep(2.0)  # a belated alert too many would come now
        return look()

    def counts(self) -> dict[str, int]:
        """Rows of every table of the store."""
        return {name: self.stack.value(f"SELECT count() FROM {name} FINAL") for name in _TABLES}

    def of(self, kind: type) -> list[Any]:
        """The scenario's records of a kind."""
        return [record for record in self.scenario.records if isinstance(record, kind)]


@pytest.fixture(scope="module")
def played(stack: RunningVigie, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The scenario, played once for this file."""
    return Played(stack, tmp_path_factory.mktemp("scenario"))


def test_live_equals_backtest(played: Played) -> None:
    """The alerts in topic and store are those of a backtest, all closed, equal in every field but revision."""
    assert len(played.expected) >= 5
    assert {alert["status"] for alert in played.expected.values()} == {"closed"}
    assert played.told == played.expected
    assert played.stored == played.expected


def test_everything_is_stored_once(played: Played) -> None:
    """Every record of the files is one row: none is missing, none is there twice even without FINAL's help."""
    stack, span = played.stack, "BETWEEN {a:String} AND {b:String}"
    for table, time_field, key, kind in (
        ("posts", "created_at", "platform, id", Post),
        ("fan_counts", "observed_at", "platform, page_id, observed_at", FanCount),
        ("follows", "at", "platform, page_id, actor_id, at, action", Follow),
    ):
        records = played.of(kind)
        counted = stack.rows(
            f"SELECT count(), uniqExact({key}) FROM {table} WHERE toString({time_field}) {span} SETTINGS final = 0",
            a=played.since,
            b=played.before,
        )
        assert counted == [(len(records), len(records))]
    assert played.replayed["records"] == played.backtest["records"]["read"] == len(played.scenario.records)
    assert played.backtest["records"]["accepted"] == len(played.scenario.records)


def test_post_columns(played: Played) -> None:
    """Every column of `posts` holds what the record says, or what follows from its text, or its type's nothing."""
    posts: list[Post] = played.of(Post)
    optional = (
        "reply_to",
        "repost_of",
        "is_repost",
        "urls",
        "hashtags",
        "mentions",
        "author_created_at",
        "lang",
    )
    sample = posts[:: len(posts) // 60]
    for name in optional:  # a few of each that the scenario has
        sample += [post for post in posts if getattr(post, name)][:3]
    client = played.stack.reader()
    found = {
        (row["platform"], row["id"]): row
        for row in client.query(
            "SELECT * FROM posts FINAL WHERE id IN {ids:Array(String)}",
            parameters={"ids": [post.id for post in sample]},
        ).named_results()
    }
    client.close()
    for post in sample:
        check_post(found[post.platform, post.id], post, played.began)


def check_post(row: dict[str, Any], post: Post, began: float) -> None:
    """The row of `posts` that this post makes."""
    row = dict(row)
    enriched = enrich(post)
    ingested = row.pop("ingested_at").timestamp()
    assert began - 1.0 <= ingested <= time.time() + 1.0
    assert row.pop("created_at").timestamp() == to_datetime(post.created_at).timestamp()
    opened = row.pop("author_created_at")
    if post.author_created_at is None:
        assert opened is None
    else:
        assert opened.timestamp() == to_datetime(post.author_created_at).timestamp()
    assert orjson.loads(row.pop("detectors"))
    extra = row.pop("extra")
    assert (orjson.loads(extra) if extra else None) == post.extra
    texts = (
        "platform",
        "id",
        "author_id",
        "text",
        "lang",
        "url",
        "target",
        "author_name",
        "reply_to",
        "repost_of",
    )
    lists = ("urls", "hashtags", "mentions", "media_hashes")
    assert row == {
        **{name: getattr(post, name) or "" for name in (*texts, "source")},
        **{name: list(getattr(post, name)) for name in lists},
        "author_followers": post.author_followers,
        "is_repost": post.is_repost,
        "deleted": post.deleted,
        "late": False,
        "language": enriched.language,
        "norm_text": enriched.forms.full,
        "fingerprint": enriched.key,
        "canonical_urls": list(enriched.urls),
        "cluster_id": None,
        "burst_score": None,
        "account_score": None,
    }


FULL = {
    "id": "full-1",
    "platform": "system-full",
    "author_id": 4711,
    "created_at": "2026-06-01T12:00:00.123456+02:00",
    "text": "Tout y est : « guillemets », l'apostrophe, \\ et \n deux lignes 🦉 https://exemple.fr/a?utm_source=x",
    "lang": "fr",
    "url": "https://exemple.fr/p/1",
    "target": "page d'essai",
    "author_name": "Zoé 'Z' O\\Neil",
    "author_created_at": 1_600_000_000,
    "author_followers": 12.0,
    "reply_to": "full-0",
    "repost_of": "full-00",
    "is_repost": True,
    "urls": ["https://exemple.fr/a?utm_source=x"],
    "hashtags": ["Été", "œuvre"],
    "mentions": ["@a", "@b"],
    "media_hashes": ["ff00"],
    "source": "test",
    "mood": {"unknown": ["fields", 1, None]},
}


def test_all_fields_of_a_post(steady: RunningVigie, tmp_path: Path) -> None:
    """A post with every field of the contract, numbers for ids, odd characters and an unknown field arrives whole."""
    path = tmp_path / "full.jsonl"
    path.write_bytes(orjson.dumps(FULL) + b"\n")
    began = time.time()
    steady.end_streams()
    steady.replay(path)
    query = "SELECT * FROM posts FINAL WHERE platform = 'system-full'"
    assert until(lambda: len(steady.rows(query)), lambda count: count == 1) == 1
    client = steady.reader()
    (row,) = client.query(query).named_results()
    client.close()
    post = decode(orjson.dumps(FULL))
    assert isinstance(post, Post)
    assert (post.author_id, post.author_followers, post.extra) == ("4711", 12, {"mood": FULL["mood"]})
    check_post(row, post, began)


def test_evidence_is_there(played: Played) -> None:
    """The query of every alert, run as a reader, returns the rows that the alert counts."""
    client = played.stack.reader()
    for alert in played.stored.values():
        found = list(client.query(alert["evidence_sql"]).named_results())
        assert found, alert["alert_id"]
        if alert["kind"] == "copy_paste":
            assert len(found) == alert["posts"]["count"]
            assert len({(row["platform"], row["author_id"]) for row in found}) == alert["accounts"]["count"]
        if alert["posts"]["ids"]:
            assert set(alert["posts"]["ids"]) <= {row["id"] for row in found}
        if alert["kind"] == "author_burst":
            assert {row["author_id"] for row in found} == {alert["subject"]["id"]}
    client.close()
    assert {"copy_paste", "fan_spike"} <= {alert["kind"] for alert in played.stored.values()}


def test_copy_members(played: Played) -> None:
    """`copy_members` knows the clusters of the backtest, with the same posts; so does `top_copy_clusters`."""
    lines = (played.out / "copies.jsonl").read_bytes().splitlines()
    expected = {line["cluster_id"]: set(line["post_ids"]) for line in map(orjson.loads, lines)}
    members: dict[str, set[str]] = defaultdict(set)
    authors: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for cluster, platform, post, author in played.stack.rows(
        "SELECT cluster_id, platform, id, author_id FROM copy_members FINAL "
        "WHERE toString(created_at) BETWEEN {a:String} AND {b:String}",
        a=played.since,
        b=played.before,
    ):
        members[cluster].add(post)
        authors[cluster].add((platform, author))
    found = {cluster: posts for cluster, posts in members.items() if len(authors[cluster]) >= 2}
    assert len(expected) >= 5
    assert found == expected
    listed = played.stack.rows(
        "SELECT cluster_id, posts FROM top_copy_clusters WHERE cluster_id IN {ids:Array(String)}",
        ids=list(expected),
    )
    assert dict(listed) == {cluster: len(posts) for cluster, posts in expected.items()}


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO posts (platform, id) VALUES ('x', 'y')",
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "SELECT 1 INTO OUTFILE '/tmp/vigie-outfile.txt'",
        "ALTER TABLE posts DELETE WHERE 1",
        "DROP TABLE posts",
        "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
        "KILL QUERY WHERE 1",
    ],
)
def test_a_reader_cannot_write(steady: RunningVigie, statement: str) -> None:
    """What writes, or reaches files or the network, is refused with ClickHouse's error; the store goes on."""
    client = steady.reader()
    with pytest.raises(ClickHouseError, match="Code: "):
        client.command(statement)
    assert client.query("SELECT 1").result_rows == [(1,)]
    client.close()
    assert not Path("/tmp/vigie-outfile.txt").exists()


def test_played_again(played: Played) -> None:
    """The same files a second time change no count, no alert id and no alert."""
    before = played.counts()
    revisions = before.pop("alert_revisions")
    assert played.stack.replay(*played.files)["records"] == played.replayed["records"]
    sentinel = "SELECT max(ingested_at) FROM posts FINAL WHERE id = {id:String}"
    last_post = played.of(Post)[-1].id
    began = played.stack.value(sentinel, id=last_post)
    until(lambda: played.stack.value(sentinel, id=last_post), lambda at: at > began)
    told, stored = played.settled()
    after = played.counts()
    assert after.pop("alert_revisions") >= revisions
    assert after == before
    assert told == played.expected
    assert stored == played.expected


def test_a_client_while_posts_flow(steady: RunningVigie, tmp_path: Path) -> None:
    """clickhouse-connect connects and asks while posts come in: each answer is whole, and counts only grow."""
    stack, path = steady, tmp_path / "flow.jsonl"
    scenario = generate(21, scale=0.1, start=START + 60 * DAY)
    posts = [to_dict(record) for record in scenario.records if isinstance(record, Post)]
    path.write_bytes(b"".join(orjson.dumps({**post, "platform": "system-flow"}) + b"\n" for post in posts))
    seconds = 5.0
    speed = (scenario.end - scenario.start) / 1e6 / seconds
    command = [VIGIE, "replay", str(path), "--speed", f"{speed:.0f}"]
    replaying = subprocess.Popen(command, env=environment(stack.folder), stdout=subprocess.DEVNULL)
    seen: list[int] = []
    client = stack.reader()
    count = "SELECT count() FROM posts WHERE platform = {p:String}"
    while replaying.poll() is None:
        seen.append(client.query(count, parameters={"p": "system-flow"}).result_rows[0][0])
        fresh = stack.reader()
        frame = fresh.query_df(
            "SELECT id, author_id, created_at FROM posts WHERE platform = 'system-flow' LIMIT 500"
        )
        assert seen[-1] == 0 or len(frame) >= min(500, seen[-1])
        if len(frame):
            assert list(frame.columns) == ["id", "author_id", "created_at"]
            assert frame["id"].is_unique
        fresh.close()
    assert replaying.returncode == 0
    last = until(lambda: stack.value(count, p="system-flow"), lambda number: number == len(posts))
    client.close()
    assert seen == sorted(seen)
    assert any(0 < number < len(posts) for number in seen)
    assert last == len(posts)

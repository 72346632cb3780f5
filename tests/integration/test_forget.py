"""`vigie forget` and deletions, end to end on a system of their own: what a person said goes out of the store, of the
topics' last words, of the detectors and their states on disk; and does not come back."""

from __future__ import annotations

import asyncio
import pickle
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
import zstandard

from pipeline.bus import Message, Publisher
from schemas.times import HOUR, MINUTE, Micros, format_time, parse_time
from schemas.topics import FANS_RAW, POSTS_RAW
from tests.integration.conftest import RunningVigie, until, vigie

pytestmark = pytest.mark.integration

START: Micros = parse_time("2026-03-02T08:00:00Z")
LEA = "lea.the.first"
QUOTE = "Boycottons la marque Lunaria dès demain matin, faites passer ce message autour de vous"
PRIVATE = "J'habite au 4 rue des Lilas, et personne ne doit le savoir, sauf mes amis"
POSTS = [
    {
        "id": f"p{number}",
        "platform": "forum",
        "author_id": LEA if number == 0 else f"compte{number}",
        "author_name": "Léa Première" if number == 0 else f"N° {number}",
        "created_at": format_time(START + number * MINUTE),
        "text": f"{QUOTE} {'!' * (number % 3)}",
        "target": "lunaria",
    }
    for number in range(12)
] + [
    {
        "id": f"own{number}",
        "platform": platform,
        "author_id": LEA,
        "author_name": "Léa Première",
        "created_at": format_time(START + HOUR + number * MINUTE),
        "text": text,
    }
    for number, (platform, text) in enumerate(
        (
            ("forum", PRIVATE),
            ("forum", "Le marché de samedi était plein de monde, quel bonheur de revoir tout le quartier"),
            ("twitter", "Quelqu'un aurait-il une bonne recette de soupe au potiron pour ce soir ?"),
        )
    )
]
FOLLOW = {
    "platform": "forum",
    "page_id": "lunaria",
    "actor_id": LEA,
    "actor_name": "Léa Première",
    "at": format_time(START),
    "action": "follow",
}
REFUSED = {"id": "bad", "platform": "forum", "author_id": LEA, "created_at": "never", "text": PRIVATE}


def publish(stack: RunningVigie, records: list[dict[str, Any]]) -> None:
    """Puts records on their topics, without an end: streams stay open."""

    async def send() -> None:
        publisher = Publisher(stack.kafka, "test-forget")
        await publisher.start()
        try:
            for record in records:
                fans = "page_id" in record
                who = record["page_id"] if fans else record["author_id"]
                message = Message(f"{record['platform']}:{who}".encode(), orjson.dumps(record))
                await publisher.send(FANS_RAW if fans else POSTS_RAW, [message])
        finally:
            await publisher.stop()

    asyncio.run(send())


def states(folder: Path) -> dict[str, bytes]:
    """What stands in the detectors' states on disk, packed out."""
    found = {}
    for path in sorted((folder / "state").rglob("vigie.*")):
        _, packed = path.read_bytes().split(b"\n", 1)
        state = pickle.loads(zstandard.decompress(packed))
        rows = getattr(getattr(state, "_copies", None), "_rows", None)
        posts = [msgspec.json.encode(rows.posts[n]) for n in range(len(rows))] if rows is not None else []
        found[path.name] = b"".join([pickle.dumps(state), *posts])
    return found


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningVigie]:
    """A system whose data nobody else uses."""
    folder = tmp_path_factory.mktemp("forget") / "data"
    running = RunningVigie(folder, VIGIE_PRIVACY__PURGE_SECONDS="1", VIGIE_RECOVERY__INTERVAL_SECONDS="1")
    try:
        yield running
    finally:
        running.stop()  # unless a test has done so


WANTED = {"posts": 15, "follows": 1, "dead_letters": 1, "copy_members": 12, "alerts": 1}


def reaches(stack: RunningVigie, table: str, wanted: int) -> None:
    """Waits until a table has so many rows."""
    seen = until(lambda: int(stack.value(f"SELECT count() FROM {table}")), lambda count: count >= wanted)
    assert seen >= wanted, table


def everything(stack: RunningVigie) -> dict[str, str]:
    """All rows of all tables that people are in, hidden versions too, as text."""
    tables = (
        *("posts", "follows", "copy_members", "alerts", "alert_revisions", "dead_letters"),
        *("letter_outcomes", "erasures", "actions", "cursors"),
    )
    return {name: repr(stack.rows(f"SELECT * FROM {name} SETTINGS final = 0")) for name in tables}


def test_a_person_is_forgotten(own: RunningVigie) -> None:
    """Rows are deleted or rewritten and counted; alerts keep their figures; topic, states and later replays have
    nothing of the person either; the account of that name on another platform stays."""
    publish(own, [*POSTS, FOLLOW, REFUSED])
    count = "SELECT count() FROM {}"
    for table, wanted in WANTED.items():
        reaches(own, table, wanted)
    before = next(iter(own.stored_alerts("2026-03-01", "2026-03-04").values()))
    assert before["posts"]["ids"][0] == "p0"
    assert LEA in before["accounts"]["ids"]
    assert (
        until(lambda: sum(LEA.encode() in raw for raw in states(own.folder).values()), lambda n: n >= 3) >= 3
    )

    dry = own.vigie("forget", "--platform", "forum", "--author", LEA, "--dry-run", "--json")
    assert dry.code == 0, dry.err
    removed = dry.json()["removed"]
    assert removed["alert_revisions"] >= 1
    assert {**removed, "alert_revisions": 1} == {
        "posts": 3,
        "follows": 1,
        "copy_members": 1,
        "alerts": 1,
        "alert_revisions": 1,
        "dead_letters": 1,
    }
    assert own.value(count.format("posts")) == 15

    done = own.vigie("forget", "--platform", "forum", "--author", LEA, "--json")
    assert done.code == 0, done.err
    assert done.json() == {"platform": "forum", "author": LEA, "dry_run": False, "removed": removed}
    tables = everything(own)
    assert "own2" in tables["posts"]
    for table, text in tables.items():
        text = (
            text
            if table != "posts"
            else re.sub(r"\('twitter', 'own2'.*?\)(?=, \(|\])", "", text, flags=re.DOTALL)
        )
        assert LEA not in text, table
        assert "Léa" not in text, table
        assert "rue des Lilas" not in text, table
        assert "'p0'" not in text, table
    (after,) = own.stored_alerts("2026-03-01", "2026-03-04").values()
    assert after["accounts"]["count"] == before["accounts"]["count"] == 12
    assert after["posts"]["count"] == before["posts"]["count"]
    assert after["accounts"]["ids"][1:] == before["accounts"]["ids"][1:]
    assert re.fullmatch(r"forgotten-[0-9a-f]{8}", after["accounts"]["ids"][0])

    told = until(
        lambda: own.told_alerts("2026-03-01", "2026-03-04"), lambda seen: LEA not in repr(seen), 20.0
    )
    assert told
    assert LEA not in repr(told)
    assert "p0" not in {one for alert in told.values() for one in alert["posts"]["ids"]}
    left = until(
        lambda: [name for name, raw in states(own.folder).items() if _names_lea(raw)],
        lambda names: not names,
        20.0,
    )
    assert left == []

    publish(own, [*POSTS, FOLLOW])
    later = {**POSTS[0], "id": "marker", "author_id": "somebody", "created_at": format_time(START + 2 * HOUR)}
    publish(own, [later])
    until(lambda: own.value("SELECT count() FROM posts WHERE id = 'marker'"), lambda n: n == 1)
    again = own.vigie("forget", "--platform", "forum", "--author", LEA, "--dry-run", "--json")
    assert set(again.json()["removed"].values()) == {0}
    _backtest_without(own)


def _backtest_without(own: RunningVigie) -> None:
    """A backtest of the records of before leaves out whom the store's erasures name, and nobody else; without them it
    does not, as it asks no store."""
    folder = own.folder.parent
    (folder / "before.jsonl").write_bytes(b"\n".join(map(orjson.dumps, [FOLLOW, *POSTS])))
    listed = own.vigie("sql", "SELECT record FROM erasures FINAL", "--json")
    (folder / "erasures.jsonl").write_bytes(listed.out)

    def found(*more: str) -> tuple[dict[str, int], str]:
        done = own.vigie("backtest", folder / "before.jsonl", "--out", folder / "out", "--json", *more)
        assert done.code == 0, done.err
        files = (folder / "out" / "alerts.jsonl", folder / "out" / "copies.jsonl")
        return done.json()["records"], "".join(path.read_text() for path in files)

    records, said = found("--erasures", str(folder / "erasures.jsonl"))
    assert (records["read"], records["forgotten"], records["accepted"]) == (16, 4, 12)
    assert "compte11" in said
    assert LEA not in said
    records, said = found()
    assert (records["forgotten"], records["accepted"]) == (0, 16)
    assert LEA in said


def _names_lea(raw: bytes) -> bool:
    """What the twitter account of that name did apart."""
    return b"p0" in raw.replace(b"p01", b"") and LEA.encode() in raw and b"twitter" not in raw


def test_without_a_running_vigie_it_says_what_to_do(tmp_path: Path) -> None:
    """A clear error, and no half-done work."""
    done = vigie(tmp_path / "nothing", "forget", "--platform", "forum", "--author", "lea")
    assert done.code == 1
    assert "vigie up" in done.err
    assert "VIGIE_KAFKA__BOOTSTRAP" in done.err


def test_wrong_use_is_named(tmp_path: Path) -> None:
    """An empty name would mean everybody without one."""
    done = vigie(tmp_path / "nothing", "forget", "--platform", "forum", "--author", "")
    assert done.code == 2
    assert "--author" in done.err


def sample(alert: dict[str, Any]) -> str | None:
    """The text that an alert quotes."""
    return next(
        (reason["values"]["sample"] for reason in alert["reasons"] if "sample" in reason["values"]), None
    )


def test_a_deleted_post_leaves_counts(own: RunningVigie) -> None:
    """Its words are in no row any more, hidden ones included, and no alert quotes them; all counts stay."""
    secret = "Demain toute la ville saura ce que la marque Solenne cache depuis des années, partagez vite"
    posts = [
        {
            "id": f"d{number}",
            "platform": "deleted-forum",
            "author_id": f"a{number}",
            "author_name": f"Nom {number}",
            "created_at": format_time(START + 3 * HOUR + number * MINUTE),
            "text": secret if number == 0 else f"{secret} ({number})",
            "urls": ["https://exemple.fr/secret"] if number == 0 else [],
        }
        for number in range(12)
    ]
    publish(own, posts)
    quoted = "SELECT summary_fr FROM alerts FINAL WHERE subject_platform = 'deleted-forum'"
    (summary,) = until(lambda: [row[0] for row in own.rows(quoted)], lambda found: bool(found))
    assert "ce que la marque Solenne cache" in summary
    gone = {**posts[0], "deleted": True}
    publish(own, [gone])
    row = "SELECT text, norm_text, urls, canonical_urls, author_name, deleted FROM posts WHERE id = 'd0'"
    assert until(lambda: own.rows(row), lambda found: bool(found and found[0][-1])) == [
        ("", "", [], [], "", True)
    ]
    hidden = "SELECT text, author_name FROM posts WHERE id = 'd0' SETTINGS final = 0"
    assert until(lambda: set(own.rows(hidden)), lambda found: found == {("", "")}) == {("", "")}
    quotes = "SELECT alert FROM alert_revisions WHERE alert LIKE '%deleted-forum%' SETTINGS final = 0"
    kept = until(
        lambda: [orjson.loads(row[0]) for row in own.rows(quotes)],
        lambda found: not any(sample(alert) == secret for alert in found),
    )
    assert kept
    others = {post["text"] for post in posts[1:]}
    for alert in kept:
        assert sample(alert) in others
        assert str(sample(alert)) in alert["summary"]["fr"]
        assert alert["posts"]["ids"][0] == "d0"
    publish(own, [{**post, "deleted": True} for post in posts])
    left = until(
        lambda: [row[0] for row in own.rows(quotes)],
        lambda found: not any("Solenne" in text for text in found),
    )
    assert left
    assert not any("Solenne" in text for text in left)
    assert until(lambda: own.rows(quoted)[0][0], lambda text: "supprimé" in text).count("supprimé") == 1
    counted = "SELECT post_count, account_count FROM alerts FINAL WHERE subject_platform = 'deleted-forum'"
    assert own.rows(counted)[0][0] >= 5
    members = "SELECT count() FROM copy_members WHERE platform = 'deleted-forum'"
    assert until(lambda: own.value(members), lambda count: count == 12) == 12


def test_another_broker_forgets_likewise(own: RunningVigie) -> None:
    """The embedded broker loses its topics when `vigie up` stops; who was forgotten stays forgotten."""
    assert own.value("SELECT count() FROM erasures") >= 1
    assert own.stop() == 0
    again = RunningVigie(own.folder)
    try:
        time.sleep(3.0)
        publish(again, [POSTS[0], POSTS[12], {**POSTS[0], "id": "last", "author_id": "somebody else"}])
        until(lambda: again.value("SELECT count() FROM posts WHERE id = 'last'"), lambda count: count == 1)
        assert (
            again.value(
                "SELECT count() FROM posts WHERE author_id = {a:String} AND platform = 'forum'", a=LEA
            )
            == 0
        )
    finally:
        assert again.stop() == 0

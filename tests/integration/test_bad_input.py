"""Bad records by every way in: topic, webhook, files. No worker stops, nothing is lost, every refusal is kept.

Records that brought a worker down once, or might, go to a stack of their own, which is started anew when it has
ended; so that one failing test does not take the others with it.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from aiokafka import AIOKafkaProducer

from pipeline.connect.bodies import sign
from schemas.decode import REFUSALS
from schemas.topics import (
    ACTIONS,
    ALERTS,
    FANS_CHECKED,
    FANS_RAW,
    POSTS_ENRICHED,
    POSTS_RAW,
    SHUFFLE,
    SIGNALS,
)
from tests.integration.conftest import VIGIE, RunningVigie, environment, until

pytestmark = pytest.mark.integration

SECRET = "geheim"
DEEP = b"[" * 600 + b"]" * 600
"""JSON that parsers take and writers do not."""


def post(platform: str, number: object, **more: object) -> dict[str, object]:
    """A good post; `more` spoils it."""
    return {
        "id": f"p{number}",
        "platform": platform,
        "author_id": "a",
        "created_at": "2026-07-01T10:00:00Z",
        "text": f"Bonjour, voici le message numéro {number}.",
        "source": f"test of {platform}",
        **more,
    }


def fan(platform: str, second: int, **more: object) -> dict[str, object]:
    """A good follower count; `more` spoils it."""
    at = f"2026-07-01T10:00:{second:02d}Z"
    return {"platform": platform, "page_id": "g", "observed_at": at, "followers": second, **more}


def without(record: dict[str, object], name: str) -> dict[str, object]:
    """The record, one field less."""
    return {field: value for field, value in record.items() if field != name}


class Bad(NamedTuple):
    """Bytes that are refused, and how the refusal is called."""

    raw: bytes
    code: str
    field: str = ""


def bad_posts(platform: str) -> list[Bad]:
    """Everything that can be wrong with a post."""
    good = post(platform, "bad")
    spoilt: list[tuple[dict[str, object], str, str]] = [
        (without(good, "id"), "missing_field", "id"),
        (without(good, "platform"), "missing_field", "platform"),
        (without(good, "author_id"), "missing_field", "author_id"),
        (without(good, "created_at"), "missing_field", "created_at"),
        (without(good, "text"), "missing_field", "text"),
        ({**good, "id": ""}, "missing_field", "id"),
        ({**good, "text": None}, "missing_field", "text"),
        ({**good, "text": 7}, "wrong_type", "text"),
        ({**good, "id": ["x"]}, "wrong_type", "id"),
        ({**good, "id": 1.5}, "wrong_type", "id"),
        ({**good, "hashtags": "x"}, "wrong_type", "hashtags"),
        ({**good, "urls": [1]}, "wrong_type", "urls"),
        ({**good, "is_repost": "yes"}, "wrong_type", "is_repost"),
        ({**good, "author_followers": "many"}, "wrong_type", "author_followers"),
        ({**good, "author_followers": -1}, "wrong_value", "author_followers"),
        ({**good, "created_at": "soon"}, "time_invalid", "created_at"),
        ({**good, "created_at": True}, "time_invalid", "created_at"),
        ({**good, "created_at": {}}, "time_invalid", "created_at"),
        ({**good, "created_at": "0000-01-01T00:00:00Z"}, "time_out_of_range", "created_at"),
        ({**good, "created_at": "0001-01-01T00:00:00+14:00"}, "time_out_of_range", "created_at"),
        ({**good, "created_at": "9999-12-31T23:59:59Z"}, "time_out_of_range", "created_at"),
        ({**good, "created_at": 0}, "time_out_of_range", "created_at"),
        (
            {**good, "author_created_at": "9999-12-31T23:59:59-14:00"},
            "time_out_of_range",
            "author_created_at",
        ),
        ({**good, "text": "x" * 5_000_000}, "too_long", "text"),
        ({**good, "id": "x" * 600}, "too_long", "id"),
        ({**good, "text": "a\0b"}, "control_character", "text"),
        ({**good, "id": "a\0b"}, "control_character", "id"),
        ({**good, "hashtags": ["a\0b"]}, "control_character", "hashtags"),
    ]
    whole = orjson.dumps(good)
    return [
        *(Bad(orjson.dumps(record), code, field) for record, code, field in spoilt),
        Bad(whole[:-1], "invalid_json"),
        Bad(whole + b"}", "invalid_json"),
        Bad(whole.replace(b"Bonjour", b"\xff\xfe"), "invalid_json"),
        Bad(whole.replace(b"Bonjour", b"\\ud83e"), "invalid_json"),
        Bad(whole.replace(b"Bonjour", b"\xed\xa0\x80"), "invalid_json"),
        Bad(whole.replace(b"Bonjour", b"\0"), "invalid_json"),
        Bad(whole.replace(b"Bonjour", b"\n"), "invalid_json"),
        Bad(whole[:-1] + b',"x":NaN}', "invalid_json"),
        Bad(b"[" * 5000 + platform.encode(), "invalid_json"),
        Bad(b"[" + whole + b"]", "not_an_object"),
        Bad(orjson.dumps(platform), "not_an_object"),
    ]


def bad_fans(platform: str) -> list[Bad]:
    """What can be wrong with a follower count or a follow event."""
    follow = {"platform": platform, "page_id": "g", "actor_id": "f", "at": 1_782_900_000, "action": "follow"}
    spoilt: list[tuple[dict[str, object], str, str]] = [
        (fan(platform, 1, followers=-1), "wrong_value", "followers"),
        (fan(platform, 1, followers="many"), "wrong_type", "followers"),
        (fan(platform, 1, followers=1.5), "wrong_type", "followers"),
        (without(fan(platform, 1), "followers"), "missing_field", "followers"),
        (fan(platform, 1, observed_at="9999-01-01"), "time_out_of_range", "observed_at"),
        ({**follow, "action": "stare"}, "wrong_value", "action"),
        ({**follow, "page_id": "g\0"}, "control_character", "page_id"),
        ({**follow, "actor_created_at": "then"}, "time_invalid", "actor_created_at"),
        (post(platform, 1), "unknown_kind", ""),
        ({"about": platform}, "unknown_kind", ""),
    ]
    return [Bad(orjson.dumps(record), code, field) for record, code, field in spoilt]


class Sent(NamedTuple):
    """Where a message lies."""

    partition: int
    offset: int


def send(stack: RunningVigie, topic: str, values: Sequence[bytes | None], **more: Any) -> list[Sent]:
    """Puts messages into a topic, one after the other, by nobody's rules."""

    async def main() -> list[Sent]:
        producer = AIOKafkaProducer(
            bootstrap_servers=stack.kafka, max_request_size=16 << 20, max_batch_size=16 << 20
        )
        await producer.start()
        try:
            done = [await producer.send_and_wait(topic, value, **more) for value in values]
            return [Sent(one.partition, one.offset) for one in done]
        finally:
            await producer.stop()

    return asyncio.run(main())


def letters(stack: RunningVigie, topic: str, sent: Sequence[Sent]) -> dict[Sent, Bad]:
    """The dead letters of these messages, as they stand in the store."""
    found = stack.rows(
        "SELECT partition, offset, base64Encode(raw), code, field, stage FROM dead_letters FINAL "
        "WHERE topic = {topic:String} AND (partition, offset) IN {sent:Array(Tuple(Int32, Int64))}",
        topic=topic,
        sent=[tuple(one) for one in sent],
    )
    assert all(row[5] for row in found)
    return {Sent(row[0], row[1]): Bad(base64.b64decode(row[2]), row[3], row[4]) for row in found}


def stored(stack: RunningVigie, platform: str) -> list[str]:
    """Ids of the posts of a platform, sorted, each as often as it is there."""
    return [
        row[0]
        for row in stack.rows(
            "SELECT id FROM posts FINAL WHERE platform = {p:String} ORDER BY id", p=platform
        )
    ]


@pytest.mark.parametrize(
    ("topic", "bad"),
    [(POSTS_RAW, bad_posts("bad-topic")), (FANS_RAW, bad_fans("bad-topic-fans"))],
    ids=["posts", "fans"],
)
def test_through_the_topic(steady: RunningVigie, topic: str, bad: list[Bad]) -> None:
    """Each bad message stands in dead_letters with place, code, field and its bytes, and in no other table; the
    good ones between them come through; read = stored + duplicates + refused."""
    platform = "bad-topic" if topic == POSTS_RAW else "bad-topic-fans"
    table = "posts" if topic == POSTS_RAW else "fan_counts"
    values: list[bytes] = []
    for number, one in enumerate(bad):
        good = post(platform, f"{number:03d}") if topic == POSTS_RAW else fan(platform, number)
        values += [orjson.dumps(good), one.raw]
    values += values[::2]  # every good one a second time
    sent = send(steady, topic, values, key=b"\xff not the key of a record")
    expected = dict(zip(sent[1 : 2 * len(bad) : 2], bad, strict=True))
    found = until(lambda: letters(steady, topic, sent), lambda seen: len(seen) >= len(expected))
    assert found == expected
    assert {one.code for one in bad} <= set(REFUSALS)
    count = f"SELECT count(), countIf(late) FROM {table} FINAL WHERE platform = {{p:String}}"
    assert until(lambda: steady.rows(count, p=platform), lambda rows: rows == [(len(bad), 0)]) == [
        (len(bad), 0)
    ]
    duplicates = len(bad)
    assert len(values) == len(bad) + duplicates + len(found)
    steady.end_streams()


def test_tombstones_and_odd_headers(steady: RunningVigie) -> None:
    """A message without value, and clock headers that are none, are no reason to stop nor to lose what is good."""
    empty = send(steady, POSTS_RAW, [None, b""], key=b"x")
    found = until(lambda: letters(steady, POSTS_RAW, empty), lambda seen: len(seen) == 2)
    assert list(found.values()) == [Bad(b"", "invalid_json")] * 2
    odd = [b"", b"soon", b"-5", b"1e9", b"9" * 18, b"9" * 400, "٣".encode(), b"\xff"]
    for number, clock in enumerate(odd):
        record = orjson.dumps(post("bad-headers", number))
        send(steady, POSTS_RAW, [record], key=b"x", headers=[("vigie-clock", clock), ("vigie-end", b"1")])
    last = orjson.dumps(post("bad-headers", "last"))
    send(steady, POSTS_RAW, [last], key=b"x")
    wanted = sorted([*(f"p{number}" for number in range(len(odd))), "plast"])
    assert until(lambda: stored(steady, "bad-headers"), lambda ids: ids == wanted) == wanted
    late = steady.rows("SELECT id FROM posts FINAL WHERE platform = 'bad-headers' AND late")
    steady.end_streams()
    assert late == [], "a clock header beyond the year 2100 made everything after it late"


def test_out_of_order(steady: RunningVigie) -> None:
    """Records that come hours too late are stored and marked; those that keep within the lateness are not marked."""
    steady.end_streams()
    hours = [10, 11, 12, 11, 6, 12, 3, 13]
    values = [
        orjson.dumps(post("bad-order", n, created_at=f"2026-07-02T{hour:02d}:{n:02d}:00Z"))
        for n, hour in enumerate(hours)
    ]
    send(steady, POSTS_RAW, values, key=b"x")
    query = "SELECT id, late FROM posts FINAL WHERE platform = 'bad-order' ORDER BY id"
    rows = until(lambda: steady.rows(query), lambda found: len(found) == len(hours))
    steady.end_streams()
    assert [late for _, late in rows] == [False, False, False, True, True, False, True, False]


def test_one_wrong_date(steady: RunningVigie) -> None:
    """One post dated 2099 is stored and does not make late what follows it."""
    steady.end_streams()
    dates = ["2026-07-03T10:00:00Z", "2099-12-31T00:00:00Z", "2026-07-03T10:01:00Z", "2026-07-03T10:02:00Z"]
    values = [orjson.dumps(post("bad-date", n, created_at=date)) for n, date in enumerate(dates)]
    send(steady, POSTS_RAW, values, key=b"x")
    query = "SELECT id, late FROM posts FINAL WHERE platform = 'bad-date' ORDER BY id"
    rows = until(lambda: steady.rows(query), lambda found: len(found) == len(dates))
    steady.end_streams()
    assert [late for _, late in rows] == [False] * 4


def test_a_post_said_again(steady: RunningVigie) -> None:
    """A post that is edited or deleted replaces the former row, as docs/reference/tables.md says."""
    first = [post("bad-again", n) for n in range(3)]
    send(steady, POSTS_RAW, [orjson.dumps(one) for one in first], key=b"x")
    assert until(lambda: len(stored(steady, "bad-again")), lambda count: count == 3) == 3
    again = [{**first[1], "text": "Corrigé."}, {**first[2], "deleted": True}]
    send(steady, POSTS_RAW, [orjson.dumps(one) for one in again], key=b"x")
    query = "SELECT id, text, deleted FROM posts FINAL WHERE platform = 'bad-again' ORDER BY id"
    wanted = [("p0", first[0]["text"], False), ("p1", "Corrigé.", False), ("p2", first[2]["text"], True)]
    rows = until(lambda: steady.rows(query), lambda found: found == wanted, 15.0)
    steady.end_streams()
    assert rows == wanted


def test_names_of_our_own_columns(steady: RunningVigie) -> None:
    """Unknown fields that happen to be called like columns of ours are kept with the record, which is not refused."""
    own = {
        **dict.fromkeys(("late", "norm_text", "fingerprint", "cluster_id", "language", "detectors"), "mine"),
        **{name: ["mine"] for name in ("ingested_at", "version", "is_deleted", "extra", "burst_score")},
    }
    sent = send(steady, POSTS_RAW, [orjson.dumps(post("bad-names", 1, **own))], key=b"x")
    sent_fans = send(steady, FANS_RAW, [orjson.dumps(fan("bad-names", 1, **own))], key=b"x")
    assert until(lambda: stored(steady, "bad-names"), lambda ids: bool(ids), 15.0) == ["p1"]
    count = "SELECT count(), countIf(late) FROM fan_counts FINAL WHERE platform = 'bad-names'"
    rows = until(lambda: steady.rows(count), lambda found: found == [(1, 0)], 15.0)
    steady.end_streams()
    assert rows == [(1, 0)]
    assert letters(steady, POSTS_RAW, sent) == letters(steady, FANS_RAW, sent_fans) == {}
    refused = "SELECT count() FROM dead_letters FINAL WHERE position(raw, 'bad-names') > 0"
    assert steady.value(refused) == 0


@contextlib.contextmanager
def webhook(stack: RunningVigie) -> Iterator[str]:
    """`vigie connect http` with a secret; its address. Ctrl-C must end it with 0."""
    process = subprocess.Popen(
        [VIGIE, "connect", "http", "--port", "0"],
        env=environment(stack.folder, VIGIE_WEBHOOK__SECRET=SECRET),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().decode().strip()
        assert process.poll() is None
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors.decode()
    assert b"Traceback" not in errors


def test_through_the_webhook(steady: RunningVigie) -> None:
    """A bad body is answered with the record, field and code at fault and nothing of it is published; the good ones
    before and after it are stored once, late ones too; without the right signature nothing is taken."""
    platform = "bad-webhook"
    bad = [one for one in bad_posts(platform) if b"\n" not in one.raw]
    with webhook(steady) as address, httpx.Client(trust_env=False, timeout=60) as client:

        def push(body: bytes, secret: str = SECRET) -> httpx.Response:
            return client.post(address, content=body, headers={"X-Vigie-Signature": sign(secret, body)})

        for number, one in enumerate(bad):
            good = orjson.dumps(post(platform, f"{number:03d}"))
            assert push(good).json() == {"accepted": 1, "duplicates": 0}
            answer = push(orjson.dumps(post(platform, f"not-{number}")) + b"\n" + one.raw)
            error = answer.json()["error"]
            assert (answer.status_code, error["code"], error["field"]) == (400, one.code, one.field), one.raw[
                :200
            ]
            assert error["record"] == 1
        unsigned = client.post(address, content=orjson.dumps(post(platform, "unsigned")))
        forged = push(orjson.dumps(post(platform, "forged")), "other")
        large = push(b"[" + b" " * (9 << 20) + b"]")
        deep = push(b"[" + orjson.dumps(post(platform, "deep"))[:-1] + b',"x":' + DEEP + b"}]")
        again = push(orjson.dumps([post(platform, "000"), post(platform, "000"), post(platform, "last")]))
        late = push(orjson.dumps(post(platform, "late", created_at="2026-07-01T02:00:00Z")))
    assert (unsigned.status_code, forged.status_code, large.status_code) == (401, 401, 413)
    assert again.json() == {"accepted": 1, "duplicates": 2}
    assert late.status_code == 202
    wanted = sorted([*(f"p{number:03d}" for number in range(len(bad))), "plast", "plate"])
    found = until(lambda: stored(steady, platform), lambda ids: ids == wanted)
    steady.end_streams()
    assert found == wanted
    query = "SELECT groupArray(id) FROM posts FINAL WHERE platform = {p:String} AND late"
    assert steady.value(query, p=platform) == ["plate"]
    assert deep.status_code == 400, f"an element nested 600 deep is answered {deep.status_code}"


def spoilt_lines(platform: str) -> tuple[list[bytes], Counter[str], int]:
    """Lines of a file: good ones, bad ones, duplicates, late ones; refusals by code; how many are good."""
    bad = [one for one in bad_posts(platform) if b"\n" not in one.raw]
    lines = [
        line for number, one in enumerate(bad) for line in (orjson.dumps(post(platform, number)), one.raw)
    ]
    good = len(bad) + 1
    # Follows the first lines by ten hours, so that what is older now is late.
    lines.append(orjson.dumps(post(platform, "clock", created_at="2026-07-01T20:00:00Z")))
    lines += [orjson.dumps(post(platform, f"late{n}", created_at="2026-07-01T11:00:00Z")) for n in range(4)]
    lines += lines[0:10:2]
    return lines, Counter(one.code for one in bad), good


def test_through_a_file(steady: RunningVigie, tmp_path: Path) -> None:
    """Of a file with bad lines, `backtest` reports and the store holds the same: read = stored + duplicates +
    refused, each refused line with its bytes."""
    platform = "bad-file"
    lines, codes, good = spoilt_lines(platform)
    path = tmp_path / "spoilt.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n\n  \n")
    steady.end_streams()
    done = steady.vigie("backtest", path, "--out", tmp_path / "out", "--json")
    assert done.code == 0, done.err
    report = orjson.loads((tmp_path / "out" / "report.json").read_bytes())
    refused = sum(codes.values())
    assert report["records"] == {
        "read": len(lines), "accepted": good, "late": 4, "duplicates": 5, "refused": refused
    }  # fmt: skip
    assert report["records"]["read"] == good + 4 + 5 + refused
    assert report["refused"] == dict(codes)
    assert steady.replay(path)["records"] == len(lines)
    count = "SELECT count(), countIf(late) FROM posts FINAL WHERE platform = {p:String}"
    assert until(lambda: steady.rows(count, p=platform), lambda rows: rows == [(good + 4, 4)]) == [
        (good + 4, 4)
    ]
    query = "SELECT base64Encode(raw), code FROM dead_letters FINAL WHERE position(raw, {p:String}) > 0"
    found = until(lambda: steady.rows(query, p=platform), lambda rows: len(rows) >= refused)
    wanted = sorted((one.raw, one.code) for one in bad_posts(platform) if b"\n" not in one.raw)
    assert sorted((base64.b64decode(raw), code) for raw, code in found) == wanted


def test_a_line_that_no_topic_takes(steady: RunningVigie, tmp_path: Path) -> None:
    """A line of more than 8 MB is refused by `replay` and `backtest` alike; its beginning is kept."""
    path = tmp_path / "long.jsonl"
    long = orjson.dumps(post("bad-long", 1, text="x" * 8_100_000))
    path.write_bytes(long + b"\n" + orjson.dumps(post("bad-long", 2)) + b"\n")
    done = steady.vigie("backtest", path, "--out", tmp_path / "out", "--json")
    assert done.json()["refused"] == {"too_long": 1}
    assert steady.replay(path)["refused"] == 1
    assert until(lambda: stored(steady, "bad-long"), lambda ids: ids == ["p2"]) == ["p2"]
    query = "SELECT code, base64Encode(raw) FROM dead_letters FINAL WHERE position(raw, 'bad-long') > 0"
    rows = until(lambda: steady.rows(query), lambda found: len(found) == 1)
    assert [code for code, _ in rows] == ["too_long"]
    assert len(base64.b64decode(rows[0][1])) >= 100_000
    assert long.startswith(base64.b64decode(rows[0][1]))


def test_a_truncated_gzip(steady: RunningVigie, tmp_path: Path) -> None:
    """Of a gzip file that was cut off, what can be read is published and counted; exit 1 says so; what comes later
    gets through."""
    platform = "bad-gzip"
    posts = [
        orjson.dumps(post(platform, f"{n:05d}", salt=base64.b64encode(n.to_bytes(4, "big") * 9).decode()))
        for n in range(3000)
    ]
    whole = gzip.compress(b"\n".join(posts) + b"\n")
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(whole[: len(whole) // 2])
    tested = steady.vigie("backtest", path, "--out", tmp_path / "out")
    read = orjson.loads((tmp_path / "out" / "report.json").read_bytes())["records"]["read"]
    played = steady.vigie("replay", path)
    assert (tested.code, played.code) == (1, 1)
    for done in (tested, played):
        assert "cut.jsonl.gz" in done.err
        assert "cut off" in done.err
        assert "Traceback" not in done.err
    assert 100 < read < 3000
    ids = [f"p{n:05d}" for n in range(read)]
    assert until(lambda: stored(steady, platform), lambda found: found == ids) == ids
    path.write_bytes(whole)
    assert steady.replay(path)["records"] == 3000
    assert until(lambda: len(stored(steady, platform)), lambda count: count == 3000) == 3000


def test_a_truncated_parquet_file(steady: RunningVigie, tmp_path: Path) -> None:
    """A Parquet file that was cut off is refused as a whole, by name, with exit 1; the whole one gets through."""
    platform = "bad-parquet"
    path = tmp_path / "cut.parquet"
    pq.write_table(pa.Table.from_pylist([post(platform, f"{n:03d}") for n in range(500)]), path)
    whole = path.read_bytes()
    for size in (3, len(whole) // 2):
        path.write_bytes(whole[:size])
        for words in (("replay", path), ("backtest", path, "--out", tmp_path / "out")):
            done = steady.vigie(*words)
            assert done.code == 1, done.err
            assert "cut.parquet: not a whole Parquet file" in done.err
            assert "Traceback" not in done.err
    path.write_bytes(whole)
    assert steady.replay(path)["records"] == 500
    assert until(lambda: len(stored(steady, platform)), lambda count: count == 500) == 500


class Sturdy:
    """A stack of its own for what might end a stack; another one takes its place when it has."""

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        self._factory = factory
        self._running: RunningVigie | None = None

    def running(self) -> RunningVigie:
        """One that runs."""
        if self._running is not None and not self._running.alive():
            self.stop()
        if self._running is None:
            self._running = RunningVigie(self._factory.mktemp("sturdy") / "data")
        return self._running

    def stop(self) -> None:
        """Its end."""
        if self._running is not None:
            self._running.stop()
            self._running = None


@pytest.fixture(scope="module")
def sturdy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sturdy]:
    """What might end a stack goes here."""
    holder = Sturdy(tmp_path_factory)
    yield holder
    holder.stop()


POISON: dict[str, tuple[str, bytes | None]] = {
    "deeply nested unknown field": (POSTS_RAW, orjson.dumps(post("poison", 0))[:-1] + b',"x":' + DEEP + b"}"),
    "deeply nested fan record": (FANS_RAW, orjson.dumps(fan("poison", 0))[:-1] + b',"x":' + DEEP + b"}"),
    "as long as a topic takes": (POSTS_RAW, b"x" * 8_388_000),
    "longer than a topic should take": (POSTS_RAW, b"x" * 9_500_000),
    "broken enriched post": (POSTS_ENRICHED, b'{"id":'),
    "enriched post of wrong types": (POSTS_ENRICHED, orjson.dumps({"id": 1, "urls": 5})),
    "broken checked fan record": (FANS_CHECKED, b"\xff"),
    "checked fan record that is a list": (FANS_CHECKED, b"[1]"),
    "broken action": (ACTIONS, b"{bad"),
    "action of wrong types": (ACTIONS, orjson.dumps({"alert_id": {}, "at": "soon"})),
    "action without value": (ACTIONS, None),
    "broken alert": (ALERTS, b"{bad"),
    "alert without data": (ALERTS, b"{}"),
    "alert withdrawn under a broken key": (ALERTS, None),
    "foreign shuffle message": (SHUFFLE, b"\xc1"),
    "foreign signal": (SIGNALS, b"{}"),
}


@pytest.mark.long
@pytest.mark.parametrize("name", POISON)
def test_poison(name: str, sturdy: Sturdy) -> None:
    """Whatever anybody writes to any topic, workers and bot go on, and what comes later gets through."""
    stack = sturdy.running()
    before = stack.parts()
    topic, value = POISON[name]
    send(stack, topic, [value], key=None if value else b"\xff")
    marker = f"after {name}"
    send(stack, POSTS_RAW, [orjson.dumps(post("poison", marker))], key=b"x")
    send(stack, FANS_RAW, [orjson.dumps(fan("poison", 1, page_id=marker))], key=b"x")
    send(stack, ACTIONS, [orjson.dumps({"alert_id": marker, "at": "2026-07-01T10:00:00Z", "action": "ack"})])

    def look() -> tuple[bool, ...]:
        if not stack.alive():
            return (False,)
        return (
            f"p{marker}" in stored(stack, "poison"),
            bool(stack.value("SELECT count() FROM fan_counts WHERE page_id = {m:String}", m=marker)),
            bool(stack.value("SELECT count() FROM actions WHERE alert_id = {m:String}", m=marker)),
        )

    seen = until(look, lambda got: all(got) or got == (False,), 30.0)
    assert stack.alive(), stack.errors.read_text()
    assert stack.parts() == before
    assert seen == (True, True, True)
    if topic == ALERTS:
        done = stack.vigie("alerts", "--json")
        assert done.code == 0, done.err

"""Bad messages in the topics: no worker stops, nothing is lost, every refusal is kept."""

from __future__ import annotations

import orjson
import pytest

from schemas.decode import REFUSALS
from schemas.topics import FANS_RAW, POSTS_RAW
from tests.integration.conftest import RunningVigie, until
from tests.integration.conftest_bad import Bad, bad_fans, bad_posts, fan, letters, post, send, stored

pytestmark = pytest.mark.integration


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
    """A post that is edited or deleted replaces the former row; of a deleted one the words go."""
    first = [post("bad-again", n) for n in range(3)]
    send(steady, POSTS_RAW, [orjson.dumps(one) for one in first], key=b"x")
    assert until(lambda: len(stored(steady, "bad-again")), lambda count: count == 3) == 3
    again = [{**first[1], "text": "Corrigé."}, {**first[2], "deleted": True}]
    send(steady, POSTS_RAW, [orjson.dumps(one) for one in again], key=b"x")
    query = "SELECT id, text, deleted FROM posts FINAL WHERE platform = 'bad-again' ORDER BY id"
    wanted = [("p0", first[0]["text"], False), ("p1", "Corrigé.", False), ("p2", "", True)]
    rows = until(lambda: steady.rows(query), lambda found: found == wanted, 15.0)
    assert rows == wanted
    # Read again from the beginning, as a backfill does, by the intake that knows the posts and by one that does not.
    for new_stream in (False, True):
        if new_stream:
            steady.end_streams()
        before = len(stored(steady, "bad-again"))
        marker = orjson.dumps(post("bad-again", f"marker{new_stream}"))
        send(steady, POSTS_RAW, [*map(orjson.dumps, first), marker], key=b"x")
        assert until(lambda: len(stored(steady, "bad-again")), before.__lt__) == before + 1
        texts = {name: text for name, text, _ in steady.rows(query)}
        assert (texts["p0"], texts["p2"]) == (first[0]["text"], "")
    steady.end_streams()


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

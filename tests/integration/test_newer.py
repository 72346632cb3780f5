"""Records and messages of a newer version on the topics of this one: a rolling upgrade, or a producer that is ahead."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from pipeline.bus import FORM_HEADER
from pipeline.detect.messages import FORM, Shuffled, Signal, encode
from pipeline.poison import OUTDATED
from schemas.cloudevents import envelope
from schemas.topics import ALERTS, FANS_CHECKED, FANS_RAW, POSTS_ENRICHED, POSTS_RAW, SHUFFLE, SIGNALS
from tests.integration.conftest import RunningVigie, until
from tests.integration.conftest_bad import Bad, fan, letters, post, send, stored
from tests.unit.test_quota import alert

pytestmark = pytest.mark.integration

MORE: dict[str, Any] = {"schema": "vigie/2", "poll": {"options": ["oui", "non"]}, "reactions": 12}
"""Fields that this version does not know."""


def test_records_of_a_newer_producer(steady: RunningVigie) -> None:
    """Unknown fields are stored in `extra`; what is of another form is a dead letter that says why, bytes and all; what
    comes behind it gets through."""
    envelope_of_two = {"specversion": "1.0", "type": "vigie.post.v2", "data": post("newer", "inside")}
    posts = [
        orjson.dumps(post("newer", 1, **MORE)),
        orjson.dumps({"kind": "poll", "platform": "newer", "question": "?"}),
        orjson.dumps(envelope_of_two),
        orjson.dumps(post("newer", 2, hashtags=[{"tag": "a"}])),
        b"\0\0\0\0\7" + orjson.dumps(post("newer", 3)),
        orjson.dumps(post("newer", 4)),
    ]
    sent = send(steady, POSTS_RAW, [*posts], key=b"x")
    block = {"platform": "newer", "page_id": "g", "actor_id": "f", "at": 1_782_900_000, "action": "block"}
    fans = [orjson.dumps(fan("newer", 1, **MORE)), orjson.dumps(block), orjson.dumps({"kind": "reach"})]
    sent_fans = send(steady, FANS_RAW, [*fans], key=b"x")
    wanted = {
        sent[1]: Bad(posts[1], "missing_field", "id"),
        sent[2]: Bad(posts[2], "missing_field", "id"),
        sent[3]: Bad(posts[3], "wrong_type", "hashtags"),
        sent[4]: Bad(posts[4], "invalid_json"),
    }
    wanted_fans = {
        sent_fans[1]: Bad(fans[1], "wrong_value", "action"),
        sent_fans[2]: Bad(fans[2], "unknown_kind"),
    }
    found = until(lambda: letters(steady, POSTS_RAW, sent), lambda seen: len(seen) >= len(wanted))
    found_fans = until(
        lambda: letters(steady, FANS_RAW, sent_fans), lambda seen: len(seen) >= len(wanted_fans)
    )
    ids = until(lambda: stored(steady, "newer"), lambda ids: len(ids) >= 2)
    extras = [
        until(lambda query=query: steady.rows(query), bool)  # type: ignore[misc]
        for query in (
            "SELECT extra FROM posts FINAL WHERE platform = 'newer' AND id = 'p1'",
            "SELECT extra FROM fan_counts FINAL WHERE platform = 'newer'",
        )
    ]
    steady.end_streams()
    assert (found, found_fans, ids) == (wanted, wanted_fans, ["p1", "p4"])
    assert [[orjson.loads(extra) for (extra,) in rows] for rows in extras] == [[MORE], [MORE]]


def test_words_of_a_newer_worker(steady: RunningVigie) -> None:
    """What newer workers say with more fields is taken; what cannot be is a dead letter, and nobody stops; an
    alert of a kind that is not known is stored, and passed over by who reads alerts."""
    enriched = {**post("newer-worker", 1), "language": "fr", "late": False, "sentiment": 0.5}
    good = send(steady, POSTS_ENRICHED, [orjson.dumps(enriched)], key=b"newer-worker:a")
    bad_post = orjson.dumps({**enriched, "id": "p2", "language": {"code": "fr"}})
    bad = send(steady, POSTS_ENRICHED, [bad_post], key=b"newer-worker:a")
    checked = send(steady, FANS_CHECKED, [orjson.dumps(fan("newer-worker", 1, reach=7))], key=b"x")
    longer = msgspec.msgpack.encode([*msgspec.msgpack.decode(encode(Shuffled(0, 0, True))), ["new"], 5])
    taken = send(steady, SHUFFLE, [longer], headers=[(FORM_HEADER, b"%d" % FORM)])
    misfit = encode(Shuffled(0, 0, sketches=b"\0" * 7))
    nowhere = encode(Signal(99, 0))
    refused = send(steady, SHUFFLE, [misfit])
    refused_signal = send(steady, SIGNALS, [nowhere])
    event = orjson.loads(envelope(alert(1)))
    moments = {"first_seen": "2026-07-01T10:00:00Z", "last_seen": "2026-07-01T11:00:00Z"}
    window = {"window": {"start": moments["first_seen"], "end": moments["last_seen"]}}
    event["data"] |= {"alert_id": "newer-kind", "kind": "deep_fake", "impact": 3, **moments, **window}
    send(steady, ALERTS, [orjson.dumps(event)], key=b"newer-kind")

    def look() -> dict[str, Any]:
        return {
            "posts": steady.rows("SELECT id, extra FROM posts FINAL WHERE platform = 'newer-worker'"),
            "fans": steady.value("SELECT count() FROM fan_counts FINAL WHERE platform = 'newer-worker'"),
            "alert": steady.value("SELECT any(kind) FROM alerts FINAL WHERE alert_id = 'newer-kind'"),
            "letters": [
                *letters(steady, POSTS_ENRICHED, [*good, *bad]).values(),
                *letters(steady, FANS_CHECKED, checked).values(),
                *letters(steady, SHUFFLE, [*taken, *refused]).values(),
                *letters(steady, SIGNALS, refused_signal).values(),
            ],
        }

    wanted = {
        "posts": [("p1", '{"sentiment":0.5}')],
        "fans": 1,
        "alert": "deep_fake",
        "letters": [
            Bad(bad_post, "not_storable"),
            Bad(misfit, "not_ours"),
            Bad(nowhere, "not_ours"),
        ],
    }
    seen = until(look, lambda found: found == wanted, 30.0)
    told = steady.vigie("alerts", "--json")
    send(steady, ALERTS, [None], key=b"newer-kind")
    assert seen == wanted
    assert (told.code, b"newer-kind" in told.out) == (0, False)
    assert "not an alert of this version" in told.err
    assert all(orjson.loads(line)["alert_id"] for line in told.out.splitlines())


@pytest.mark.parametrize("topic", [SHUFFLE, SIGNALS])
def test_another_form_between_steps(topic: str, tmp_path: Path) -> None:
    """A worker that meets messages in a form of a newer version stops and says so, before it commits or refuses any: a
    worker of that version takes them. The rest goes on."""
    stack = RunningVigie(tmp_path / "data")
    try:
        send(stack, POSTS_RAW, [orjson.dumps(post("before", "before"))], key=b"x")
        assert until(lambda: stored(stack, "before"), bool)
        value = encode(Shuffled(0, 0, True)) if topic == SHUFFLE else encode(Signal(0, 0))
        (place,) = send(stack, topic, [value], headers=[(FORM_HEADER, b"%d" % (FORM + 1))])
        told = until(stack.errors.read_text, lambda text: "not started again" in text, 60.0)
        assert f"detect-1 ended with code {OUTDATED}" in told
        log = (stack.folder / "logs" / "detect-1.log").read_text()
        for words in (
            "a newer version of Vigie wrote this",
            topic,
            f"offset={place.offset}",
            "upgrade this worker",
        ):
            assert words in log
        assert stack.alive()
        assert letters(stack, topic, [place]) == {}
        assert _committed(stack, topic, place.partition) <= place.offset
    finally:
        assert stack.stop() == 0


def _committed(stack: RunningVigie, topic: str, partition: int) -> int:
    async def main() -> int:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=stack.kafka, group_id="vigie-detect", enable_auto_commit=False
        )
        await consumer.start()
        try:
            return await consumer.committed(TopicPartition(topic, partition)) or 0
        finally:
            await consumer.stop()

    return asyncio.run(main())

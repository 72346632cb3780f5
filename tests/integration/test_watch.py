"""What running workers say of themselves: metrics, health, and what `vigie doctor` makes of it."""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipeline.metrics import METRICS
from schemas.topics import FANS_RAW, POSTS_RAW
from tests.integration.conftest import RunningVigie, until
from tests.integration.conftest_bad import fan, post, send, stored

pytestmark = pytest.mark.integration

RARE = {"vigie_insert_failures_total", "vigie_alerts_withdrawn_total", "vigie_messages_total"}
"""What need not happen in a run where nothing fails; messages are the bot's."""
Figures = dict[tuple[str, tuple[str, ...]], float]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningVigie]:
    """A stack of its own whose workers lose patience after three seconds."""
    running = RunningVigie(
        tmp_path_factory.mktemp("watched") / "data",
        VIGIE_METRICS__STALLED_SECONDS="3",
        VIGIE_METRICS__PORT="0",
        VIGIE_RECOVERY__INTERVAL_SECONDS="0",
    )
    yield running
    assert running.stop() == 0


def addresses(running: RunningVigie) -> dict[str, str]:
    """Part -> http://host:port, as `vigie up` prints it."""
    return {
        name: url for url, name in re.findall(r"^health (\S+)/health +\((\S+);", running.said, re.MULTILINE)
    }


def figures(address: str) -> Figures:
    """Samples of a worker: name and label values -> value."""
    text = httpx.get(f"{address}/metrics").text
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_what_passes_through_is_counted(watched: RunningVigie) -> None:
    """Every record once, by what became of it; lag returns to nothing; every metric has a figure."""
    where = addresses(watched)
    assert where.keys() == {"sink", "detect-1"}
    assert all(url.startswith("http://127.0.0.1:") for url in where.values())
    posts = [orjson.dumps(post("watch", n)) for n in range(40)]
    send(watched, POSTS_RAW, [*posts, posts[0], b"{bad", b"[]"], key=b"x")
    send(watched, FANS_RAW, [orjson.dumps(fan("watch", n)) for n in range(5)], key=b"x")
    until(lambda: len(stored(watched, "watch")), lambda count: count == 40)

    def count(name: str, *labels: str, part: str = "detect-1") -> float:
        return sum(
            v for key, v in figures(where[part]).items() if key[0] == name and set(labels) <= set(key[1])
        )

    assert until(lambda: count("vigie_records_total", "posts"), lambda seen: seen == 43) == 43
    assert count("vigie_records_total", "posts", "accepted") == 40
    assert count("vigie_records_total", "posts", "duplicate") == 1
    assert count("vigie_records_total", "posts", "refused") == 2
    assert count("vigie_records_total", "fans", "accepted") == 5
    assert count("vigie_refused_total", POSTS_RAW, "intake") == 2
    assert count("vigie_dead_letters_total", POSTS_RAW) == 2
    assert count("vigie_inserted_rows_total", "posts", part="sink") >= 40
    assert 0 < count("vigie_store_delay_seconds_sum", part="sink") < 1000
    for part in where:
        assert until(lambda part=part: count("vigie_lag_records", part=part), lambda lag: lag == 0) == 0  # type: ignore[misc]
    # The posts are of another year than now, and the delay says how old they are.
    assert count("vigie_event_time_delay_seconds", POSTS_RAW) != 0

    watched.replay(_burst(watched.folder.parent))

    def missing() -> set[str]:
        names = {
            re.sub("_(count|sum|bucket)$", "", name) for url in where.values() for name, _ in figures(url)
        }
        return {metric.name for metric in METRICS} - names - RARE

    assert until(missing, lambda left: not left, 30.0) == set()


def _burst(folder: Path) -> Path:
    """Ten accounts with one text: an alert."""
    path = folder / "copies.jsonl"
    rows = [
        {
            **post("watch", f"copy{n}"),
            "author_id": f"c{n}",
            "text": "Tout le monde doit lire cela sans attendre demain",
        }
        for n in range(10)
    ]
    path.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    return path


def test_a_store_that_hangs_is_seen(watched: RunningVigie) -> None:
    """The store stands still: the sink's process runs on, and is unhealthy; doctor says so. Then all is well again."""
    sink, detect = addresses(watched)["sink"], addresses(watched)["detect-1"]
    answer = until(lambda: httpx.get(f"{sink}/health"), lambda found: found.status_code == 200, 30.0)
    assert answer.status_code == 200
    done = watched.vigie("doctor", "--json")
    assert done.code == 0, done.out
    (store,) = (pid for pid, command in watched.parts().items() if "store.server" in command)
    os.kill(store, signal.SIGSTOP)
    try:
        send(watched, POSTS_RAW, [orjson.dumps(post("watch", f"late{n}")) for n in range(20)], key=b"x")
        answer = until(lambda: httpx.get(f"{sink}/health"), lambda found: found.status_code == 503, 30.0)
        assert answer.status_code == 503
        verdict = answer.json()
        assert verdict["lag"] >= 20
        assert any("vigie.posts.enriched.v1" in one["what"] and one["do"] for one in verdict["problems"])
        assert figures(sink)["vigie_healthy", ()] == 0
        assert httpx.get(f"{detect}/health").status_code == 200, "a store that stalls stops no detector"
        checks = {one["check"]: one for one in map(orjson.loads, _doctor(watched).splitlines())}
        assert not checks["workers"]["ok"]
        assert "records wait, none committed" in checks["workers"]["found"]
        assert checks["workers"]["do"]
    finally:
        os.kill(store, signal.SIGCONT)
    assert until(lambda: httpx.get(f"{sink}/health").status_code, lambda code: code == 200, 60.0) == 200
    assert until(lambda: len(stored(watched, "watch")), lambda count: count == 70) == 70


def test_a_broker_that_hangs_is_seen(watched: RunningVigie) -> None:
    """The broker stands still: nobody knows what waits, and the workers say so; then they go on."""
    where = addresses(watched)
    (broker,) = (pid for pid, command in watched.parts().items() if "--storage-engine" in command)
    os.kill(broker, signal.SIGSTOP)
    try:
        answer = until(
            lambda: httpx.get(f"{where['sink']}/health"), lambda found: found.status_code == 503, 30.0
        )
        assert answer.status_code == 503
        assert any("no word from the broker" in one["what"] for one in answer.json()["problems"])
    finally:
        os.kill(broker, signal.SIGCONT)
    for url in where.values():
        assert until(lambda url=url: httpx.get(f"{url}/health").status_code, lambda code: code == 200) == 200  # type: ignore[misc]
    send(watched, POSTS_RAW, [orjson.dumps(post("watch", "after the broker"))], key=b"x")
    assert until(lambda: len(stored(watched, "watch")), lambda count: count == 71) == 71


def _doctor(running: RunningVigie) -> bytes:
    """Its words; its check of the store itself waits for as long as it is told to."""
    done = running.vigie("doctor", "--json")
    assert done.code == 1, done.out
    return done.out


@pytest.mark.long
def test_ports(tmp_path: Path) -> None:
    """The sink has the port that is set, detection the next; a busy one is replaced, which the log says."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        running = RunningVigie(tmp_path / "data", VIGIE_METRICS__PORT=str(port))
        where = addresses(running)
        log = (tmp_path / "data" / "logs" / "sink.log").read_text()
        assert not where["sink"].endswith(f":{port}")
        assert httpx.get(f"{where['sink']}/health").status_code == 200
        assert "the port of the metrics is taken" in log
        assert str(port) in log
        assert running.stop() == 0
    off = RunningVigie(tmp_path / "data", VIGIE_METRICS__ENABLED="false")
    assert addresses(off) == {}
    assert off.vigie("doctor").code == 0
    assert off.stop() == 0

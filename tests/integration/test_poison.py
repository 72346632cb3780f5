"""Records that brought a worker down once, or might; and what happens when there are no others.

They go to a stack of their own, which is started anew when it has ended; so that one failing test does not take the
others with it.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from pipeline.poison import POISONED
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
from tests.integration.conftest_bad import DEEP, fan, post, send, stored

pytestmark = pytest.mark.integration


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


def test_nothing_but_poison(tmp_path: Path) -> None:
    """A worker that meets nothing but records to refuse stops before it empties the topic into the dead letters, and
    says why; `vigie up` shows it and lets the rest go on. One that is told to takes all up from there: nothing is lost.
    """
    stack = RunningVigie(tmp_path / "data", VIGIE_POISON__RECORDS="300")
    good = orjson.dumps(post("behind", "behind"))
    send(stack, POSTS_RAW, [orjson.dumps(post("before", "before"))], key=b"x")
    assert until(lambda: stored(stack, "before"), bool)
    send(stack, POSTS_RAW, [b"{bad %d" % n for n in range(400)] + [good], key=b"x")
    told = until(stack.errors.read_text, lambda text: "not started again" in text, 60.0)
    assert f"detect-1 ended with code {POISONED}" in told
    log = (tmp_path / "data" / "logs" / "detect-1.log").read_text()
    for words in ("nearly all records are refused", POSTS_RAW, "partition", "VIGIE_POISON__RECORDS=0"):
        assert words in log
    assert stack.alive()
    doctor = stack.vigie("doctor")
    assert doctor.code == 1
    assert b"detect-1 has stopped" in doctor.out

    letters = "SELECT uniqExact(offset), count() FROM dead_letters FINAL WHERE topic = {t:String}"
    assert stack.rows(letters, t=POSTS_RAW)[0][1] < 400
    with subprocess.Popen(
        [VIGIE, "worker", "--role", "detect"],
        env=environment(stack.folder, VIGIE_POISON__RECORDS="0", VIGIE_METRICS__PORT="0"),
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as worker:
        try:
            assert until(lambda: stored(stack, "behind"), bool)
            assert until(lambda: stack.rows(letters, t=POSTS_RAW), lambda rows: rows[0][0] >= 400) == [
                (400, 400)
            ]
            assert stack.vigie("doctor").code == 0
        finally:
            worker.send_signal(signal.SIGTERM)
    assert stack.stop() == 0

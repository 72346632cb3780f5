"""When a worker counts as healthy, when a part is started again, when a reader stops for poison."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.health import Health, Place
from pipeline.poison import PoisonLimit
from pipeline.restarts import WITHIN, Restarts

STALLED = 60.0


def seen(lag: int, committed: int, asked: float | None = 0.1, topic: str = "t") -> Place:
    """A partition."""
    return Place(topic, 0, lag, committed, asked)


def test_records_that_wait_without_a_commit() -> None:
    """Waiting is no fault, nor is idling; waiting for too long without a commit is, and a commit mends it."""
    health = Health(STALLED, 0.0)
    health.look([seen(5, 10)], 0.0)
    health.look([seen(5, 10)], 59.0)
    assert health.verdict(59.0, {}).ok
    health.look([seen(9, 10)], 61.0)
    verdict = health.verdict(61.0, {"t": "the store is away"})
    assert not verdict.ok
    assert (verdict.lag, verdict.partitions) == (9, 1)
    (problem,) = verdict.problems
    assert problem.what == "t, partition 0: 9 records wait, none committed for 61 s: the store is away"
    assert problem.do
    health.look([seen(8, 11)], 62.0)
    assert health.verdict(62.0, {}).ok
    assert health.commit_ages(70.0) == {("t", "0"): 8.0}


def test_an_idle_night_is_healthy() -> None:
    """Nothing waits, nothing is committed, for hours; then the clock starts with the first record that waits."""
    health = Health(STALLED, 0.0)
    for at in range(0, 30_000, 30):
        health.look([seen(0, 10)], float(at))
        assert health.verdict(float(at), {}).ok
    health.look([seen(1, 10)], 30_000.0)
    assert health.verdict(30_001.0, {}).ok
    health.look([seen(1, 10)], 30_050.0)
    assert health.verdict(30_050.0, {}).problems == ()


def test_one_partition_of_many() -> None:
    """One that stands still is seen beside others that go on; one that went to another worker is forgotten."""
    health = Health(STALLED, 0.0)
    for at in range(0, 100, 10):
        health.look([seen(5, at, topic="goes"), seen(5, 3, topic="stands")], float(at))
    assert [one.what.split(",")[0] for one in health.verdict(90.0, {}).problems] == ["stands"]
    health.look([seen(5, 90, topic="goes")], 91.0)
    assert health.verdict(91.0, {}).ok
    health.look([seen(5, 3, topic="stands")], 92.0)
    assert health.verdict(93.0, {}).ok, "it has only just come back"


def test_a_silent_broker_and_a_stuck_worker() -> None:
    """Without a word of the broker lag is unknown; a worker that no longer looks is stuck, whatever it saw last."""
    health = Health(STALLED, 0.0)
    health.look([seen(0, 10, asked=61.0)], 10.0)
    assert "no word from the broker for 61 s" in health.verdict(10.0, {}).problems[0].what
    health.look([], 20.0)
    assert health.verdict(21.0, {}).ok, "more workers than partitions"
    assert "something else for 80 s" in health.verdict(100.0, {}).problems[0].what


def test_restarts() -> None:
    """The pause grows; too many ends within the time are one too many; old ones are forgotten, parts apart."""
    restarts = Restarts(3)
    assert [restarts.ended("a", at) for at in (0.0, 10.0, 20.0, 30.0)] == [1.0, 2.0, 4.0, None]
    assert restarts.ended("b", 30.0) == 1.0
    assert restarts.ended("a", 31.0 + WITHIN) == 1.0
    assert Restarts(0).ended("a", 0.0) is None


@given(
    st.lists(st.integers(1, 5000), min_size=1, max_size=60),
    st.integers(1, 99),
)
def test_one_bad_record_in_a_hundred_never_stops_a_reader(batches: list[int], place: int) -> None:
    """However the records are cut into batches."""
    limit, at = PoisonLimit(0.9, 1000), 0
    for size in batches:
        bad = sum((at + n) % 100 == place for n in range(size))
        assert limit.exceeded("t", 0, size, bad) is None
        at += size


@given(st.lists(st.integers(1, 400), min_size=1, max_size=60))
def test_nothing_but_poison_stops_it(batches: list[int]) -> None:
    """With the batch that completes the number of records, not before."""
    limit, total = PoisonLimit(0.9, 1000), 0
    for size in batches:
        total += size
        found = limit.exceeded("t", 0, size, size)
        assert (found is not None) == (total >= 1000)
        if found is not None:
            assert found[0] == found[1] >= 1000


def test_poison_after_a_long_good_time() -> None:
    """A million good records do not outweigh a thousand bad ones; other partitions do not count; 0 is no limit."""
    limit = PoisonLimit(0.9, 1000)
    assert limit.exceeded("t", 0, 1_000_000, 0) is None
    assert limit.exceeded("t", 1, 500, 500) is None
    assert limit.exceeded("t", 0, 600, 600) is None
    assert limit.exceeded("t", 0, 600, 600) == (1200, 1200)
    assert PoisonLimit(0.9, 0).exceeded("t", 0, 1_000_000, 1_000_000) is None

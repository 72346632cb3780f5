"""The stream's time: the same whatever the interleaving of partitions, and never backwards."""

from __future__ import annotations

import random
from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detect.clock import BEGINNING, END, FINAL, GRACE, Aligner, StreamClock, Tick
from schemas.times import MINUTE, SECOND, Micros

Message = tuple[Micros, str]
LATENESS = 15 * MINUTE


def play(
    partitions: list[list[Message]], rng: random.Random, lateness: Micros = LATENESS
) -> list[tuple[str, Tick]]:
    """Pushes all messages, each partition in order, the partitions interleaved at random."""
    aligner: Aligner[str] = Aligner(len(partitions), lateness)
    logs = [deque(messages) for messages in partitions]
    out: list[tuple[str, Tick]] = []
    while any(logs):
        number = rng.choice([n for n, log in enumerate(logs) if log])
        clock, payload = logs[number].popleft()
        out += aligner.push(number, clock, payload, 0.0)
    return out


def split(out: list[tuple[str, Tick]]) -> list[list[tuple[str, Tick]]]:
    """Cuts what came out where a stream ended."""
    streams: list[list[tuple[str, Tick]]] = [[]]
    for payload, tick in out:
        streams[-1].append((payload, tick))
        if tick.ended:
            streams.append([])
    return streams


@st.composite
def ended_streams(draw: st.DrawFn) -> tuple[list[list[Message]], int]:
    """Partitions that each send the same number of streams, every stream with rising clocks and an end marker."""
    count, streams = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    partitions: list[list[Message]] = []
    for partition in range(count):
        messages: list[Message] = []
        for stream in range(streams):
            clock = 0
            for number, step in enumerate(draw(st.lists(st.integers(0, 3 * 60), max_size=6))):
                clock += step * MINUTE
                messages.append((clock, f"{partition}/{stream}/{number}"))
            messages.append((END, f"{partition}/{stream}/end"))
        partitions.append(messages)
    return partitions, streams


@settings(max_examples=300)
@given(ended_streams(), st.integers(0, 2**32), st.integers(0, 2**32))
def test_interleaving_does_not_move_the_borders_of_streams(
    case: tuple[list[list[Message]], int], one: int, other: int
) -> None:
    """Every stream holds exactly its own messages, in any interleaving; a message of the next one waits."""
    partitions, streams = case
    first = [{payload for payload, _ in part} for part in split(play(partitions, random.Random(one)))]
    second = [{payload for payload, _ in part} for part in split(play(partitions, random.Random(other)))]
    assert first == second
    assert first[-1] == set()
    for stream, payloads in enumerate(first[:-1]):
        assert payloads == {p for part in partitions for _, p in part if p.split("/")[1] == str(stream)}
    assert len(first) == streams + 1


@settings(max_examples=300)
@given(ended_streams(), st.integers(0, 2**32), st.integers(0, 60))
def test_time_never_runs_backwards_and_no_partition_is_overtaken(
    case: tuple[list[list[Message]], int], seed: int, minutes: int
) -> None:
    """Within a stream progress and watermark rise, stay `lateness` apart, and never pass what a partition has said."""
    partitions, _ = case
    lateness = minutes * MINUTE
    clock_of = {payload: clock for part in partitions for clock, payload in part}
    for stream in split(play(partitions, random.Random(seed), lateness)):
        before = BEGINNING
        said: dict[str, Micros] = {}
        for payload, tick in stream:
            assert tick.progress >= before.progress
            assert tick.watermark >= before.watermark
            said[payload.split("/")[0]] = clock_of[payload]
            if tick.ended:
                assert tick == FINAL
            else:
                least = min(said.values()) if len(said) == len(partitions) else 0
                assert tick.progress == least
                assert tick.watermark == max(0, tick.progress - lateness)
            before = tick


@settings(max_examples=200)
@given(ended_streams(), st.integers(0, 2**32))
def test_partitions_keep_their_order(case: tuple[list[list[Message]], int], seed: int) -> None:
    """What one partition sends comes out in the order in which it was sent, nothing lost, nothing twice."""
    partitions, _ = case
    out = [payload for payload, _ in play(partitions, random.Random(seed))]
    for number, messages in enumerate(partitions):
        assert [p for p in out if p.startswith(f"{number}/")] == [p for _, p in messages]


def test_the_end_of_one_partition_holds_its_next_stream_back() -> None:
    """Messages of the next stream come out when the last partition has ended, after the final tick."""
    aligner: Aligner[str] = Aligner(2, 0)
    assert list(aligner.push(0, 5, "a", 0.0)) == [("a", Tick(0, 0))]
    assert list(aligner.push(0, END, "a ends", 0.0)) == [("a ends", Tick(0, 0))]
    assert list(aligner.push(0, 3, "next", 0.0)) == []
    assert list(aligner.push(1, 4, "b", 0.0)) == [("b", Tick(4, 4))]
    assert list(aligner.push(1, END, "b ends", 0.0)) == [("b ends", FINAL), ("next", Tick(0, 0))]
    assert list(aligner.push(1, 9, "b again", 0.0)) == [("b again", Tick(3, 3))]


def test_a_quiet_partition_is_credited_after_the_grace() -> None:
    """What the stream showed `GRACE` seconds ago is what a quiet partition no longer holds back, and not more."""
    clock = StreamClock(2, 0)
    clock.advance(0, 10 * SECOND, now=100.0)
    clock.quiet(1, now=100.0 + GRACE / 2)
    assert clock.tick() == BEGINNING
    clock.quiet(1, now=100.0 + GRACE)
    assert clock.tick().progress == 10 * SECOND
    clock.advance(0, 50 * SECOND, now=103.0)
    clock.quiet(1, now=103.0 + GRACE / 2)
    assert clock.tick().progress == 10 * SECOND
    clock.quiet(1, now=103.0 + GRACE)
    assert clock.tick().progress == 50 * SECOND


def test_nothing_is_credited_before_anybody_has_spoken() -> None:
    """Quiet partitions alone do not make time."""
    clock = StreamClock(2, 0)
    for now in (0.0, 10.0, 100.0):
        clock.quiet(0, now)
        clock.quiet(1, now)
    assert clock.tick() == BEGINNING


def test_a_partition_that_ended_stays_ended_when_quiet() -> None:
    """Saying that nothing is waiting does not take back an end, nor bring one about."""
    aligner: Aligner[str] = Aligner(2, 0)
    list(aligner.push(0, 7, "a", 0.0))
    list(aligner.push(0, END, "a ends", 0.0))
    assert aligner.quiet(0, 100.0) == BEGINNING
    assert aligner.quiet(1, 100.0) == Tick(7, 7)
    assert list(aligner.push(1, END, "b ends", 100.0)) == [("b ends", FINAL)]


rows = st.lists(
    st.tuples(st.sampled_from(["push", "quiet"]), st.integers(0, 2), st.integers(0, 50), st.floats(0, 3)),
    max_size=30,
)


@settings(max_examples=300)
@given(rows)
def test_quiet_partitions_never_pass_the_others_nor_turn_time_back(
    rows: list[tuple[str, int, int, float]],
) -> None:
    """However partitions speak and fall silent, progress rises, and stays below the latest clock shown."""
    clock, now, latest, before = StreamClock(3, SECOND), 0.0, 0, BEGINNING
    for what, partition, at, pause in rows:
        now += pause
        if what == "push":
            clock.advance(partition, at * SECOND, now)
            latest = max(latest, at * SECOND)
        else:
            clock.quiet(partition, now)
        tick = clock.tick()
        assert before.progress <= tick.progress <= latest
        assert before.watermark <= tick.watermark <= tick.progress
        before = tick

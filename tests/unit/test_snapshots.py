"""States on disk: what is read is what was written, and what does not fit is not read."""

from __future__ import annotations

import asyncio
import os
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.saving import Saver, pause
from pipeline.detect.intake import Raw
from pipeline.detect.messages import encode
from pipeline.detect.parameters import Parameters
from pipeline.detect.post_step import PostStep
from pipeline.snapshots import Mark, Snapshots, fit, freeze
from schemas.times import DAY, MINUTE, format_time
from schemas.topics import POSTS_RAW

LAST = Mark(7, 1_700_000_000_000, 99)
FIT = fit(Parameters())


def raws(first: int, count: int) -> list[Raw]:
    """Numbered posts, one a minute."""
    return [
        Raw(
            orjson.dumps(
                {
                    "id": f"p{n}",
                    "platform": "forum",
                    "author_id": f"a{n % 3}",
                    "created_at": format_time(20_000 * DAY + n * MINUTE),
                    "text": f"quelle honte ce service client numéro {n % 5}",
                }
            ),
            offset=n,
        )
        for n in range(first, first + count)
    ]


def fed() -> PostStep:
    """A step with a state."""
    step = PostStep(Parameters(), 0, 2)
    step.feed(raws(0, 200))
    return step


def test_a_state_goes_on_where_it_was(tmp_path: Path) -> None:
    """What was written is read, with its mark, and says of the next records what the living one says."""
    snapshots, step = Snapshots(tmp_path / "state", FIT), fed()
    assert snapshots.read(POSTS_RAW, 0) is None
    size = snapshots.write(POSTS_RAW, 0, LAST, freeze(step))
    path = snapshots.path(POSTS_RAW, 0)
    assert path.stat().st_size == size
    assert path.parent.stat().st_mode & 0o777 == 0o700
    saved = snapshots.read(POSTS_RAW, 0)
    assert saved is not None
    assert saved.last == LAST
    again = raws(190, 40)
    (mine,), (its,) = step.feed(again), saved.state.feed(again)
    assert [encode(one) for one in its.shuffled] == [encode(one) for one in mine.shuffled]
    assert its.counts == mine.counts
    assert mine.counts.duplicates == 10


def spoil_fit(path: Path) -> None:
    Snapshots(path.parent, fit(Parameters(lateness_minutes=1.0))).write(POSTS_RAW, 0, LAST, freeze(fed()))


def spoil_size(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def spoil_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


def spoil_place(path: Path) -> None:
    Snapshots(path.parent, FIT).write(POSTS_RAW, 1, LAST, freeze(fed()))
    path.with_name(f"{POSTS_RAW}-1").replace(path)


def spoil_head(path: Path) -> None:
    path.write_bytes(b"{}\n" + path.read_bytes())


@pytest.mark.parametrize("spoil", [spoil_fit, spoil_size, spoil_byte, spoil_place, spoil_head])
def test_what_does_not_fit_is_set_aside(
    tmp_path: Path, spoil: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Other parameters, a file cut short or changed, of another partition or none at all: kept apart, and logged."""
    snapshots = Snapshots(tmp_path / "state", FIT)
    snapshots.write(POSTS_RAW, 0, LAST, freeze(fed()))
    path = snapshots.path(POSTS_RAW, 0)
    spoil(path)
    assert snapshots.read(POSTS_RAW, 0) is None
    assert not path.exists()
    assert path.with_name(f"{path.name}.unfit").exists()
    assert "set aside" in capsys.readouterr().out
    assert snapshots.read(POSTS_RAW, 0) is None


def test_what_killed_writers_left_goes(tmp_path: Path) -> None:
    """An old unfinished file is removed when its partition is taken up; one that may be under way stays."""
    snapshots = Snapshots(tmp_path / "state", FIT)
    path = snapshots.path(POSTS_RAW, 0)
    snapshots.write(POSTS_RAW, 0, LAST, freeze(1))
    old, new = path.with_name(f".{path.name}.1"), path.with_name(f".{path.name}.2")
    for left in (old, new):
        left.write_bytes(b"half")
    os.utime(old, (time.time() - 7200, time.time() - 7200))
    saved = snapshots.read(POSTS_RAW, 0)
    assert saved is not None
    assert saved.state == 1
    assert sorted(path.parent.iterdir()) == sorted([new, path])


class Bomb:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.path),))


@pytest.mark.parametrize("folder", [True, False])
def test_what_others_may_write_to_is_not_opened(tmp_path: Path, folder: bool) -> None:
    """A pickle runs what it says; so one that somebody else could have put there is left alone."""
    snapshots, mine = Snapshots(tmp_path / "state", FIT), tmp_path / "made"
    snapshots.write(POSTS_RAW, 0, LAST, pickle.dumps(Bomb(mine)))
    path = snapshots.path(POSTS_RAW, 0)
    if folder:
        path.parent.chmod(0o770)
    else:
        path.chmod(0o666)
    assert snapshots.read(POSTS_RAW, 0) is None
    assert not mine.exists()


class Slow:
    """A state that takes a while to pickle."""

    def __reduce__(self) -> tuple[Any, ...]:
        deadline = time.thread_time() + 0.2
        while time.thread_time() < deadline:
            sum(range(1000))
        return (int, (os.getpid(),))


async def test_a_large_state_is_written_beside_the_worker(tmp_path: Path) -> None:
    """Once a state has shown to be large a child writes it, while the worker goes on."""
    snapshots = Snapshots(tmp_path / "state", FIT)
    saver, key = Saver(snapshots, 0.0, 0.5), (POSTS_RAW, 0)
    saver.begin(key, None)
    writers, spent = [], []
    for _ in range(2):
        while not saver.due(key):
            await asyncio.sleep(0.01)
        began = time.thread_time()
        saver.save(key, LAST, Slow())
        spent.append(time.thread_time() - began)
        assert not saver.due(key)
        while not saver.idle:
            await asyncio.sleep(0.01)
        saved = snapshots.read(POSTS_RAW, 0)
        assert saved is not None
        writers.append(saved.state)
    assert writers[0] == os.getpid() != writers[1]
    assert spent[0] >= 0.2 > 0.1 > spent[1]


async def test_a_state_that_cannot_be_written_is_no_reason_to_stop(tmp_path: Path) -> None:
    """A folder in the way: it is logged, and the next try comes in its time."""
    (tmp_path / "state").write_text("no folder")
    saver, key = Saver(Snapshots(tmp_path / "state", FIT), 0.0, 0.5), (POSTS_RAW, 0)
    saver.begin(key, None)
    saver.save(key, LAST, 1)
    while not saver.idle:
        await asyncio.sleep(0.01)
    assert (tmp_path / "state").read_text() == "no folder"


@pytest.mark.parametrize("large", [False, True])
async def test_what_is_on_its_way_is_not_taken_for_written(large: bool, tmp_path: Path) -> None:
    """A worker that ends while a state is being written writes it itself, and nothing older comes afterwards."""
    snapshots = Snapshots(tmp_path / "state", FIT)
    saver, key = Saver(snapshots, 0.0, 100.0), (POSTS_RAW, 0)
    saver.begin(key, None)
    if large:
        saver.save(key, LAST, Slow())
        while not saver.idle:
            await asyncio.sleep(0.01)
    later, latest = (Mark(LAST.offset + n, LAST.timestamp, 1) for n in (1, 2))
    saver.save(key, later, Slow())
    assert not saver.stands(key, later)
    saver.end()
    assert not saver.stands(key, latest)
    saver.put(key, latest, "latest")
    assert saver.stands(key, latest)
    await asyncio.sleep(0.5)  # more than the child would have needed
    saved = snapshots.read(POSTS_RAW, 0)
    assert saved is not None
    assert (saved.last, saved.state) == (latest, "latest")


@given(
    st.dictionaries(st.tuples(st.just("t"), st.integers(0, 20)), st.floats(0.001, 100.0), min_size=1),
    st.floats(0.001, 1.0),
)
def test_all_states_together_take_their_share(took: dict[tuple[str, int], float], share: float) -> None:
    """Of a core, whatever their sizes; a larger one comes less often."""
    assert sum(took[key] / pause(took, key, share) for key in took) == pytest.approx(share)
    inturn = sorted(took, key=took.__getitem__)
    pauses = [pause(took, key, share) for key in inturn]
    assert pauses == sorted(pauses)


async def test_a_large_state_does_not_keep_others_waiting(tmp_path: Path) -> None:
    """A worker that is killed again and again has written all partitions each time; else it would read ever more."""
    saver = Saver(Snapshots(tmp_path / "state", FIT), 0.0, 0.001)
    large, other = (POSTS_RAW, 0), (POSTS_RAW, 1)
    for key in (large, other):
        saver.begin(key, None)
    assert saver.due(large)
    saver.save(large, LAST, Slow())
    while not saver.idle:
        await asyncio.sleep(0.01)
    assert not saver.due(large)
    assert saver.due(other)

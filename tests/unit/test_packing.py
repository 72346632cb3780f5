"""JSON that waits in thousands takes as much memory as it is long."""

from __future__ import annotations

import os

import orjson
import pytest

from schemas.packing import packed
from tests.bench.processes import resident_bytes

_COUNT = 20_000


def test_it_is_what_orjson_writes() -> None:
    value = {"text": "été", "n": [1, None, True]}
    assert packed(value) == orjson.dumps(value)
    assert packed({"b": 1, "a": {2}}, list, orjson.OPT_SORT_KEYS) == b'{"a":[2],"b":1}'


def _resident() -> int:
    found = resident_bytes(os.getpid())
    if found is None:
        pytest.skip("this system does not tell what a process has resident")
    return found


def test_it_takes_its_length() -> None:
    value = {"text": "x" * 300}
    before = _resident()
    waiting = [packed(value) for _ in range(_COUNT)]
    taken = (_resident() - before) / _COUNT
    assert len(waiting[-1]) < 320
    assert taken < 1_000

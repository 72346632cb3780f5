"""Arrays that grow at their end and are forgotten from their beginning, without holding twice what they need."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

Kind = TypeVar("Kind", bound=np.generic)

_LEAST = 1024
_PIECE = 1 << 18
"""Rows that are moved at a time."""


def grown(column: npt.NDArray[Kind], length: int) -> npt.NDArray[Kind]:
    """The array with room for `length` rows, new ones zero. It is enlarged in place, by a 32nd at least: pages of
    a large array are moved, not copied. Nobody else may hold a view of it."""
    if length <= len(column):
        return column
    if not column.flags.owndata:  # it comes out of a snapshot
        column = column.copy()
    column.resize((max(length, len(column) + len(column) // 32, _LEAST), *column.shape[1:]), refcheck=False)
    return column


def shift(column: npt.NDArray[Kind], drop: int, count: int) -> npt.NDArray[Kind]:
    """Forgets the first `drop` of `count` rows: the others move to the beginning. Room beyond is given back where it is
    more than half of what is needed. Nobody else may hold a view of the array."""
    for start in range(drop, count, _PIECE):
        end = min(count, start + _PIECE)
        column[start - drop : end - drop] = column[start:end]
    needed = max(count - drop, _LEAST)
    if len(column) > needed + needed // 2:
        column = column[:needed].copy()
    return column


def distinct(numbers: list[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    """All numbers of some arrays in ascending order, each once. By sorting: `np.unique` takes several times as long."""
    if not numbers:
        return np.zeros(0, dtype=np.int64)
    ordered = np.sort(np.concatenate(numbers))
    kept = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=kept[1:])
    return ordered[kept]


def empty(kind: type[Kind], *shape: int) -> npt.NDArray[Kind]:
    """No rows yet, of this kind and of this shape each."""
    return np.zeros((0, *shape), dtype=kind)

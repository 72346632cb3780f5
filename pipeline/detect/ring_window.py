"""The accounts that are looked at and what they had to do with, as columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.detect.account_days import KINDS, AccountDay

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_SHAPES = ((re.compile(r"[A-ZÀ-Þ]+"), "A"), (re.compile(r"[a-zß-ÿ]+"), "a"), (re.compile(r"[0-9]"), "0"))


class Rows(NamedTuple):
    """Which account had to do with which object, on how many days; each pair once, by object and account. `objects` of
    them, numbered from 0."""

    who: Ints
    what: Ints
    often: Ints
    objects: int


@dataclass(frozen=True, slots=True)
class Window:
    """Accounts are numbered from 0.

    days: of each account, in order.
    platforms, active, made: of each account its platform (a number), on how many days it posted, and when it was made
    (NaN where that is not known). shapes: the pattern of its name, a number of `patterns`, -1 without a name.
    """

    days: Sequence[Sequence[AccountDay]]
    platforms: Ints
    active: Floats
    made: Floats
    shapes: Ints
    patterns: Sequence[str]
    _rows: Rows
    _starts: Ints  # the first object of each kind, and the number of all

    def __len__(self) -> int:
        return len(self.days)

    def rows(self, *kinds: str) -> Rows:
        """Of the objects of these kinds, which follow each other in `KINDS`."""
        first = int(self._starts[KINDS.index(kinds[0])])
        last = int(self._starts[KINDS.index(kinds[-1]) + 1])
        who, what, often, _ = self._rows
        of = slice(*np.searchsorted(what, (first, last)).tolist())
        return Rows(who[of], what[of] - first, often[of], last - first)


def window(days: Sequence[Sequence[AccountDay]]) -> Window:
    """The window of these accounts, at least one, each with its days in order."""
    platforms: dict[str, int] = {}
    shapes: dict[str, int] = {"": -1}
    return Window(
        days,
        np.array([platforms.setdefault(own[0].platform, len(platforms)) for own in days], dtype=np.int64),
        np.array(list(map(len, days)), dtype=np.float64),
        np.array([np.nan if own[-1].created_at is None else own[-1].created_at for own in days], dtype=float),
        np.array([shapes.setdefault(shape(own[-1].name), len(shapes) - 1) for own in days], dtype=np.int64),
        list(shapes)[1:],
        *_had(days),
    )


def _had(days: Sequence[Sequence[AccountDay]]) -> tuple[Rows, Ints]:
    """All rows, objects of one kind together, and where each kind begins. Whoever answers a post has it in common with
    its author."""
    numbers: dict[str, int] = {}
    what = [numbers.setdefault(thing, len(numbers)) for own in days for one in own for thing in one.objects]
    who = [n for n, own in enumerate(days) for one in own for _ in one.objects]
    for n, own in enumerate(days):
        for one in own:
            for _, post in one.own:
                answered = numbers.get(f"answer {one.platform} {post}")
                if answered is not None:
                    who.append(n)
                    what.append(answered)
    place = {kind: n for n, kind in enumerate(KINDS)}
    kinds = np.array([place[thing.partition(" ")[0]] for thing in numbers], dtype=np.int64)
    ranks = np.empty(len(kinds), dtype=np.int64)
    ranks[np.argsort(kinds, kind="stable")] = np.arange(len(kinds))
    objects = ranks[np.array(what, dtype=np.int64)]
    both, often = np.unique(objects * len(days) + np.array(who, dtype=np.int64), return_counts=True)
    rows = Rows(both % len(days), both // len(days), often.astype(np.int64), len(numbers))
    return rows, np.searchsorted(np.sort(kinds), np.arange(len(KINDS) + 1))


def shape(name: str) -> str:
    """A name's pattern: runs of capitals and of small letters, digits each: `Lea_B42` is `Aa_A00`."""
    for letters, sign in _SHAPES:
        name = letters.sub(sign, name)
    return name[:40]

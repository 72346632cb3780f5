"""Pairs of accounts that share the same objects within some seconds, with the filters of CooRTweet's `detect_groups`.

The semantics are those of CooRTweet 2.1.3 (Righetti and Balluff, "CooRTweet: A Generalized R Software for Coordinated
Network Detection", Computational Communication Research 2025), as its source and its recorded results have them:

1. Accounts with fewer than N rows are left out. This looks at the whole table, once, before anything else.
2. Two rows of one object at most `window` seconds apart make a pair. The earlier one is the older; of two in the same
   second it is the one whose account appears first in the table, and of one account's the one that stands first.
3. Pairs of one account, pairs of one content, and pairs in which a content is the object itself (an account that shares
   its own post) are left out.
4. A content that is in a pair is coordinated. Accounts whose coordinated contents fill fewer than N rows are weak. A
   pair goes when both of its contents are only weak accounts' own. This too happens once: what is left is not counted
   again, and one strong side keeps a pair.

Rows that say the same thing twice count twice, there as here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from pipeline.detect.coshare import CoShares, Ints

_BATCH = 8192
MOST_PAIRS = 100_000_000
"""Pairs of rows that are held; a table that makes more of them has one object for everybody."""


class TooManyPairs(Exception):
    """More than `MOST_PAIRS` pairs."""


class ShareTable(NamedTuple):
    """Shares, one a row, in the order of their file. Identifiers are numbers into the arrays of names.

    objects, accounts, contents, times: shape (n,), times in seconds. object_names, account_names, content_names:
    Arrow arrays of strings, each name once. posted: for each object, the number of the content that bears the same
    name, -1 where none does; shape (objects,).
    """

    objects: Ints
    accounts: Ints
    contents: Ints
    times: Ints
    object_names: Any
    account_names: Any
    content_names: Any
    posted: Ints


class Coordinated(NamedTuple):
    """Rows of the older and of the newer share of each pair, in order of time, shape (m,) each; `considered` is how
    many rows the first filter left."""

    older: Ints
    newer: Ints
    considered: int


def coordinated(
    table: ShareTable, window: int, min_participation: int, done: Callable[[int], None] = lambda _: None
) -> Coordinated:
    """The pairs of a table. `window` in seconds; `done` hears how many more rows have been looked at.

    Raises:
        TooManyPairs: the table makes more than `MOST_PAIRS`.
    """
    size = len(table.account_names)
    rows = np.flatnonzero(np.bincount(table.accounts, minlength=size)[table.accounts] >= min_participation)
    appears = np.full(size, len(table.accounts), dtype=np.int64)
    np.minimum.at(appears, table.accounts, np.arange(len(table.accounts)))
    rows = rows[np.argsort(appears[table.accounts[rows]], kind="stable")]
    older, newer = _pairs(table, rows, window, done)
    kept = _participating(table, rows, older, newer, min_participation)
    older, newer = older[kept], newer[kept]
    order = np.lexsort((newer, older, table.times[newer], table.times[older]))
    return Coordinated(older[order], newer[order], len(rows))


def _pairs(table: ShareTable, rows: Ints, window: int, done: Callable[[int], None]) -> tuple[Ints, Ints]:
    """Pairs of rows that are of different accounts and no loops. `rows` decide which of two is older in a tie."""
    older, newer = [rows[:0]], [rows[:0]]
    found, shares = 0, CoShares(window)
    times = table.times[rows]
    order = np.argsort(times, kind="stable")
    for start in range(0, len(order), _BATCH):
        batch = order[start : start + _BATCH]
        a, b = (rows[side] for side in shares.add(table.objects[rows[batch]], times[batch], batch))
        shares.expire(int(times[batch[-1]]))
        posted = table.posted[table.objects[a]]
        kept = (
            (table.accounts[a] != table.accounts[b])
            & (table.contents[a] != table.contents[b])
            & (table.contents[a] != posted)
            & (table.contents[b] != posted)
        )
        older.append(a[kept])
        newer.append(b[kept])
        found += len(older[-1])
        if found > MOST_PAIRS:
            raise TooManyPairs
        done(len(batch))
    return np.concatenate(older), np.concatenate(newer)


def _participating(table: ShareTable, rows: Ints, older: Ints, newer: Ints, least: int) -> Any:
    """Which pairs have a content of an account that takes part at least `least` times; shape (m,), booleans."""
    coordinated = np.zeros(len(table.content_names), dtype=bool)
    coordinated[table.contents[older]] = coordinated[table.contents[newer]] = True
    taking_part = rows[coordinated[table.contents[rows]]]
    often = np.bincount(table.accounts[taking_part], minlength=len(table.account_names)) >= least
    strong = np.zeros(len(table.content_names), dtype=bool)
    strong[table.contents[taking_part[often[table.accounts[taking_part]]]]] = True
    return strong[table.contents[older]] | strong[table.contents[newer]]

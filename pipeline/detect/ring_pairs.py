"""Which pairs of accounts have more in common than chance would give them, and the groups that they make.

The null model keeps each account's activity and each object's popularity: an account with n of a kind's objects has one
that d accounts have with probability p = 1 - exp(-n d / E), E being all of the kind (Chung and Lu, "Connected
components in random graphs with given expected degree sequences", 2002). Two accounts of one hand have each other's
objects with probability q + (1 - q) p. The likelihood ratio of the two, over the objects of both, is an e-value:
by chance its mean is 1. So is its mean with 1 (a kind in which a ring has nothing in common says little against it),
and so is the product over kinds that do not depend on each other. Pairs are kept so that the expected share of false
ones is bounded whatever the dependence between pairs (Wang and Ramdas, "False discovery rate control with
e-values", 2022).

Groups maximise modularity by moving single accounts (the first phase of Blondel et al., "Fast unfolding of communities
in large networks", 2008), in a fixed order, over the components of what is kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipeline.detect.ring_window import Floats, Ints

MOST_EVIDENCE = 12.0
"""Of one kind: no kind alone makes a pair of many."""


class Pairs(NamedTuple):
    """Shape (m,) each; first < second; evidence in nats."""

    first: Ints
    second: Ints
    evidence: Floats


def kind_evidence(accounts: Ints, objects: Ints, count: int, popular: int, likely: float) -> Pairs:
    """The evidence of one kind of objects for each pair of accounts that has one in common.

    Args:
        accounts, objects: who has what, each pair once; whole numbers from 0. Shape (n,) each.
        count: accounts in all.
        popular: an object that more accounts have makes no pairs.
        likely: the chance q above.
    """
    order = np.lexsort((accounts, objects))
    accounts, objects = accounts[order], objects[order]
    having = np.bincount(accounts, minlength=count).astype(np.float64)
    sizes = np.bincount(objects)
    starts = np.cumsum(sizes) - sizes
    total = float(len(accounts))
    first, second, degree = [], [], []
    for size in np.unique(sizes[(sizes >= 2) & (sizes <= popular)]).tolist():
        rows = accounts[starts[sizes == size][:, None] + np.arange(size)]
        a, b = np.triu_indices(size, 1)
        first.append(rows[:, a].ravel())
        second.append(rows[:, b].ravel())
        degree.append(np.full(len(first[-1]), size, dtype=np.float64))
    if not first:
        nobody = np.zeros(0, dtype=np.int64)
        return Pairs(nobody, nobody, np.zeros(0))
    one, other, crowd = map(np.concatenate, (first, second, degree))

    def said(n: Floats) -> Floats:
        p = -np.expm1(-n * crowd / total)
        ratio: Floats = np.log((likely + (1.0 - likely) * p) / p)
        return ratio

    shared = 0.5 * (said(having[one]) + said(having[other]))
    keys, where = np.unique(one * count + other, return_inverse=True)
    a, b = keys // count, keys % count
    common = np.bincount(where)
    evidence = np.bincount(where, weights=shared).astype(np.float64)
    evidence += np.log1p(-likely) * (0.5 * (having[a] + having[b]) - common)
    return Pairs(a, b, np.minimum(np.logaddexp(0.0, evidence) - np.log(2.0), MOST_EVIDENCE))


def summed(parts: Sequence[Pairs], count: int) -> Pairs:
    """The pairs of all kinds with their evidence together."""
    if not parts:
        return Pairs(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))
    keys = np.concatenate([part.first * count + part.second for part in parts])
    found, where = np.unique(keys, return_inverse=True)
    total = np.bincount(
        where, weights=np.concatenate([part.evidence for part in parts]), minlength=len(found)
    )
    return Pairs(found // count, found % count, total.astype(np.float64))


def kept(pairs: Pairs, count: int, false_share: float) -> Pairs:
    """The pairs that are more than chance; `count` accounts make the pairs that were looked at."""
    if not len(pairs.first):
        return pairs
    looked = np.log(count * (count - 1) / 2)
    down = -np.sort(-pairs.evidence)
    good = np.flatnonzero(down + np.log(np.arange(1, len(down) + 1)) >= looked - np.log(false_share))
    least = down[good[-1]] if len(good) else np.inf
    chosen = pairs.evidence >= least
    return Pairs(pairs.first[chosen], pairs.second[chosen], pairs.evidence[chosen])


def groups(pairs: Pairs) -> list[list[int]]:
    """Accounts that belong together, largest group first."""
    near: defaultdict[int, dict[int, float]] = defaultdict(dict)
    for a, b, weight in zip(
        pairs.first.tolist(), pairs.second.tolist(), pairs.evidence.tolist(), strict=True
    ):
        near[a][b] = near[b][a] = weight
    strength = {a: sum(near[a][b] for b in sorted(near[a])) for a in near}
    total = sum(strength[a] for a in sorted(near))
    of = {a: a for a in near}
    mass = dict(strength)
    for _ in range(20):
        moved = 0
        for a in sorted(near):
            towards: defaultdict[int, float] = defaultdict(float)
            for b in sorted(near[a]):
                towards[of[b]] += near[a][b]
            mass[of[a]] -= strength[a]
            best = min(
                {of[a], *towards},
                key=lambda home: (-(towards[home] - strength[a] * mass[home] / total), home),
            )
            moved += best != of[a]
            of[a] = best
            mass[best] += strength[a]
        if not moved:
            break
    found: defaultdict[int, list[int]] = defaultdict(list)
    for a in sorted(of):
        found[of[a]].append(a)
    return sorted(found.values(), key=lambda group: (-len(group), group))

"""Who else belongs to a ring, once its core is known: accounts that are like the core, wherever they are.

On another forum nobody meets the core or answers it, but the brand, the site, the days in which accounts were made
and the pattern of their names are the same. Each account is held against the core's profile by naive Bayes, its odds
beforehand being one in the number of accounts. What the core is interested in can give three quarters of what is
needed and no more: other people are interested in it as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import log

from pipeline.detect.ring_signs import Profile, batch, shape
from schemas.times import DAY

_ROUNDS = 4
_TYPICAL = 0.3
"""Share of the core from which what its accounts have is typical of it."""
_INTEREST = 0.75
"""Share of what is needed that interests can give."""
_INTERESTS = ("name", "site", "tag")


def grown(core: list[int], profiles: Sequence[Profile], batch_days: float) -> list[int]:
    """The core and all accounts that are like it, in order; numbers of `profiles`."""
    interests = [
        [thing for thing in sorted(one.objects) if thing.partition(" ")[0] in _INTERESTS] for one in profiles
    ]
    usual = Counter(thing for things in interests for thing in things)
    shapes = [shape(one.name) for one in profiles]
    usual_shapes = Counter(shapes)
    group, needed = set(core), log(len(profiles))
    for _ in range(_ROUNDS):
        members = sorted(group)
        typical = {
            thing: _odds(hits, len(members), usual[thing], len(profiles))
            for thing, hits in sorted(Counter(thing for n in members for thing in interests[n]).items())
            if hits >= _TYPICAL * len(members)
        }
        start, _ = batch([profiles[n] for n in members], batch_days)
        made = [
            one.created_at is not None and start <= one.created_at <= start + batch_days * DAY
            for one in profiles
        ]
        together = _odds(sum(made[n] for n in members), len(members), sum(made), len(profiles))
        named = Counter(shapes[n] for n in members)
        pattern = min(named, key=lambda one: (-named[one], one))
        alike = _odds(named[pattern], len(members), usual_shapes[pattern], len(profiles))
        for n, one in enumerate(profiles):
            if n in group:
                continue
            score = sum(pair[thing in one.objects] for thing, pair in typical.items())
            score = min(score, _INTEREST * needed)
            if one.created_at is not None:
                score += together[made[n]]
            if pattern and shapes[n]:
                score += alike[shapes[n] == pattern]
            if score >= needed:
                group.add(n)
        if len(group) == len(members):
            break
    return sorted(group)


def _odds(hits: int, of: int, usual: int, accounts: int) -> tuple[float, float]:
    """Logarithms of the odds of an account of the core that has not, and that has, what `hits` of it have."""
    core, other = (hits + 0.5) / (of + 1), (usual - hits + 0.5) / (accounts - of + 1)
    return log((1 - core) / (1 - other)), log(core / other)

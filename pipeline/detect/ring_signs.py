"""What a group of accounts has in common beyond its interests: made together, named by one pattern, saying each other's
words.

People who care for the same thing name it, link to it and answer each other; that makes a group, and no ring. Each sign
here is held against the other accounts of the window, as minus the logarithm of the odds that chance gives the like.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from math import log
from typing import NamedTuple

from pipeline.detect.finding import reason
from schemas.alerts import Reason
from schemas.times import DAY, Micros, format_time

_SHAPES = ((re.compile(r"[A-ZÀ-Þ]+"), "A"), (re.compile(r"[a-zß-ÿ]+"), "a"), (re.compile(r"[0-9]"), "0"))


class Profile(NamedTuple):
    """An account as it stands in the window."""

    platform: str
    author: str
    name: str
    created_at: Micros | None
    objects: frozenset[str]


class Sign(NamedTuple):
    """evidence: in nats; positive speaks for a ring."""

    evidence: float
    reason: Reason


def shape(name: str) -> str:
    """A name's pattern: runs of capitals and of small letters, digits each: `Lea_B42` is `Aa_A00`."""
    for letters, sign in _SHAPES:
        name = letters.sub(sign, name)
    return name[:40]


def surprise(hits: int, of: int, usual: float) -> float:
    """Minus log P(at least `hits` of `of`) where each hits with probability `usual`, by Chernoff's bound."""
    if not of or hits <= usual * of:
        return 0.0
    share = hits / of
    rest = (1 - share) * log((1 - share) / (1 - usual)) if share < 1 else 0.0
    return of * (share * log(share / usual) + rest)


def batch(group: Sequence[Profile], width: float) -> tuple[Micros, int]:
    """When the `width` days begin in which most accounts of the group were made, and how many were."""
    made = sorted(one.created_at for one in group if one.created_at is not None)
    best, start, low = 0, 0, 0
    for high, at in enumerate(made):
        while at - made[low] > width * DAY:
            low += 1
        if high - low + 1 > best:
            best, start = high - low + 1, made[low]
    return start, best


def made_together(group: Sequence[Profile], others: Sequence[Profile], width: float) -> Sign:
    """The most accounts of the group that were made within `width` days."""
    made = [one.created_at for one in group if one.created_at is not None]
    start, best = batch(group, width)
    known = [one.created_at for one in others if one.created_at is not None]
    usual = (1 + sum(start <= at <= start + width * DAY for at in known)) / (2 + len(known))
    evidence = surprise(best, len(made), usual) - log(1 + len(made)) if len(made) >= len(group) / 2 else 0.0
    figures = reason(
        "made_together",
        accounts=best,
        of=len(made),
        days=width,
        since=format_time(start),
        usual_share=round(usual, 4),
    )
    return Sign(evidence, figures)


def named_alike(group: Sequence[Profile], others: Sequence[Profile]) -> Sign:
    """The commonest pattern of names in the group."""
    shapes = Counter(shape(one.name) for one in group if one.name)
    pattern, hits = min(shapes.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
    known = [shape(one.name) for one in others if one.name]
    usual = (1 + known.count(pattern)) / (2 + len(known))
    evidence = surprise(hits, len(group), usual) - log(1 + len(shapes))
    return Sign(evidence, reason("named_alike", pattern=pattern, accounts=hits, usual_share=round(usual, 4)))


def same_words(group: Sequence[Profile], others: Sequence[Profile]) -> Sign:
    """Texts of one that others said again; many different ones, as one text that all copy is an appeal."""
    said = Counter(thing for one in group for thing in one.objects if thing.startswith("text "))
    elsewhere = {thing for one in others for thing in one.objects if thing in said}
    texts = [thing for thing, accounts in said.items() if accounts >= 2 and thing not in elsewhere]
    by = sum(any(thing in one.objects for thing in texts) for one in group)
    wide = max((said[thing] for thing in texts), default=0)
    # Each counts as a coincidence of odds of one to e. Where half of the group says one thing or links to one page,
    # there is an appeal, and people copy it.
    appeal = max(
        Counter(t for one in group for t in one.objects if t.startswith("link ")).values(), default=0
    )
    called = max(wide, appeal) >= len(group) / 2
    evidence = 0.0 if called else float(len(texts)) * by / len(group)
    return Sign(evidence, reason("same_words", texts=len(texts), accounts=by))


def signs(group: Sequence[Profile], others: Sequence[Profile], batch_days: float) -> list[Sign]:
    """All signs, `others` being the accounts of the window that are not of the group."""
    return [
        made_together(group, others, batch_days),
        named_alike(group, others),
        same_words(group, others),
    ]

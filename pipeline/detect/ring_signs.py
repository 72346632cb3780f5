"""What a group of accounts has in common beyond its interests: made together, named by one pattern, saying each other's
words.

People who care for the same thing name it, link to it and answer each other; that makes a group, and no ring. Each sign
here is held against the other accounts of the window, as minus the logarithm of the odds that chance gives the like.
Innocent groups are no chance draw of accounts: a firm takes on a dozen people in spring, an event brings some of a club
to a forum. So a sign must be more than that.
"""

from __future__ import annotations

from math import log
from typing import NamedTuple

import numpy as np

from pipeline.detect.finding import reason
from pipeline.detect.ring_window import Bools, Floats, Window
from schemas.alerts import Reason
from schemas.times import DAY, Micros, format_time

_USUAL_BATCH, _USUAL_PATTERN, _USUAL_COPIES = 0.15, 0.05, 0.1
"""Share of an innocent group that was made in the same weeks, is named by one pattern, and has words in common: at
least, however few of all accounts are."""


class Sign(NamedTuple):
    """evidence: in nats; positive speaks for a ring. has, known: which accounts have it, and of which that is known;
    shape (accounts,). usual: share of an innocent group that has it. choice: of how many such signs it is the best."""

    evidence: float
    reason: Reason
    has: Bools
    known: Bools
    usual: float
    choice: int


def surprise(hits: int, of: int, usual: float) -> float:
    """Minus log P(at least `hits` of `of`) where each hits with probability `usual`, by Chernoff's bound."""
    if not of or hits <= usual * of:
        return 0.0
    share = hits / of
    rest = (1 - share) * log((1 - share) / (1 - usual)) if share < 1 else 0.0
    return of * (share * log(share / usual) + rest)


def batch_start(made: Floats, width: float) -> Micros:
    """When the `width` days begin in which most accounts were made; NaN is not known."""
    made = np.sort(made[~np.isnan(made)])
    if not len(made):
        return 0
    counts = np.searchsorted(made, made + width * DAY, "right") - np.arange(len(made))
    return int(made[counts.argmax()])


def made_together(group: Bools, window: Window, width: float) -> Sign:
    """The most accounts of the group that were made within `width` days."""
    known = ~np.isnan(window.made)
    start = batch_start(window.made[group], width)
    has = (window.made >= start) & (window.made <= start + width * DAY)
    hits, of = int((has & group).sum()), int((known & group).sum())
    share = (1 + int((has & ~group).sum())) / (2 + int((known & ~group).sum()))
    usual = max(share, _USUAL_BATCH)
    evidence = surprise(hits, of, usual) - log(1 + of) if 2 * of >= group.sum() else 0.0
    figures = reason(
        "made_together",
        accounts=hits,
        of=of,
        days=width,
        since=format_time(start),
        usual_share=round(share, 4),
    )
    return Sign(evidence, figures, has, known, usual, 1 + of)


def named_alike(group: Bools, window: Window) -> Sign:
    """The pattern of names that is most remarkable in the group."""
    known = window.shapes >= 0
    count = len(window.patterns)
    inside = np.bincount(window.shapes[group & known], minlength=count)
    outside = np.bincount(window.shapes[known & ~group], minlength=count)
    shares = (1 + outside) / (2 + outside.sum())
    of = int(group.sum())
    found = [
        (surprise(int(inside[n]), of, max(shares[n], _USUAL_PATTERN)), -n)
        for n in np.flatnonzero(inside).tolist()
    ]
    evidence, number = max(found, default=(0.0, 0))
    pattern, share = -number, float(shares[-number]) if found else 0.0
    figures = reason(
        "named_alike",
        pattern=window.patterns[pattern] if found else "",
        accounts=int(inside[pattern]) if found else 0,
        usual_share=round(share, 4),
    )
    usual, choice = max(share, _USUAL_PATTERN), 1 + len(found)
    return Sign(evidence - log(choice), figures, window.shapes == pattern, known, usual, choice)


def same_words(group: Bools, window: Window) -> Sign:
    """Texts of one that others said again; many different ones, as one text that all copy is an appeal."""
    size = int(group.sum())
    texts = window.rows("text")
    inside = group[texts.who]
    said = np.bincount(texts.what[inside], minlength=texts.objects)
    elsewhere = np.bincount(texts.what[~inside], minlength=texts.objects)
    ours = (said >= 2) & (elsewhere == 0)
    has = np.zeros_like(group)
    has[texts.who[ours[texts.what]]] = True
    count, by = int(ours.sum()), int(has.sum())
    # Each counts as a coincidence of odds of one to e. Where half of the group says one thing or links to one page,
    # there is an appeal, and people copy it.
    links = window.rows("link")
    linked = np.bincount(links.what[group[links.who]])
    called = 2 * max(linked.max(initial=0), said[ours].max(initial=0)) >= size
    evidence = 0.0 if called else count * by / size
    known = np.full_like(group, not called)
    return Sign(evidence, reason("same_words", texts=count, accounts=by), has, known, _USUAL_COPIES, 1)


def signs(group: Bools, window: Window, batch_days: float) -> list[Sign]:
    """All signs."""
    return [made_together(group, window, batch_days), named_alike(group, window), same_words(group, window)]

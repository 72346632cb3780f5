"""Who belongs together, beginning with a few whom pairs join: whoever is like them, on other platforms too.

A `community` goes by what people with one interest have in common: what they name, whom they meet where. Each account
is held against it by naive Bayes: how often it does what is typical of the community, against how often those of the
community do and how often all others. The odds beforehand are one in the number of accounts. The community and what is
typical of it are found by turns (Celeux and Govaert, "A classification EM algorithm for clustering and two stochastic
versions", 1992). What else its accounts have in common (`ring_signs`) was not chosen for, and speaks for itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import log

import numpy as np

from pipeline.detect.account_days import INTERESTS, MEETINGS
from pipeline.detect.ring_window import Bools, Floats, Window

_ROUNDS = 8
_TYPICAL = 0.3
"""Share of a group from which what its accounts name is typical of it."""


def community(core: Iterable[int], window: Window) -> Bools:
    """The core and whoever shares its interests and meets it. Shape (accounts,)."""
    group = np.zeros(len(window), dtype=bool)
    group[list(core)] = True
    for _ in range(_ROUNDS):
        more = group | (_interest(group, window) + _meetings(group, window) >= log(len(window)))
        if more.sum() == group.sum():
            break
        group = more
    return group


def _interest(group: Bools, window: Window) -> Floats:
    """By on how many of its days an account names what is typical of the group: nats for each account."""
    rows = window.rows(*INTERESTS)
    having = np.bincount(rows.what[group[rows.who]], minlength=rows.objects)
    typical = having >= max(2.0, _TYPICAL * group.sum())
    some = typical[rows.what]
    who, what, often = rows.who[some], rows.what[some], rows.often[some]
    inside = group[who]
    hits = np.bincount(what[inside], weights=often[inside], minlength=rows.objects)
    elsewhere = np.bincount(what[~inside], weights=often[~inside], minlength=rows.objects)
    rate = (hits + 0.5) / (window.active[group].sum() + 1)
    usual = (elsewhere + 0.5) / (window.active[~group].sum() + 1)
    without = np.log1p(-rate) - np.log1p(-usual)
    gain = np.log(rate) - np.log(usual) - without
    named = np.bincount(who, weights=often * gain[what], minlength=len(window))
    score: Floats = named + window.active * float(without[typical].sum())
    return score


def _meetings(group: Bools, window: Window) -> Floats:
    """By how much of where an account was, whom it answered and what it linked to another of the group has as well,
    against the others of its platform: nats for each account."""
    rows = window.rows(*MEETINGS)
    inside = group[rows.who]
    having = np.bincount(rows.what[inside], minlength=rows.objects)
    hits = np.bincount(rows.who[having[rows.what] > inside], minlength=len(window))  # another one than itself
    of = np.bincount(rows.who, minlength=len(window))
    score = np.zeros(len(window))
    for platform in np.unique(window.platforms[group]).tolist():
        here = window.platforms == platform
        ours, others = here & group, here & ~group
        rate = (hits[ours].sum() + 0.5) / (of[ours].sum() + 1)
        usual = (hits[others].sum() + 0.5) / (of[others].sum() + 1)
        score[here] = hits[here] * log(rate / usual) + (of - hits)[here] * log((1 - rate) / (1 - usual))
    return score

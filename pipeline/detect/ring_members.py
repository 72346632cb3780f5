"""Which accounts of a community are a ring, if there is one in it: its signs tell it from the people around it, who
work for the firm that it praises, say, or are its customers.

They are a mixture of two kinds of accounts, of which the one has each sign as often as innocent groups do, and the
other at a rate of its own; fitted by the EM algorithm (McLachlan and Peel, "Finite Mixture Models", 2000).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log

import numpy as np

from pipeline.detect.ring_signs import Sign
from pipeline.detect.ring_window import Bools, Floats

_TURNS = 50


def members(group: Bools, signs: Sequence[Sign]) -> Bools:
    """Who of a community is likelier in a ring than not, by the signs of the community. Shape (accounts,)."""
    ring, _ = _mixture(group, signs)
    out = np.zeros_like(group)
    out[np.flatnonzero(group)[ring >= 0.5]] = True
    return out


def evidence(group: Bools, signs: Sequence[Sign]) -> float:
    """How much likelier these signs are if there is a ring in the community than if there is none, in nats. Signs that
    the same accounts have say more than signs of different ones, so a ring is seen among people who have none."""
    _, gain = _mixture(group, signs)
    return gain - sum(log(sign.choice) for sign in signs)


def _mixture(group: Bools, signs: Sequence[Sign]) -> tuple[Floats, float]:
    """How likely each account of the community is in the ring, shape (its accounts,), and the logarithm of the
    likelihood ratio of a community with a ring and one without."""
    usual = np.array([[sign.usual] for sign in signs])
    known = np.array([sign.known[group] for sign in signs])
    has = known & np.array([sign.has[group] for sign in signs])
    innocent = np.where(has, np.log(usual), np.where(known, np.log1p(-usual), 0.0)).sum(axis=0)
    ring, gain = np.where(has.any(axis=0), 0.9, 0.1), np.zeros(len(innocent))
    for _ in range(_TURNS):
        share = (ring.sum() + 0.5) / (len(ring) + 1)
        rate = ((has * ring).sum(axis=1) + 0.5) / ((known * ring).sum(axis=1) + 1)
        # A ring shows no sign less than others do.
        rate = np.maximum(rate[:, None], usual)
        like = np.where(has, np.log(rate), np.where(known, np.log1p(-rate), 0.0)).sum(axis=0) - innocent
        ring = 1.0 / (1.0 + np.exp(log((1 - share) / share) - like))
        gain = np.logaddexp(log(share) + like, log(1 - share))
    return ring, float(gain.sum())

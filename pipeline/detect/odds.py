"""How surprising a count is."""

from __future__ import annotations

from math import inf, lgamma, log

from pipeline.detect.tail import log_beta
from schemas.times import Micros


def binomial_surprise(hits: int, trials: int, share: float) -> float:
    """-log10 of the probability of at least `hits` of `trials`, each with probability `share` (0..1)."""
    if hits <= 0 or share >= 1:
        return 0.0
    if share <= 0:
        return inf
    return max(0.0, -log_beta(hits, trials - hits + 1, share) / log(10))


def poisson_surprise(count: int, mean: float) -> float:
    """-log10 of the probability of at least `count` where `mean` are expected."""
    if count <= 0 or count <= mean:
        return 0.0
    if mean <= 0:
        return inf
    total, term, k = 1.0, 1.0, count
    while term > 1e-12 * total:
        k += 1
        term *= mean / k
        total += term
    return max(0.0, -(count * log(mean) - mean - lgamma(count + 1) + log(total)) / log(10))


def densest(dates: list[Micros], width: Micros) -> tuple[Micros, int]:
    """The stretch of this length with most of the dates: its first date and how many it holds; the earliest of several.
    (0, 0) without dates."""
    dates = sorted(dates)
    best, start, last = 0, 0, 0
    for first, date in enumerate(dates):
        last = max(last, first)
        while last < len(dates) and dates[last] < date + width:
            last += 1
        if last - first > best:
            best, start = last - first, date
    return start, best


def gini(counts: list[int]) -> float:
    """Gini's coefficient of concentration: 0 when all are equal, towards 1 when one has everything."""
    total, n = sum(counts), len(counts)
    if not total:
        return 0.0
    return sum((2 * rank - n - 1) * count for rank, count in enumerate(sorted(counts), 1)) / (n * total)

"""The tail of the negative binomial distribution."""

from __future__ import annotations

from math import exp, inf, lgamma, log, log1p


def log_beta(a: float, b: float, x: float) -> float:
    """ln of the regularised incomplete beta function I_x(a, b), which is the negative binomial's upper tail.

    Lentz's continued fraction (DLMF 8.17.22), to a relative error below 1e-9.
    """
    if x > (a + 1) / (a + b + 2):
        other = exp(log_beta(b, a, 1 - x))
        return log1p(-other) if other < 1 else -inf
    front = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x) - log(a)
    tiny, c = 1e-300, 1.0
    d = 1 / (1 - (a + b) * x / (a + 1) or tiny)
    result = d
    for m in range(1, 2000):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / (1 + term * d or tiny)
            c = 1 + term / c or tiny
            result *= c * d
        if abs(c * d - 1) < 1e-10:
            break
    return front + log(result)

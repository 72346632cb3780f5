"""When the same accounts come to several pages in step."""

from __future__ import annotations

import msgspec

from schemas.times import DAY, Micros


class TogetherParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """apart: waves of two pages that began at most so far from each other are compared, microseconds.
    accounts: least number of accounts among the first hundred of both waves.
    share: the same, as a share of the shorter of the two lists.
    """

    apart: Micros = 7 * DAY
    accounts: int = 10
    share: float = 0.2

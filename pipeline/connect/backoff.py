"""How long to wait before trying again."""

from __future__ import annotations

from collections.abc import Callable

import msgspec


class Backoff(msgspec.Struct, frozen=True):
    """Exponential back-off with full jitter (M. Brooker, "Exponential Backoff And Jitter", AWS, 2015).

    base and cap in seconds.
    """

    base: float = 0.5
    cap: float = 60.0

    def delay(self, failures: int, draw: Callable[[], float]) -> float:
        """Seconds to wait after so many failures in a row; `draw` gives a number in [0, 1)."""
        return draw() * min(self.cap, self.base * 2.0 ** min(failures, 60))

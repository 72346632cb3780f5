"""How often Python looks for reference cycles.

Nearly all that a batch makes is gone at its end, by reference counts alone; at Python's own pace the collector looks at
every post's objects several times before that, for a seventh of the CPU time of detection.
"""

from __future__ import annotations

import gc

YOUNG = 200_000
"""Objects that may have come without going before the collector looks: more than a batch has at a time. What lies about
in cycles is some tens of megabytes at the most."""


def collect_rarely() -> None:
    """For a process that does little but batches: what was imported is never looked at again, and the rest rarely."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 5, 10)

"""One attack and what came of it."""

from __future__ import annotations

from typing import NamedTuple


class Case(NamedTuple):
    """what was done; what happened, in a few words; whether that was as it should be; how many inputs were tried."""

    what: str
    happened: str
    held: bool
    tried: int = 1

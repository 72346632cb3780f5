"""One partition's accounts and the place where they are judged, as one detector: what tests and measurements feed."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.detect.activity import Activity
from pipeline.detect.author_merge import AuthorMerge
from pipeline.detect.authors import AuthorPace
from pipeline.detect.clock import Tick
from pipeline.detect.finding import Finding
from pipeline.detect.parameters_volume import AuthorParameters
from schemas.times import Micros


class AuthorWatch:
    """`AuthorPace` and `AuthorMerge`. `lateness` in microseconds."""

    def __init__(self, parameters: AuthorParameters, lateness: Micros) -> None:
        self._pace = AuthorPace(parameters, 0)
        self._merge = AuthorMerge(parameters, lateness)

    def __len__(self) -> int:
        """Accounts in memory."""
        return len(self._pace)

    def add(self, rows: Sequence[Activity]) -> None:
        """Takes posts, in any order."""
        self._pace.add(rows)

    def advance(self, tick: Tick) -> list[Finding]:
        """What there is to say at `tick`."""
        word = self._pace.advance(tick)
        return self._merge.feed([word] if word is not None else [], tick)

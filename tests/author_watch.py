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
    """`AuthorPace` in `partitions` partitions that go in step, and `AuthorMerge`. `lateness` in microseconds."""

    def __init__(self, parameters: AuthorParameters, lateness: Micros, partitions: int = 1) -> None:
        self._paces = [AuthorPace(parameters, source) for source in range(partitions)]
        self._merge = AuthorMerge(parameters, lateness)

    def __len__(self) -> int:
        """Accounts in memory."""
        return sum(map(len, self._paces))

    def add(self, rows: Sequence[Activity]) -> None:
        """Takes posts, in any order."""
        for number, pace in enumerate(self._paces):
            pace.add([row for row in rows if sum(row.author_id.encode()) % len(self._paces) == number])

    def advance(self, tick: Tick) -> list[Finding]:
        """What there is to say at `tick`."""
        words = [pace.advance(tick) for pace in self._paces]
        return self._merge.feed([word for word in words if word is not None], tick)

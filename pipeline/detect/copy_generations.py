"""Which entries of the copy index came together, and so are forgotten together."""

from __future__ import annotations

from schemas.times import Micros

_NEVER: Micros = -(1 << 61)


class _Generation:
    """Arrivals of one stretch of time. start: its first entry; posts: how many; latest: the time of the latest."""

    __slots__ = ("latest", "posts", "start")

    def __init__(self, start: int) -> None:
        self.start = start
        self.posts = 0
        self.latest: Micros = _NEVER


class Generations:
    """Posts by the stretch of arrivals in which they came; the last generation is the present one."""

    def __init__(self) -> None:
        self._all = [_Generation(0)]

    def __len__(self) -> int:
        """Posts of all generations."""
        return sum(generation.posts for generation in self._all)

    @property
    def start(self) -> int:
        """The first entry of the earliest generation."""
        return self._all[0].start

    @property
    def present(self) -> int:
        """The first entry of the present generation."""
        return self._all[-1].start

    def count(self, posts: int, latest: Micros) -> None:
        """Posts have come, the latest of them of this moment."""
        generation = self._all[-1]
        generation.posts += posts
        generation.latest = max(generation.latest, latest)

    def begin(self, entries: int, least: int = 1) -> None:
        """Begins a generation after so many entries, unless the present one has fewer than `least` posts."""
        if self._all[-1].posts >= least:
            self._all.append(_Generation(entries))

    def end_before(self, cut: Micros) -> None:
        """Drops the first generations of which every post came before the cut; the present one stays."""
        while len(self._all) > 1 and self._all[0].latest < cut:
            del self._all[0]

    def end_beyond(self, most: int) -> None:
        """Drops the first generations as long as `most` posts are left."""
        held = len(self)
        while held - self._all[0].posts >= most:
            held -= self._all[0].posts
            del self._all[0]

    def lower(self, entries: int) -> None:
        """Numbers of entries have become so much lower."""
        for generation in self._all:
            generation.start -= entries

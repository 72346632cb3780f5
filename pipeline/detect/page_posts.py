"""Posts on a page that many people answer or pass on, and prize draws that the page announces: what may bring it fans.

Fed in order of time, by the pane; a post is told once its time to be answered is over. So what is told is a function of
the set of posts. What bears another target, or none, is not on the page and counts for nothing here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec

from pipeline.detect.activity import Activity
from pipeline.detect.parameters_causes import CauseParameters
from schemas.times import HOUR, MINUTE, Micros

PANE = 10 * MINUTE
"""As `pipeline.detect.swarms.PANE`."""

Key = tuple[str, str]


class PagePost(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """at: of the post, or of its first answer where the post itself was not seen. own: the page's account wrote it.
    giveaway: it announces a prize draw. responses: answers and reposts on the page."""

    platform: str
    page: str
    post: str
    at: Micros
    own: bool
    giveaway: bool
    responses: int


class _Seen(msgspec.Struct):
    at: Micros
    own: bool = False
    giveaway: bool = False
    responses: int = 0


class PagePosts:
    """The posts of one shuffle partition's pages that may yet be answered."""

    def __init__(self, p: CauseParameters) -> None:
        self._p = p
        self._window = round(p.window_hours * HOUR / PANE)
        self._seen: dict[tuple[str, str, str], _Seen] = {}
        self._due: defaultdict[int, list[tuple[str, str, str]]] = defaultdict(list)

    def __len__(self) -> int:
        """Posts in memory."""
        return len(self._seen)

    def fold(self, key: Key, pane: int, rows: Sequence[Activity]) -> None:
        """The posts of one page in a pane, in order of (time, id)."""
        for row in rows:
            if row.author_id == row.target and not row.is_repost:
                seen = self._of((*key, row.post_id), pane, row.at)
                seen.own = True
                seen.giveaway = seen.giveaway or row.giveaway
            if row.towards and row.author_id != row.target:  # a page that answers itself is no attention
                self._of((*key, row.towards), pane, row.at).responses += 1

    def take(self, pane: int) -> Iterator[PagePost]:
        """What is told when time has come to the beginning of a pane."""
        for due in sorted(one for one in self._due if one <= pane):
            for name in sorted(self._due.pop(due)):
                seen = self._seen.pop(name)
                if seen.responses >= self._p.responses or (seen.own and seen.giveaway):
                    yield PagePost(*name, seen.at, seen.own, seen.giveaway, seen.responses)

    def _of(self, name: tuple[str, str, str], pane: int, at: Micros) -> _Seen:
        seen = self._seen.get(name)
        if seen is None:
            seen = self._seen[name] = _Seen(at)
            self._due[pane + self._window].append(name)
        return seen

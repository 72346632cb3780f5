"""On which other pages an account posted lately. All posts of an account pass through one source partition, so this is
where it is known.

Of what was posted less than the lateness before a post nothing is said: it may yet come. So what is said of a post
depends on the account's posts, not on when they came.
"""

from __future__ import annotations

from schemas.times import DAY, Micros

PAGES = 4
"""Pages of an account that are remembered, the latest ones."""


def is_page(target: str) -> bool:
    """A page, forum or brand is somebody's; a hashtag feed is nobody's."""
    return bool(target) and not target.startswith("#")


class Elsewhere:
    """`memory` and `lateness` in microseconds."""

    def __init__(self, memory: Micros, lateness: Micros) -> None:
        self._memory = memory
        self._lateness = lateness
        self.clear()

    def clear(self) -> None:
        """Begins anew."""
        self._of: dict[tuple[str, str], dict[str, tuple[Micros, Micros]]] = {}  # page -> first and last post
        self._swept: Micros = 0

    def __len__(self) -> int:
        """Accounts in memory."""
        return len(self._of)

    def visit(self, platform: str, author: str, target: str, at: Micros) -> tuple[str, ...]:
        """Takes one post on a page. Returns the other pages of the account, in order of their names."""
        pages = self._of.get((platform, author))
        if pages is None:
            self._of[platform, author] = {target: (at, at)}
            return ()
        known = pages.pop(target, None)
        others: tuple[str, ...] = ()
        if pages:
            before, after = at - self._lateness, at - self._memory
            others = tuple(sorted(page for page, (f, t) in pages.items() if f < before and t >= after))
        if known is None or at - known[1] > self._memory:
            known = (at, at)
        pages[target] = (min(known[0], at), max(known[1], at))
        if len(pages) > PAGES:
            del pages[min(pages, key=lambda page: (pages[page][1], page))]
        return others

    def forget(self, watermark: Micros) -> None:
        """Drops accounts that were on no page for long; once a day of event time."""
        if watermark < self._swept + DAY:
            return
        self._swept = watermark
        limit = watermark - self._memory - self._lateness
        self._of = {k: pages for k, pages in self._of.items() if max(p[1] for p in pages.values()) >= limit}

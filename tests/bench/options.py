"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass

POSTS = 60_000


@dataclass(frozen=True, slots=True)
class Options:
    """posts: at the most, of each kind (generated, recorded). quick: everything small, for developing the benchmark.
    large: ten million rows in the store."""

    posts: int = POSTS
    quick: bool = False
    large: bool = False

    @property
    def count(self) -> int:
        """Posts of each kind."""
        return min(self.posts, 4_000) if self.quick else self.posts

    @property
    def rows(self) -> int:
        """Posts in the store that is queried."""
        return 50_000 if self.quick else 10_000_000 if self.large else 1_000_000

    @property
    def copy_sizes(self) -> tuple[int, ...]:
        """Posts of the copy task."""
        return (2_000,) if self.quick else (20_000, 80_000)

    @property
    def patience(self) -> float:
        """Seconds that another tool may take for one size of the copy task."""
        return 60.0 if self.quick else 600.0

    @property
    def rates(self) -> tuple[tuple[int, float], ...]:
        """Posts a second, and for how many seconds."""
        return ((1_000, 4.0),) if self.quick else ((100, 60.0), (2_000, 60.0), (10_000, 30.0))

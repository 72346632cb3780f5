"""Which posts are copies of one another: the links, found bucket by bucket.

The truth to be found is a graph. Its vertices are posts; two posts are joined when they lie at most `window` apart and
their normalised texts are equal or nearly so. A copy cluster is a connected component. The graph does not depend on the
order in which posts arrive, and neither does what this index reports of it:

* Posts of one text that follow each other within the window form a chain, one entry of the index. A new post is
  linked to its neighbour in the chain; all other pairs of the chain are joined through neighbours.
* A post that no chain takes founds an entry and looks for near texts among those that share a band with its own. A
  match is linked if it has a post within the window, and else remembered for posts that come later. An entry that
  is connected with the new one already needs no comparison: a link would change no component.

What `max_posts` makes the index forget before its time is the exception: then links to posts so old are missing.

Several indexes may share the work, each seeing only the texts of its own buckets: the union of their links connects
what one index over everything would connect. Links are a spanning forest: a post brings at most one link for each
component that it joins.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from pipeline.detect.buckets import BucketIndex, Keys
from pipeline.detect.copy_parameters import CopyParameters
from pipeline.text.alike import alike, comparable
from pipeline.text.fingerprint import SKETCH
from schemas.times import HOUR, Micros


class CopyPost(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What the copy detector knows of a post. `flags` is a set of bits of `pipeline.text.phrases`."""

    platform: str
    id: str
    author_id: str
    at: Micros
    url: str
    flags: int
    sample: str

    @property
    def order(self) -> tuple[Micros, str, str]:
        """Posts in order of time; ties by platform and id."""
        return (self.at, self.platform, self.id)


class Candidate(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A post on its way into the index. `bare` is empty where it equals `full`; `key` is `text_key(full)`."""

    post: CopyPost
    key: int
    full: str
    bare: str


class Link(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Two posts that belong to one cluster."""

    a: CopyPost
    b: CopyPost


_SHARED = 10
"""Bytes of a sketch that two texts must share to be compared: at the least similarity of the shingles that copies have,
about a third, 16 of 48 are shared, and fewer than 10 twice in a hundred times; texts of one subject share six to nine,
and a feed is full of those."""
_AT_ONCE = 1 << 16


def _grown(array: npt.NDArray[np.uint8], length: int) -> npt.NDArray[np.uint8]:
    """The array, with room for `length` rows; room is doubled when it ends."""
    if length <= len(array):
        return array
    grown = np.zeros((max(length, 2 * len(array), 1024), *array.shape[1:]), dtype=array.dtype)
    grown[: len(array)] = array
    return grown


class _Entry:
    """A chain of posts of one text, in order of time, and the near entries that it could not be linked to yet."""

    __slots__ = ("key", "near", "posts", "text")

    def __init__(self, row: Candidate, least: int) -> None:
        self.key = row.key
        self.text = comparable(row.full, row.bare or row.full, least)
        self.posts: list[tuple[Micros, int, CopyPost]] = []
        self.near: list[int] = []


class CopyIndex:
    """The posts of the last `window`, by text."""

    def __init__(self, parameters: CopyParameters) -> None:
        self._parameters = parameters
        self.clear()

    def clear(self) -> None:
        """Forgets everything: the stream has ended."""
        parameters = self._parameters
        self._window: Micros = round(parameters.window_hours * HOUR)
        self._cutoff = parameters.similarity
        self._least = parameters.min_characters
        self._most = parameters.max_posts
        self._entries: list[_Entry] = []
        self._parents = array("q")
        self._by_key: dict[int, int] = {}
        self._buckets = BucketIndex()
        self._sketches = np.zeros((0, 2, SKETCH), dtype=np.uint8)
        self._counter = 0
        self._held = 0
        self._cut: Micros = 0

    def __len__(self) -> int:
        return self._held

    def add(
        self,
        rows: Sequence[Candidate],
        keys: Keys,
        counts: npt.NDArray[np.int64],
        sketches: npt.NDArray[np.uint8],
    ) -> list[Link]:
        """Takes posts in any order and returns the links that they bring.

        Args:
            rows: the posts.
            keys, counts, sketches: their `pipeline.text.fingerprint.Fingerprints`; of the keys only those that this
                index is to know.
        """
        founders: dict[int, int] = {}  # one entry for each new text of the batch
        for i, row in enumerate(rows):
            if row.key not in founders and self._chain(row) is None:
                founders[row.key] = i
        first = len(self._entries)
        numbers = {i: first + n for n, i in enumerate(founders.values())}
        self._entries += [_Entry(rows[i], self._least) for i in numbers]
        self._parents.extend(numbers.values())
        self._sketches = _grown(self._sketches, first + len(numbers))
        self._sketches[list(numbers.values())] = sketches[list(numbers)]
        owners = np.full(len(rows), -1, dtype=np.int64)
        owners[list(numbers)] = list(numbers.values())
        owners = np.repeat(owners, counts)
        near = self._candidates(keys[owners >= 0], owners[owners >= 0])
        starts = np.cumsum(counts) - counts
        links: list[Link] = []
        for i, row in enumerate(rows):
            entry = numbers.get(i)
            if entry is None:
                entry = self._chain(row)
                if entry is not None:
                    self._settle(entry, row.post, links)
                    continue
                # A further chain of a text that is new in this batch.
                entry = len(self._entries)
                self._entries.append(_Entry(row, self._least))
                self._parents.append(entry)
                self._sketches = _grown(self._sketches, entry + 1)
                self._sketches[entry] = sketches[i]
                own = keys[starts[i] : starts[i] + counts[i]]
                near |= self._candidates(own, np.full(len(own), entry, dtype=np.int64))
            self._found(entry, near.get(entry, ()), row, links)
        if self._held > self._most + self._most // 4:
            self._forget()
        return links

    def _candidates(self, keys: Keys, owners: npt.NDArray[np.int64]) -> dict[int, list[int]]:
        """For each new entry the earlier entries that share a band and some of the sketch with it, latest first."""
        found: dict[int, list[int]] = {}
        asking, earlier = self._buckets.insert(keys, owners)
        kept = np.zeros(len(asking), dtype=bool)
        for start in range(0, len(asking), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            same = self._sketches[asking[part]] == self._sketches[earlier[part]]
            kept[part] = same.sum(axis=2, dtype=np.uint8).max(axis=1) >= _SHARED
        asking, earlier = asking[kept], earlier[kept]
        for entry, other in zip(asking[::-1].tolist(), earlier[::-1].tolist(), strict=True):
            found.setdefault(entry, []).append(other)
        return found

    def _chain(self, row: Candidate) -> int | None:
        """The latest entry of this text, if one of its posts lies within the window."""
        entry = self._by_key.get(row.key)
        return None if entry is None or self._nearest(entry, row.post.at) is None else entry

    def _nearest(self, entry: int, at: Micros) -> CopyPost | None:
        """A post of the entry next to a moment and within the window of it."""
        posts = self._entries[entry].posts
        place = bisect_left(posts, (at, -1))
        if place and at - posts[place - 1][0] <= self._window:
            return posts[place - 1][2]
        if place < len(posts) and posts[place][0] - at <= self._window:
            return posts[place][2]
        return None

    def _found(self, entry: int, candidates: Sequence[int], row: Candidate, links: list[Link]) -> None:
        """Gives a new entry its first post and its near entries."""
        self._by_key[row.key] = entry
        self._settle(entry, row.post, links)
        text = self._entries[entry]
        for candidate in candidates:
            if self._root(candidate) == self._root(entry):
                continue
            other = self._entries[candidate]
            if not self._alike(text, other):
                continue
            neighbour = self._nearest(candidate, row.post.at)
            if neighbour is None:
                text.near.append(candidate)
                other.near.append(entry)
            else:
                self._join(entry, candidate, row.post, neighbour, links)

    def _settle(self, entry: int, post: CopyPost, links: list[Link]) -> None:
        """Puts a post into its chain and links the chain along remembered matches."""
        text = self._entries[entry]
        neighbour = self._nearest(entry, post.at)
        if neighbour is not None:
            links.append(Link(neighbour, post))
        self._counter += 1
        self._held += 1
        insort(text.posts, (post.at, self._counter, post))
        for near in text.near:
            neighbour = self._nearest(near, post.at)
            if neighbour is not None:
                self._join(entry, near, post, neighbour, links)

    def _alike(self, a: _Entry, b: _Entry) -> bool:
        return a.key == b.key or alike(a.text, b.text, self._cutoff)

    def _root(self, entry: int) -> int:
        parents = self._parents
        while parents[entry] != entry:
            parents[entry] = parents[parents[entry]]
            entry = parents[entry]
        return entry

    def _join(self, a: int, b: int, post: CopyPost, neighbour: CopyPost, links: list[Link]) -> None:
        x, y = self._root(a), self._root(b)
        if x != y:
            self._parents[max(x, y)] = min(x, y)
            links.append(Link(neighbour, post))

    def expire(self, watermark: Micros) -> None:
        """Forgets what nothing that comes after the watermark can be joined to. Cheap to call often."""
        cut = watermark - self._window
        if cut >= self._cut + self._window // 8:
            self._cut = cut
            self._rebuild(cut)

    def _forget(self) -> None:
        """Keeps the latest `max_posts`: memory is bounded, and the window is shorter while so much comes in."""
        times = np.fromiter(
            (post[0] for entry in self._entries for post in entry.posts), np.int64, self._held
        )
        self._rebuild(int(np.partition(times, self._held - self._most)[self._held - self._most]))

    def _rebuild(self, cut: Micros) -> None:
        alive = []
        number_of_entries = len(self._entries)
        for number, entry in enumerate(self._entries):
            if entry.posts[-1][0] >= cut:
                del entry.posts[: bisect_left(entry.posts, (cut, -1))]
                alive.append(number)
        self._held = sum(len(self._entries[number].posts) for number in alive)
        moved = {old: new for new, old in enumerate(alive)}
        roots: dict[int, int] = {}
        self._parents = array("q", (roots.setdefault(self._root(old), new) for new, old in enumerate(alive)))
        self._entries = [self._entries[old] for old in alive]
        for entry in self._entries:
            entry.near = [moved[near] for near in entry.near if near in moved]
        self._by_key = {key: moved[entry] for key, entry in self._by_key.items() if entry in moved}
        self._sketches = self._sketches[alive]
        renumbered = np.full(number_of_entries, -1, dtype=np.int64)
        renumbered[alive] = np.arange(len(alive))
        self._buckets = self._buckets.subset(renumbered)

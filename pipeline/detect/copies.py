"""Which posts are copies of one another: the links, found bucket by bucket.

The truth to be found is a graph. Its vertices are posts; two posts are joined when they lie at most `window` apart and
their normalised texts are equal or nearly so. A copy cluster is a connected component. The graph does not depend on the
order in which posts arrive, and neither does what this index reports of it:

* Posts of one text that follow each other within the window form a chain, one entry of the index. Of the chain its
  earliest and its latest moment suffice: between them no gap is longer than the window, so a post has a neighbour in
  the chain exactly if it lies no further than the window outside. It is linked to a post of the chain.
* A post that no chain takes founds an entry and looks for near texts among those that share a band with its own. A
  match is linked if the two chains come as near to each other as the window, and else remembered for posts that come
  later. An entry that is connected with the new one already needs no comparison: a link would change no component.

What `max_posts` makes the index forget before its time is the exception: then links to posts so old are missing.

Entries are forgotten by generations, the arrivals of an eighth of the window each. A text that is still being posted
when its generation is no longer the present one gets a new entry, which takes the place of the old one.

Several indexes may share the work, each seeing only the texts of its own buckets: the union of their links connects
what one index over everything would connect. Links are a spanning forest: a post brings at most one link for each
component that it joins.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from pipeline.detect import copy_blocks
from pipeline.detect.buckets import BucketIndex
from pipeline.detect.columns import distinct
from pipeline.detect.copy_generations import Generations
from pipeline.detect.copy_parameters import CopyParameters
from pipeline.detect.copy_post import Candidate, CopyPost, Link
from pipeline.detect.copy_rows import CopyRows, Numbers, looks_of
from pipeline.detect.full_buckets import FullBuckets
from pipeline.text.alike import Comparable, alike, comparable
from schemas.times import HOUR, Micros

__all__ = ["Candidate", "CopyIndex", "CopyPost", "Link"]

Keys = npt.NDArray[np.uint64]
Similar = tuple[int, int]
"""An entry that looks like another, and the ways in which their texts may be copies."""

_AT_ONCE = 1 << 10
"""Posts that are taken at a time: what looking them up needs meanwhile is bounded."""
_FEW = 64
"""Entries of a full bucket that are looked at first: mostly they are alike, and the others are left out."""
_PARTS = 8
"""Generations of a window."""
_TOLD_APART = 1 << 16


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
        self._rows = CopyRows(self._window, parameters.similarity)
        self._texts = BucketIndex()
        self._bands = BucketIndex()
        self._full = FullBuckets()
        self._marks = np.zeros(_TOLD_APART, dtype=bool)  # upper halves of the keys of full buckets
        self._near: dict[int, list[int]] = {}
        self._generations = Generations()
        self._cut: Micros = 0

    def __len__(self) -> int:
        return len(self._generations)

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
        links: list[Link] = []
        ends = np.cumsum(counts)
        size = min(_AT_ONCE, max(1, self._most // _PARTS))
        for start in range(0, len(rows), size):
            part = slice(start, start + size)
            own = keys[ends[start] - counts[start] : ends[part][-1]]
            self._add(
                rows[part], (own >> np.uint64(32)).astype(np.uint32), counts[part], sketches[part], links
            )
            self._bound()
        return links

    def _add(
        self,
        batch: Sequence[Candidate],
        keys: npt.NDArray[np.uint32],
        counts: npt.NDArray[np.int64],
        sketches: npt.NDArray[np.uint8],
        links: list[Link],
    ) -> None:
        text_keys = np.fromiter((row.key for row in batch), dtype=np.int64, count=len(batch))
        known = self._known(text_keys)
        founded: dict[int, int] = {}  # place in the batch -> entry
        heirs: dict[int, int] = {}
        texts: list[Comparable] = []  # of the entries founded
        first = len(self._rows)
        for place, row in enumerate(batch):
            old = known.get(row.key)
            if old is not None and not self._rows.takes(old, row.post.at):
                old = None
            if old is not None and old >= self._generations.present:
                self._settle(old, row.post, links)
                continue
            text = comparable(row.full, row.bare or row.full, self._least)
            texts.append(text)
            founded[place] = known[row.key] = entry = self._rows.append(row.key, text, row.post)
            if old is not None:
                links.append(Link(self._rows.posts[old], row.post))
                self._succeed(old, entry)
                self._bridge(entry, links)
                heirs[old] = entry
        self._generations.count(len(batch), max(row.post.at for row in batch))
        if not founded:
            return
        places, entries = np.array(list(founded)), np.array(list(founded.values()))
        self._rows.draw(first, texts, looks_of(sketches[places]))
        self._texts.insert((text_keys[places] >> 32).astype(np.uint32), entries)
        owners = np.full(len(batch), -1, dtype=np.int64)
        owners[places] = entries
        owners = np.repeat(owners, counts)
        asked = owners >= 0
        found, full = self._candidates(keys[asked], owners[asked], first)
        inherited = set(heirs.values())
        for entry in founded.values():
            new = entry not in inherited
            if new and entry in found:
                self._compare(entry, found[entry], heirs, links)
            for key in full.get(entry, ()):
                if new:
                    self._search(entry, key, heirs, links)
                self._full.add(key, entry, self._rows.root)

    def _known(self, keys: Numbers) -> dict[int, int]:
        """Text key -> its latest entry."""
        asking, entries = self._texts.find((keys >> 32).astype(np.uint32))
        wanted = keys[asking].tolist()
        known: dict[int, int] = {}
        for key, entry in zip(wanted, entries.tolist(), strict=True):
            if self._rows.keys[entry] == key and entry > known.get(key, -1):
                known[key] = entry
        return known

    def _settle(self, entry: int, post: CopyPost, links: list[Link]) -> None:
        """Puts a post into its chain and links the chain along remembered matches."""
        links.append(Link(self._rows.posts[entry], post))
        self._rows.stretch(entry, post.at)
        self._bridge(entry, links)

    def _bridge(self, entry: int, links: list[Link]) -> None:
        for other in self._near.get(entry, ()):
            if self._rows.meet(entry, other):
                self._join(entry, other, links)

    def _succeed(self, old: int, new: int) -> None:
        """An entry takes the place of an earlier one of its text."""
        self._rows.succeed(old, new)
        near = self._near.pop(old, None)
        if near is not None:
            self._near[new] = near
            for other in near:
                self._near[other] = [new if number == old else number for number in self._near[other]]

    def _candidates(
        self, keys: npt.NDArray[np.uint32], owners: Numbers, first: int
    ) -> tuple[dict[int, list[Similar]], dict[int, list[int]]]:
        """For each new entry (of the numbers from `first` on) the earlier ones that share a band with it and look like
        it, latest first; and the keys of its full buckets."""
        found: dict[int, list[Similar]] = {}
        full: dict[int, list[int]] = {}
        # The two forms of a text have many keys in common.
        pairs = distinct([(owners << 32) | keys])
        owners, keys = pairs >> 32, (pairs & 0xFFFFFFFF).astype(np.uint32)
        kept = np.ones(len(keys), dtype=bool)
        for place in np.flatnonzero(self._marks[keys >> np.uint32(16)]).tolist():
            key = int(keys[place])
            if key in self._full:
                kept[place] = False
                full.setdefault(int(owners[place]), []).append(key)
        owners, keys = owners[kept], keys[kept]
        self._bands.insert(keys, owners)
        asking, earlier, handed = self._bands.earlier(keys, owners)
        for key in set(keys[handed].tolist()):
            _, entries = self._bands.find(np.array([key], dtype=np.uint32))
            self._full.open(key, sorted(set(entries[entries < first].tolist())))
            self._marks[key >> 16] = True
            for owner in owners[keys == key].tolist():
                full.setdefault(owner, []).append(key)
        places, ways = self._rows.similar(asking, earlier)
        alike_ones = zip(asking[places].tolist(), earlier[places].tolist(), ways.tolist(), strict=True)
        for entry, other, way in reversed(list(alike_ones)):
            found.setdefault(entry, []).append((other, way))
        return found, full

    def _search(self, entry: int, key: int, heirs: dict[int, int], links: list[Link]) -> None:
        """Compares a new entry with the entries of a full bucket."""
        root = self._rows.root
        *groups, loose = self._full.parts(key, root)
        for group in groups:
            end, size = len(group), _FEW
            while end > 0 and root(group[0]) != root(entry):
                start = max(0, end - size)
                self._compare(entry, self._similar(entry, group[start:end]), heirs, links)
                end, size = start, 4 * size
        if loose:
            self._compare(entry, self._similar(entry, loose), heirs, links)

    def _similar(self, entry: int, others: array[int]) -> list[Similar]:
        """Those of some entries that look like this one, latest first."""
        numbers = np.array(others, dtype=np.int64)[::-1]
        places, ways = self._rows.similar(np.array([entry]), numbers)
        return list(zip(numbers[places].tolist(), ways.tolist(), strict=True))

    def _compare(
        self, entry: int, others: Iterable[Similar], heirs: dict[int, int], links: list[Link]
    ) -> None:
        """Compares a new entry with earlier ones. `heirs`: those that took the place of others in this batch."""
        rows, root = self._rows, self._rows.root
        text, key, own = rows.texts[entry], rows.keys[entry], root(entry)
        for other, ways in others:
            if root(other) == own:
                continue
            if rows.dead(other):
                other = heirs.get(other, other)
                if rows.dead(other):
                    continue
            if key != rows.keys[other] and not alike(text, rows.texts[other], self._cutoff, ways):
                continue
            if self._rows.meet(entry, other):
                self._join(entry, other, links)
                own = root(entry)
            else:
                self._near.setdefault(entry, []).append(other)
                self._near.setdefault(other, []).append(entry)

    def _join(self, a: int, b: int, links: list[Link]) -> None:
        if self._rows.connect(a, b):
            links.append(Link(self._rows.posts[b], self._rows.posts[a]))

    def expire(self, watermark: Micros) -> None:
        """Forgets what nothing that comes after the watermark can be joined to. Cheap to call often."""
        cut = watermark - self._window
        if cut >= self._cut + self._window // _PARTS:
            self._cut = cut
            self._generations.begin(len(self._rows))
            self._generations.end_before(cut)
            self._forget()

    def _bound(self) -> None:
        """Keeps `max_posts` and what came with the earliest of them: memory is bounded, and the window is shorter
        while so much comes in."""
        self._generations.begin(len(self._rows), max(1, self._most // _PARTS))
        self._generations.end_beyond(self._most)
        self._forget()

    def _forget(self) -> None:
        """Forgets the entries before the first generation, except for a few that share a block with later ones."""
        blocks = self._generations.start // copy_blocks.BLOCK
        if not blocks:
            return
        entries = blocks * copy_blocks.BLOCK
        self._rows.forget(blocks)
        self._texts.forget(entries)
        self._bands.forget(entries)
        self._full.forget(entries)
        self._generations.lower(entries)
        self._near = {
            entry - entries: kept
            for entry, near in self._near.items()
            if entry >= entries and (kept := [other - entries for other in near if other >= entries])
        }
        self._marks[:] = False
        for key in self._full:
            self._marks[key >> 16] = True

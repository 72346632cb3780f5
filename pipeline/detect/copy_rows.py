"""The entries of the copy index, in columns: when a text was posted, how it looks, and with what it is connected.

Entries are numbered in the order in which they come; what is forgotten is a beginning of them, and the numbers of the
others become so much lower.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from pipeline.detect import copy_blocks
from pipeline.detect.columns import empty, grown, shift
from pipeline.detect.copy_blocks import Posts, Texts
from pipeline.detect.copy_post import CopyPost
from pipeline.text.alike import Comparable, compared, sizes_of, ways_alike
from pipeline.text.fingerprint import SKETCH
from pipeline.text.outline import WORDS, Outlines, outlines
from schemas.times import Micros

Numbers = npt.NDArray[np.int64]

SHARED = 12
"""Half-bytes of a sketch that two texts must share to be compared: at the least similarity of the shingles that copies
have, about a third, 18 of 48 are shared, and fewer than 12 two or three times in a hundred; texts of one subject share
nine to eleven, and a feed is full of those."""
_DEAD: Micros = -(1 << 61)
_AT_ONCE = 1 << 12
_WORDS = SKETCH // 16
_NIBBLES = np.uint64(0x1111111111111111)
_1, _2 = np.uint64(1), np.uint64(2)


def looks_of(sketches: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """Sketches, shape (n, 2, `SKETCH`), cut to the lower half of each byte: shape (n, `SKETCH` / 8)."""
    half = SKETCH // 2
    packed = (sketches[:, :, :half] & 15) | (sketches[:, :, half:] << 4)
    return packed.reshape(len(packed), SKETCH).view(np.uint64)


class CopyRows:
    """Entries: texts, each with the stretch of time in which it was posted again and again.

    window: posts no further apart belong together (microseconds). cutoff: `pipeline.text.alike.alike`'s. keys: text
    keys.
    """

    def __init__(self, window: Micros, cutoff: float) -> None:
        self._window = window
        self._cutoff = cutoff
        self.keys = array("q")
        self._first = array("q")
        self._last = array("q")
        self.texts = Texts()
        self.posts = Posts()
        self._up = array("I")  # how many entries later the parent is; 0: none
        self._looks: npt.NDArray[np.uint64] = empty(np.uint64, 2 * _WORDS)
        self._sizes: npt.NDArray[np.uint16] = empty(np.uint16, 4)
        self._outlines: Outlines = empty(np.uint64, WORDS)

    def __len__(self) -> int:
        return len(self.keys)

    def append(self, key: int, text: Comparable, post: CopyPost) -> int:
        """A new entry; its number. Its look is told by `draw`."""
        self.keys.append(key)
        self._first.append(post.at)
        self._last.append(post.at)
        self._up.append(0)
        self.texts.append(text)
        self.posts.append(post)
        return len(self.keys) - 1

    def takes(self, entry: int, at: Micros) -> bool:
        """Whether a post of this moment belongs to the chain."""
        return self._first[entry] - self._window <= at <= self._last[entry] + self._window

    def meet(self, a: int, b: int) -> bool:
        """Whether two chains come as near to each other as the window."""
        first, last = self._first, self._last
        return max(first[a], first[b]) - min(last[a], last[b]) <= self._window

    def stretch(self, entry: int, at: Micros) -> None:
        """A post of this moment has come."""
        self._first[entry] = min(self._first[entry], at)
        self._last[entry] = max(self._last[entry], at)

    def succeed(self, old: int, new: int) -> None:
        """An entry takes the place of an earlier one of its text, which is dead from now on."""
        self.stretch(new, self._first[old])
        self.stretch(new, self._last[old])
        self._first[old] = self._last[old] = _DEAD
        self.connect(old, new)

    def dead(self, entry: int) -> bool:
        """Whether another entry took its place."""
        return self._last[entry] == _DEAD

    def draw(self, first: int, texts: Sequence[Comparable], looks: npt.NDArray[np.uint64]) -> None:
        """How the entries from `first` on, the latest ones, look: their texts, and their sketches (`looks_of`)."""
        self._looks = grown(self._looks, len(self.keys))
        new = slice(first, len(self.keys))
        self._looks[new] = looks
        self._sizes = grown(self._sizes, len(self.keys))
        self._sizes[new] = sizes_of(texts)
        self._outlines = grown(self._outlines, len(self.keys))
        self._outlines[new] = outlines([compared(text) for text in texts])

    def similar(self, some: Numbers, others: Numbers) -> tuple[Numbers, npt.NDArray[np.uint8]]:
        """Which entries, pair by pair, look so much alike that their texts are to be compared: the places of the pairs,
        in order, and in which ways (`pipeline.text.alike.ways_alike`). One entry may stand for `some`, to be paired
        with all others."""
        kept = np.zeros(len(others), dtype=bool)
        for start in range(0, len(others), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            # Rows are taken: an index in brackets gathers them number by number.
            differ = self._looks.take(others[part], axis=0)
            differ ^= self._looks.take(some if len(some) == 1 else some[part], axis=0)
            shifted = differ >> _1
            differ |= shifted
            np.right_shift(differ, _2, out=shifted)
            differ |= shifted
            differ &= _NIBBLES
            # One bit for each half-byte that differs.
            counts = np.bitwise_count(differ)
            full, bare = counts[:, 0].copy(), counts[:, _WORDS].copy()
            for word in range(1, _WORDS):
                full += counts[:, word]
                bare += counts[:, _WORDS + word]
            kept[part] = np.minimum(full, bare) <= SKETCH - SHARED
        places = np.flatnonzero(kept)
        some, others = some if len(some) == 1 else some[places], others[places]
        ways = ways_alike(
            self._sizes.take(some, axis=0),
            self._sizes.take(others, axis=0),
            self._outlines.take(some, axis=0),
            self._outlines.take(others, axis=0),
            self._cutoff,
        )
        open_ones = np.flatnonzero(ways)
        return places[open_ones], ways[open_ones]

    def root(self, number: int) -> int:
        """The entry that stands for all that are connected with this one: the latest of them."""
        up = self._up
        step = up[number]
        while step:
            parent = number + step
            further = up[parent]
            if further:
                up[number] = step + further
            number, step = parent + further, up[parent + further]
        return number

    def connect(self, a: int, b: int) -> bool:
        """Connects two entries; whether they were not connected before."""
        x, y = self.root(a), self.root(b)
        if x == y:
            return False
        if x > y:
            x, y = y, x
        self._up[x] = y - x
        return True

    def rewrite(self, change: Callable[[CopyPost], CopyPost]) -> None:
        """Puts other posts in the places of some; the texts of those go."""
        changed = {n: post for n in range(len(self)) if (post := change(self.posts[n])) != self.posts[n]}
        if not changed:
            return
        texts, posts = Texts(), Posts()
        for number in range(len(self)):
            text = self.texts[number]
            texts.append(text._replace(full="", bare="") if number in changed else text)
            posts.append(changed.get(number) or self.posts[number])
        self.texts, self.posts = texts, posts

    def forget(self, blocks: int) -> None:
        """Forgets the first `blocks` times `copy_blocks.BLOCK` entries."""
        drop = min(blocks * copy_blocks.BLOCK, len(self.keys))
        self._looks = shift(self._looks, drop, len(self.keys))
        self._sizes = shift(self._sizes, drop, len(self.keys))
        self._outlines = shift(self._outlines, drop, len(self.keys))
        for column in (self.keys, self._first, self._last, self._up):
            del column[:drop]
        self.texts.forget(blocks)
        self.posts.forget(blocks)

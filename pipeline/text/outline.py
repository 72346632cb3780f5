"""What a text is made of, in a few bytes: enough to tell of most pairs of texts that they are no copies.

Two counts, both of which can only come out lower than the truth, so that no pair of copies is ever told apart:

* How often letters occur. An insertion or deletion changes one count by one, so the sum of the differences is at most
  the distance of which `fuzz.ratio` is made (frequency distance: Kahveci and Singh, VLDB 2001).
* Which pieces occur, as a Bloom filter with one hash function (Bloom, CACM 1970). A bit that only one of two texts has
  belongs to a piece that only that one has.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

PIECE = 4
"""Characters of a piece, as `pipeline.text.alike` compares them."""
WORDS = 6
"""Numbers of 64 bits that make an outline."""
_LETTERS = 2
"""Those of them that count letters."""
_COUNTED = 32
"""Counts of letters, four bits each. Letters that agree in the last five bits of their code share one."""
_MOST = 15
_BITS = 64 * (WORDS - _LETTERS)
"""Half as many leave a post of a hundred characters little to be told by: most bits are set."""
_FACTOR, _MIX, _SHIFT = np.uint32(0x9E3779B1), np.uint32(0x85EBCA6B), np.uint32(33 - _BITS.bit_length())
_SPACE = 32
_EACH_BYTE, _UPPERMOST = np.uint64(0x0101010101010101), np.uint64(56)

Outlines = npt.NDArray[np.uint64]


def outlines(texts: Sequence[str]) -> Outlines:
    """The outlines of texts, shape (n, `WORDS`): counts of letters, then pieces."""
    count = len(texts)
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    owner = np.repeat(np.arange(count), np.fromiter(map(len, texts), dtype=np.int64, count=count))
    letters = np.bincount(owner * _COUNTED + (codes & np.uint32(_COUNTED - 1)), minlength=count * _COUNTED)
    few = np.minimum(letters, _MOST).astype(np.uint8)
    bits = np.zeros(count * _BITS, dtype=bool)
    solid = np.flatnonzero(codes != _SPACE)
    codes, owner = codes[solid], owner[solid]
    if len(codes) >= PIECE:
        ends = len(codes) - PIECE + 1
        hashed = np.zeros(ends, dtype=np.uint32)
        for k in range(PIECE):
            hashed = hashed * _FACTOR + codes[k : k + ends]
        hashed ^= hashed >> np.uint32(15)
        hashed *= _MIX
        whole = owner[:ends] == owner[PIECE - 1 :]
        bits[(owner[:ends] * _BITS + (hashed >> _SHIFT))[whole]] = True
    packed = np.concatenate(
        ((few[::2] | few[1::2] << 4).reshape(count, -1), np.packbits(bits).reshape(count, -1)), axis=1
    )
    return packed.view(np.uint64)


def letters_apart(some: Outlines, others: Outlines) -> npt.NDArray[np.int64]:
    """Pair by pair, at most the insertions and deletions between two texts."""
    a, b = (np.ascontiguousarray(outline[:, :_LETTERS]).view(np.uint8) for outline in (some, others))
    apart = np.zeros(np.broadcast_shapes(a.shape, b.shape), dtype=np.uint8)
    for x, y in ((a & 15, b & 15), (a >> 4, b >> 4)):
        apart += np.maximum(x, y) - np.minimum(x, y)
    # The product has the sum of eight bytes, of at most twice `_MOST` each, in its uppermost byte.
    sums = (apart.view(np.uint64) * _EACH_BYTE) >> _UPPERMOST
    return (sums[:, 0] + sums[:, 1]).astype(np.int64)


def pieces_apart(some: Outlines, others: Outlines) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Pair by pair, at most the different pieces that only the first text has, and that only the second has."""
    a, b = some[:, _LETTERS:], others[:, _LETTERS:]
    return _ones(a & ~b), _ones(b & ~a)


def _ones(bits: Outlines) -> npt.NDArray[np.int64]:
    """Bits that are set in each row. Column by column: that is many times as fast as sums of short rows."""
    counts = np.bitwise_count(bits)
    ones = counts[:, 0].astype(np.int64)
    for column in range(1, counts.shape[1]):
        ones += counts[:, column]
    return ones

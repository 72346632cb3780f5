"""Whether two normalised texts are copies of one another: nearly the same from start to end, or the same pieces.

`fuzz.ratio` (rapidfuzz: twice the longest common subsequence over the sum of lengths) forgives changes anywhere but
knows one order only: two sentences that change places halve it, and a cut end costs what it cuts. Pieces of a few
characters, without spaces, do not mind their order (Broder, "On the resemblance and containment of documents", 1997:
resemblance and containment of sets of shingles). They suit texts that put no spaces between words, too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz
from rapidfuzz.distance import LCSseq

from pipeline.text.outline import PIECE, Outlines, letters_apart, pieces_apart

LEAST_SQUEEZED = 44
"""Characters without spaces below which pieces tell nothing: short texts of one subject share most of theirs.
Ideographs and kana count twice."""
CONTAINED = 0.82
"""Least share of the shorter text's pieces that the longer one has."""
COVERED = 0.6
"""Least share of the longer text's pieces that the shorter one has."""
BY_RATIO, BY_PIECES = 1, 2
"""In which ways two texts may be copies: bits of `ways_alike`."""
_MOST = (1 << 16) - 1
_OWN, _UNKNOWN = 2, 4
_SAMPLES = 12
_PIECE_WIDE = 2
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
"""Kana, ideographs, Hangul: letters that say as much as two or three of an alphabet."""


def weight(text: str) -> int:
    """How long a normalised text is: its characters, wide ones (kana, ideographs, Hangul) counted twice."""
    return len(text) if text.isascii() else len(text) + len(_WIDE.findall(text))


class Comparable(NamedTuple):
    """A normalised text in both forms, and what comparing asks of it again and again.

    own: without its hashtags it is long enough to be somebody's own. wide: a third of it or more are wide letters.
    """

    full: str
    bare: str
    own: bool
    wide: bool


def comparable(full: str, bare: str, least: int) -> Comparable:
    """`least`: characters, as `weight` counts them, from which a text is somebody's own."""
    wide = 0 if bare.isascii() else len(_WIDE.findall(bare))
    return Comparable(full, bare, len(bare) + wide >= least, 3 * wide >= max(1, len(bare)))


def compared(text: Comparable) -> str:
    """The form whose pieces are compared."""
    return text.bare if text.own else text.full


def sizes_of(texts: Sequence[Comparable]) -> npt.NDArray[np.uint16]:
    """What `ways_alike` asks of texts, shape (n, 4): characters of both forms, those without spaces of the form whose
    pieces are compared (wide ones of a text in wide letters twice), and of what kind it is. At most 2^16 - 1 each."""
    sizes = np.empty((len(texts), 4), dtype=np.int64)
    sizes[:, 0] = [len(text.full) for text in texts]
    sizes[:, 1] = [len(text.bare) for text in texts]
    sizes[:, 3] = [_OWN * text.own + text.wide for text in texts]
    sizes[:, 2] = [len(form) - form.count(" ") for form in map(compared, texts)]
    sizes[:, 2] <<= sizes[:, 3] & 1
    unknown = sizes.max(axis=1) > _MOST
    for number, text in enumerate(texts):
        if text.bare is not text.full and not _left_of(text.bare, text.full):
            unknown[number] = True
    sizes[unknown] = (_MOST, _MOST, _MOST, _UNKNOWN)
    return sizes.astype(np.uint16)


def _left_of(bare: str, full: str) -> bool:
    """Whether one text is what is left when characters of the other are taken out."""
    return full.startswith(bare) or LCSseq.similarity(bare, full) == len(bare)


def ways_alike(
    some: npt.NDArray[np.uint16],
    others: npt.NDArray[np.uint16],
    outlines: Outlines,
    other_outlines: Outlines,
    cutoff: float,
) -> npt.NDArray[np.uint8]:
    """In which ways (`BY_RATIO`, `BY_PIECES`) texts of these sizes (`sizes_of`), shape (n, 4) each, and these outlines
    of their `compared` forms can be `alike`, pair by pair; `some` may be one text. A way in which they are is never
    missing."""
    low, high = np.minimum(some, others).astype(np.int64), np.maximum(some, others).astype(np.int64)
    close = low[:, :2] * (200.0 - cutoff) >= (high[:, :2] - 1) * cutoff
    # In hashtags the full forms may differ less than the bare ones, by as much as the hashtags are long.
    apart, (full, bare) = letters_apart(outlines, other_outlines), (low + high)[:, :2].T
    share = 1.0 - cutoff / 100.0
    near: npt.NDArray[np.bool_] = close[:, 0] & (apart <= share * full + (full - bare) + 1.0)
    near |= close[:, 1] & (apart <= share * bare + 1.0 + (high[:, 3] < _OWN) * (full - bare))
    pieces = (low[:, 2] >= LEAST_SQUEEZED) & (low[:, 2] >= COVERED * (high[:, 2] - 1))
    ours, theirs = pieces_apart(outlines, other_outlines)
    agree = np.minimum(ours, theirs) <= (1.0 - CONTAINED) * high[:, 2] + 1.0
    agree &= np.maximum(ours, theirs) <= (1.0 - COVERED) * high[:, 2] + 1.0
    pieces &= agree | (high[:, 3] & 1 == 1)  # of wide letters two make a piece
    other: npt.NDArray[np.bool_] = (low[:, 3] != high[:, 3]) | (high[:, 3] == _UNKNOWN)
    ways: npt.NDArray[np.uint8] = np.where(near | other, BY_RATIO, 0).astype(np.uint8)
    ways |= np.where(pieces | other, BY_PIECES, 0).astype(np.uint8)
    return ways


def same_pieces(a: str, b: str, wide: bool = False) -> bool:
    """Whether two normalised texts consist of the same pieces, in whatever order: sentences that changed places, an end
    that was cut off, words run together or spelled apart. It does not depend on which text comes first.

    wide: both are mostly of wide letters, of which two make a piece.
    """
    least, size = (LEAST_SQUEEZED // 2, _PIECE_WIDE) if wide else (LEAST_SQUEEZED, PIECE)
    if len(a) < least or len(b) < least:
        return False
    short, long = a.replace(" ", ""), b.replace(" ", "")
    if len(short) > len(long) or (len(short) == len(long) and short > long):
        short, long = long, short
    if len(short) < least or len(short) < COVERED * len(long):
        return False
    # Most pairs that are looked at have little in common, and a dozen pieces show that.
    count = len(short) - size + 1
    sampled = range(0, count, max(1, count // _SAMPLES))
    missing = 0.4 * len(sampled)
    for i in sampled:
        if short[i : i + size] not in long:
            missing -= 1
            if missing < 0:
                return False
    if sum([short[i : i + size] in long for i in range(count)]) < CONTAINED * count:
        return False
    count = len(long) - size + 1
    return sum([long[i : i + size] in short for i in range(count)]) >= COVERED * count


def alike(a: Comparable, b: Comparable, cutoff: float, ways: int = BY_RATIO | BY_PIECES) -> bool:
    """Whether two texts are copies: `fuzz.ratio` of either form reaches the cutoff (0..100), or they consist of the
    same pieces. A bare form that is nobody's own is not compared. `ways`: those that `ways_alike` leaves open."""
    own = a.own and b.own
    if ways & BY_RATIO:
        if fuzz.ratio(a.full, b.full, score_cutoff=cutoff):
            return True
        differ = own and (a.full != a.bare or b.full != b.bare)
        if differ and fuzz.ratio(a.bare, b.bare, score_cutoff=cutoff):
            return True
    if not ways & BY_PIECES:
        return False
    wide = a.wide and b.wide
    return same_pieces(a.bare, b.bare, wide) if own else same_pieces(a.full, b.full, wide)

"""Whether two normalised texts are copies of one another: nearly the same from start to end, or the same pieces.

`fuzz.ratio` (rapidfuzz: twice the longest common subsequence over the sum of lengths) forgives changes anywhere but
knows one order only: two sentences that change places halve it, and a cut end costs what it cuts. Pieces of a few
characters, without spaces, do not mind their order (Broder, "On the resemblance and containment of documents", 1997:
resemblance and containment of sets of shingles). They suit texts that put no spaces between words, too.
"""

from __future__ import annotations

import re

from rapidfuzz import fuzz

LEAST_SQUEEZED = 44
"""Characters without spaces below which pieces tell nothing: short texts of one subject share most of theirs.
Ideographs and kana count twice."""
CONTAINED = 0.82
"""Least share of the shorter text's pieces that the longer one has."""
COVERED = 0.6
"""Least share of the longer text's pieces that the shorter one has."""
_SAMPLES = 12
_PIECE = 4
_PIECE_WIDE = 2
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
"""Kana, ideographs, Hangul: letters that say as much as two or three of an alphabet."""


def weight(text: str) -> int:
    """How long a normalised text is: its characters, wide ones (kana, ideographs, Hangul) counted twice."""
    return len(text) if text.isascii() else len(text) + len(_WIDE.findall(text))


def same_pieces(a: str, b: str) -> bool:
    """Whether two normalised texts consist of the same pieces, in whatever order: sentences that changed places, an end
    that was cut off, words run together or spelled apart. It does not depend on which text comes first."""
    short, long = a.replace(" ", ""), b.replace(" ", "")
    if len(short) > len(long) or (len(short) == len(long) and short > long):
        short, long = long, short
    if len(short) < COVERED * len(long):
        return False
    size = _PIECE
    if len(short) < LEAST_SQUEEZED or not short.isascii():
        if weight(short) < LEAST_SQUEEZED:
            return False
        if 3 * len(_WIDE.findall(short)) > len(short):
            size = _PIECE_WIDE
    count = len(short) - size + 1
    # Most pairs that are looked at have little in common, and a dozen pieces show that.
    step = max(1, count // _SAMPLES)
    sampled = range(0, count, step)
    if sum(short[i : i + size] in long for i in sampled) < 0.6 * len(sampled):
        return False
    if sum(short[i : i + size] in long for i in range(count)) < CONTAINED * count:
        return False
    count = len(long) - size + 1
    return sum(long[i : i + size] in short for i in range(count)) >= COVERED * count


def alike(a: tuple[str, str], b: tuple[str, str], cutoff: float, least: int) -> bool:
    """Whether two texts, (full, bare) each, are copies: `fuzz.ratio` of either form reaches the cutoff (0..100), or
    they consist of the same pieces. Forms shorter than `least` characters without their hashtags are nobody's own."""
    if fuzz.ratio(a[0], b[0], score_cutoff=cutoff):
        return True
    own = min(weight(a[1]), weight(b[1])) >= least
    if own and (a[0] != a[1] or b[0] != b[1]) and fuzz.ratio(a[1], b[1], score_cutoff=cutoff):
        return True
    return same_pieces(a[1], b[1]) if own else same_pieces(a[0], b[0])

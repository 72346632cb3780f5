"""Fingerprints: a key for equal texts, and MinHash bands under which near-duplicates meet.

MinHash: Broder, "On the resemblance and containment of documents", 1997. Banding: Indyk and Motwani, STOC 1998;
Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", ch. 3. With `BANDS` bands of `ROWS` rows, two texts whose
sets of character shingles have Jaccard similarity s share a band with probability 1 - (1 - s^ROWS)^BANDS: 0.99 at 0.5.

Unrelated texts of one language share a band now and then, and the more texts there are the more of them. A *sketch*,
the lowest bytes of some of the MinHash numbers, tells them apart at a glance (Li and König, "b-Bit Minwise Hashing",
WWW 2010): of its `SKETCH` bytes two texts share s + (1 - s) / 256 on average.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

SHINGLE = 4
"""Characters of a shingle."""
ROWS = 3
BANDS = 32
SKETCH = 48
"""Bytes of a sketch."""
_PIECE = 256
"""Texts that are hashed at a time."""

_U64 = np.uint64
_WEIGHTS = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5], dtype=_U64
)
_MIX = _U64(0xFF51AFD7ED558CCD)


def _numbers(seed: int, count: int) -> npt.NDArray[np.uint32]:
    """Numbers without a pattern, the same on every machine (splitmix64: Steele, Lea and Flood, OOPSLA 2014)."""
    state = np.arange(1, count + 1, dtype=_U64) * _WEIGHTS[0] + _U64(seed)
    state = (state ^ (state >> _U64(30))) * _U64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> _U64(27))) * _U64(0x94D049BB133111EB)
    numbers: npt.NDArray[np.uint32] = (state >> _U64(32)).astype(np.uint32)
    return numbers


# One hash function for each row: x -> (x ^ flip) * factor mod 2^32, which for odd factors reorders all numbers. Bands
# are comparable only under the same ones.
_FLIPS = _numbers(20130918, BANDS * ROWS)
_FACTORS = _numbers(20130919, BANDS * ROWS) | np.uint32(1)


def text_key(text: str) -> int:
    """A 63-bit key of a text: equal texts, equal keys."""
    return (
        int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little") >> 1
    )


def shingle_hashes(texts: Sequence[str]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """Hashes of all character shingles of many texts in one pass.

    Returns:
        (hashes, offsets): text i owns hashes[offsets[i]:offsets[i + 1]]. A text shorter than a shingle, an empty one
        too, has one hash, that of the text padded with NUL.
    """
    pad = "\x00" * SHINGLE
    lengths = np.fromiter((len(text) for text in texts), dtype=np.int64, count=len(texts))
    codes = np.frombuffer((pad.join(texts) + pad).encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(
        _U64
    )
    if not texts:
        return np.zeros(0, _U64), np.zeros(1, np.int64)
    count = len(codes) - SHINGLE + 1
    hashes = codes[:count] * _WEIGHTS[0]
    for k in range(1, SHINGLE):
        hashes += codes[k : k + count] * _WEIGHTS[k]
    hashes ^= hashes >> _U64(33)
    hashes *= _MIX
    hashes ^= hashes >> _U64(33)
    # Shingles that run into the padding of a text of at least SHINGLE characters are dropped.
    kept = np.maximum(lengths - SHINGLE + 1, 1)
    starts = np.cumsum(lengths + SHINGLE) - (lengths + SHINGLE)
    offsets = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum(kept, out=offsets[1:])
    where = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], kept)
    return hashes[where], offsets


class Fingerprints(NamedTuple):
    """Of some texts, in both forms.

    keys: band keys, shape (sum(counts),). counts: text i owns counts[i] consecutive keys: `BANDS`, or twice as many
    where the forms differ. sketches: shape (number of texts, 2, SKETCH), of the full and of the bare form.
    """

    keys: npt.NDArray[np.uint64]
    counts: npt.NDArray[np.int64]
    sketches: npt.NDArray[np.uint8]


def _min_hashes(texts: Sequence[str]) -> npt.NDArray[np.uint32]:
    """The least value of each hash function over each text's shingles; shape (len(texts), BANDS * ROWS).

    In pieces that stay in the processor's cache: so all functions cost little more than reading the shingles once.
    """
    hashes, offsets = shingle_hashes(texts)
    codes = (hashes >> _U64(32)).astype(np.uint32)
    least = np.empty((len(_FLIPS), len(texts)), dtype=np.uint32)
    for start in range(0, len(texts), _PIECE):
        end = min(start + _PIECE, len(texts))
        piece = codes[offsets[start] : offsets[end]]
        starts = offsets[start:end] - offsets[start]
        mixed = np.empty_like(piece)
        for function, (flip, factor) in enumerate(zip(_FLIPS, _FACTORS, strict=True)):
            np.bitwise_xor(piece, flip, out=mixed)
            np.multiply(mixed, factor, out=mixed)
            np.minimum.reduceat(mixed, starts, out=least[function, start:end])
    return least.T


def _banded(rows: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint64]:
    rows = rows.reshape(len(rows), BANDS, ROWS)
    keys = np.arange(1, BANDS + 1, dtype=_U64) * _WEIGHTS[3]
    keys = np.broadcast_to(keys, (len(rows), BANDS)).copy()
    for row in range(ROWS):
        keys ^= rows[:, :, row]
        keys *= _MIX
        keys ^= keys >> _U64(29)
    return keys


def bands(texts: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Band keys, shape (len(texts), BANDS). Texts that share one are candidates for being copies."""
    return _banded(_min_hashes(texts)) if texts else np.zeros((0, BANDS), _U64)


def fingerprints(forms: Sequence[tuple[str, str]]) -> Fingerprints:
    """Fingerprints of texts, (full, bare) each; bare empty where it equals full."""
    if not forms:
        return Fingerprints(np.zeros(0, _U64), np.zeros(0, np.int64), np.zeros((0, 2, SKETCH), np.uint8))
    counts = np.fromiter((1 + bool(bare) for _, bare in forms), dtype=np.int64, count=len(forms))
    rows = _min_hashes([form for pair in forms for form in pair[: 1 + bool(pair[1])]])
    ends = np.cumsum(counts)
    low = rows[:, :SKETCH].astype(np.uint8)
    return Fingerprints(
        _banded(rows).ravel(), counts * BANDS, np.stack((low[ends - counts], low[ends - 1]), axis=1)
    )


def band_keys(forms: Sequence[tuple[str, str]]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """The keys and counts of `fingerprints`."""
    keys, counts, _ = fingerprints(forms)
    return keys, counts

"""Millions of posts as candidates of the copy index, made in batches by a seed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.detect.copies import Candidate, CopyPost
from pipeline.text.fingerprint import Fingerprints, fingerprints, text_key
from pipeline.text.normalise import normalise
from schemas.times import SECOND, Micros

_LETTERS = "eeeeeeeeesssaaaaiiitttnnnrrruuulllooodddcccpppmmévqfbghjàxèyzwk"
_WORDS = 60_000
_START: Micros = 1_750_000_000 * SECOND


class Made(NamedTuple):
    """A batch on its way into the index."""

    rows: list[Candidate]
    prints: Fingerprints


class Writer:
    """Writes texts of 6 to 14 words, a third of them with two hashtags.

    common: words by Zipf's law (Mandelbrot's form), the frequent ones short. Then as many posts share a band with one
    by chance as in the recorded posts of 2015 and 2016: 12 at sixty thousand. Otherwise no two texts have a word in
    common.
    step: microseconds between two posts.
    """

    def __init__(self, seed: int, common: bool, step: Micros = SECOND // 5) -> None:
        self._rng = np.random.default_rng(seed)
        self._common = common
        self._step = step
        self._count = 0
        self._letters = np.array(list(_LETTERS))
        sizes = 2 + np.log2(1 + np.arange(_WORDS)) / 2 + self._rng.integers(0, 4, _WORDS)
        self._vocabulary = self._coined(np.minimum(sizes, 12).astype(int))
        weights = 1.0 / (np.arange(_WORDS) + 5.0)
        self._share = np.cumsum(weights / weights.sum())

    def texts(self, count: int) -> list[str]:
        """Texts, nearly all of them different."""
        sizes = self._rng.integers(6, 15, count)
        words = self._drawn(int(sizes.sum()))
        texts, at = [], 0
        for number, size in enumerate(sizes.tolist()):
            own, at = words[at : at + size], at + size
            if number % 3 == 0:
                own[-2:] = [f"#{word}" for word in own[-2:]]
            texts.append(" ".join(own).capitalize())
        return texts

    def _drawn(self, count: int) -> list[str]:
        if not self._common:
            return self._coined(self._rng.integers(5, 13, count))
        drawn = np.minimum(np.searchsorted(self._share, self._rng.random(count)), _WORDS - 1)
        return [self._vocabulary[number] for number in drawn.tolist()]

    def _coined(self, sizes: npt.NDArray[np.int64]) -> list[str]:
        ends = np.cumsum(sizes)
        letters = "".join(self._letters[self._rng.integers(0, len(self._letters), int(ends[-1]))])
        return [letters[end - size : end] for end, size in zip(ends.tolist(), sizes.tolist(), strict=True)]

    def batch(self, texts: list[str], author: int | None = None) -> Made:
        """The next posts, with these texts, of many authors or of one."""
        rows = []
        for text in texts:
            number = self._count
            self._count += 1
            full, bare = normalise(text)
            post = CopyPost(
                "platform",
                str(1_700_000_000_000_000_000 + number * 15_485_863 % 10**15),
                str(author or 10_000_000 + number * 7_919 % 9_999_991),
                _START + number * self._step,
                f"https://example.org/{number * 104_729 % 999_983}" if number % 4 == 0 else "",
                number % 4,
                text,
            )
            rows.append(Candidate(post, text_key(full), full, bare if bare != full else ""))
        return Made(rows, fingerprints([(row.full, row.bare) for row in rows]))

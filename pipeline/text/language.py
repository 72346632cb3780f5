"""The language of a text, by `eldc` (n-grams, 60 languages, its model comes with the package)."""

from __future__ import annotations

import eldc

eldc.init()

SPOKEN = 12
"""Letters below which a guess is worth nothing."""


def language(text: str) -> str:
    """ISO 639-1 code, or "" where the text is too short to tell."""
    return str(eldc.detect(text) or "") if len(text) >= SPOKEN else ""

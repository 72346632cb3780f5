"""Prize draws, told by their words: a short lexicon of several languages, `giveaways.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib import resources

from pipeline.text.normalise import Forms, normalise

_UNSPACED = ("ja", "zh", "th")


def _pattern(terms: Mapping[str, list[str]]) -> re.Pattern[str]:
    spaced, unspaced = set[str](), set[str]()
    for language, written in terms.items():
        (unspaced if language in _UNSPACED else spaced).update(normalise(term).full for term in written)
    between = "|".join(map(re.escape, sorted(spaced)))
    anywhere = "".join(f"|{re.escape(term)}" for term in sorted(unspaced))
    return re.compile(rf"\b(?:{between})\b{anywhere}")


_LEXICON = tomllib.loads(
    resources.files("pipeline.text").joinpath("giveaways.toml").read_text(encoding="utf-8")
)
_SURE, _PRIZE, _ASK = (_pattern(_LEXICON[part]) for part in ("sure", "prize", "ask"))


def is_giveaway(forms: Forms) -> bool:
    """The text announces a prize draw that asks people to follow, like or share."""
    text = forms.full
    return bool(_SURE.search(text)) or bool(_PRIZE.search(text) and _ASK.search(text))

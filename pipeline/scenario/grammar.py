"""A small context-free grammar: rules in, sentences out.

Every alternative is text with `{symbol}` where another rule is to be put; `3*` in front makes it three times
as likely. Rules are resolved once, so that a sentence costs one random number for each choice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from random import Random

Rules = Mapping[str, Sequence[str]]
"""Symbol -> its alternatives."""

_SYMBOL = re.compile(r"\{(\w+)\}")
_WEIGHT = re.compile(r"^(\d+)\*")


class _Choice:
    """The resolved alternatives of one symbol: each a tuple of texts and further choices."""

    __slots__ = ("alternatives",)

    def __init__(self) -> None:
        self.alternatives: list[tuple[str | _Choice, ...]] = []

    def walk(self, rng: Random, out: list[str]) -> None:
        for part in self.alternatives[int(rng.random() * len(self.alternatives))]:
            if isinstance(part, str):
                out.append(part)
            else:
                part.walk(rng, out)


class Grammar:
    """Resolved rules.

    Raises:
        KeyError: a rule names a symbol that has no rule.
    """

    def __init__(self, rules: Rules) -> None:
        self._choices = {symbol: _Choice() for symbol in rules}
        for symbol, alternatives in rules.items():
            for alternative in alternatives:
                weight = _WEIGHT.match(alternative)
                text = alternative[weight.end() :] if weight else alternative
                parts = self._parts(text)
                self._choices[symbol].alternatives += [parts] * (int(weight[1]) if weight else 1)

    def _parts(self, text: str) -> tuple[str | _Choice, ...]:
        pieces = _SYMBOL.split(text)  # text, symbol, text, symbol, …, text
        return tuple(self._choices[piece] if odd % 2 else piece for odd, piece in enumerate(pieces) if piece)

    def say(self, symbol: str, rng: Random) -> str:
        """One sentence of this symbol."""
        out: list[str] = []
        self._choices[symbol].walk(rng, out)
        return "".join(out)


def words(text: str) -> tuple[str, ...]:
    """Alternatives written as `a | b | c`, over as many lines as it takes."""
    return tuple(word for part in text.split("|") if (word := " ".join(part.split())))

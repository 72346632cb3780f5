"""The queries of docs/cookbook.md, as analysts find them there."""

from __future__ import annotations

import re
from typing import NamedTuple

_PIECES = re.compile(
    r"^(?P<heading>##? [^\n]+)$|^```(?P<kind>\w*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)


class Recipe(NamedTuple):
    """A query and the sentence that introduces it."""

    about: str
    sql: str


def recipes(text: str) -> list[Recipe]:
    """All SQL blocks of a Markdown text; one without a sentence of its own goes by the one before it."""
    found: list[Recipe] = []
    end = 0
    for piece in _PIECES.finditer(text):
        before = text[end : piece.start()].strip()
        end = piece.end()
        if piece["kind"] == "sql":
            about = " ".join(before.split()) or (found[-1].about if found else "")
            found.append(Recipe(about, piece["code"].strip()))
    return found

"""The clauses at the end of a statement that the store handles itself: SETTINGS and FORMAT."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.store.lexer import Kind, Token
from pipeline.store.refusal import Refused, readonly, unreadable


class Tail(NamedTuple):
    """Where the SETTINGS clause stands (start = end: there is none), what it says, and FORMAT."""

    start: int
    end: int
    settings: dict[str, str]
    format: str | None


def find_tail(tokens: Sequence[Token]) -> Tail | Refused:
    """Finds the SETTINGS clause, which must be the statement's own and at its end, and FORMAT."""
    found = Tail(tokens[-1].end, tokens[-1].end, {}, trailing_format(tokens))
    i = 0
    while i < len(tokens):
        if (
            i + 2 < len(tokens)
            and tokens[i].is_word("SETTINGS")
            and tokens[i + 1].is_name
            and tokens[i + 2].is_mark("=")
        ):
            if found.settings or _depth(tokens[:i]) or tokens[0].is_mark("("):
                return readonly("SETTINGS is only taken once, at the end of the statement")
            parsed = _assignments(tokens, i + 1)
            if isinstance(parsed, Refused):
                return parsed
            settings, past = parsed
            if past < len(tokens) and not tokens[past].is_word("FORMAT"):
                return readonly("SETTINGS is only taken at the end of the statement")
            found = found._replace(start=tokens[i].start, end=tokens[past - 1].end, settings=settings)
            i = past
        else:
            i += 1
    return found


def _depth(tokens: Sequence[Token]) -> int:
    return sum(token.is_mark("(") - token.is_mark(")") for token in tokens)


def _assignments(tokens: Sequence[Token], i: int) -> tuple[dict[str, str], int] | Refused:
    """`name = literal, …` from `tokens[i]` on, and the index after it."""
    settings: dict[str, str] = {}
    while True:
        if i + 2 >= len(tokens) or not tokens[i].is_name or not tokens[i + 1].is_mark("="):
            return unreadable("SETTINGS takes name = value, name = value")
        name, minus = tokens[i].text, ""
        i += 2
        if tokens[i].is_mark("-") and i + 1 < len(tokens):
            minus, i = "-", i + 1
        if tokens[i].kind not in (Kind.STRING, Kind.NUMBER) and not tokens[i].is_word("TRUE", "FALSE"):
            return readonly(f"the setting {name} takes a number, a string, true or false")
        settings[name] = minus + tokens[i].text
        i += 1
        if i < len(tokens) and tokens[i].is_mark(","):
            i += 1
        else:
            return settings, i


def trailing_format(tokens: Sequence[Token]) -> str | None:
    """The name after the last FORMAT, where nothing but SETTINGS follows."""
    for i in range(len(tokens) - 2, 0, -1):
        if tokens[i].is_word("FORMAT") and tokens[i + 1].kind is Kind.WORD and not _depth(tokens[:i]):
            last = i + 2 == len(tokens) or tokens[i + 2].is_word("SETTINGS")
            return tokens[i + 1].text if last else None
    return None

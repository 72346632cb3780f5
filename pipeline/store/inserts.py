"""Where an INSERT puts its rows, read from its text."""

from __future__ import annotations

from typing import NamedTuple

from pipeline.store.errors import EngineError
from pipeline.store.lexer import Token, lex


class Target(NamedTuple):
    """table: as it was written, with its database if that was. columns: their list without its parentheses, empty for
    all. rest: what follows, such as SETTINGS."""

    table: str
    columns: str
    rest: str

    @property
    def into(self) -> str:
        """`table (columns)`, as an INSERT has it."""
        return f"{self.table} ({self.columns})" if self.columns else self.table


def target(statement: str) -> Target:
    """The target of `INSERT [INTO] [TABLE] [database.]table [(columns)] [SETTINGS …]`.

    Raises:
        EngineError: the statement is another one.
        pipeline.store.lexer.LexError: it is no SQL.
    """
    tokens = list(lex(statement))
    at = 1
    while at < len(tokens) and tokens[at].is_word("INTO", "TABLE"):
        at += 1
    end = at + 1
    while end + 1 < len(tokens) and tokens[end].is_mark("."):
        end += 2
    if not tokens or not tokens[0].is_word("INSERT") or not _names(tokens[at:end]):
        raise EngineError(
            "Code: 62. DB::Exception: only INSERT INTO a table brings data here. (SYNTAX_ERROR)"
        )
    table = statement[tokens[at].start : tokens[end - 1].end]
    if end == len(tokens) or not tokens[end].is_mark("("):
        return Target(table, "", statement[tokens[end - 1].end :].strip())
    depth = 0
    for token in tokens[end:]:
        depth += token.is_mark("(") - token.is_mark(")")
        if not depth:
            columns = statement[tokens[end].end : token.start].strip()
            return Target(table, columns, statement[token.end :].strip())
    raise EngineError("Code: 62. DB::Exception: the list of columns does not end. (SYNTAX_ERROR)")


def _names(tokens: list[Token]) -> bool:
    return bool(tokens) and all(token.is_name for token in tokens[::2]) and not tokens[0].is_word("FUNCTION")

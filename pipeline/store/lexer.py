"""ClickHouse's tokens, read as ClickHouse reads them (src/Parsers/Lexer.cpp), and more strictly where
that is safer.

What ClickHouse would take in two ways, or what this lexer does not know, is an error here: a filter that
reads a text otherwise than the engine does can be walked around.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple


class Kind(Enum):
    """What a token is."""

    WORD = "word"  # keyword or bare identifier
    QUOTED = "quoted identifier"
    STRING = "string"
    NUMBER = "number"
    MARK = "mark"  # one character of punctuation


class Token(NamedTuple):
    """`text` is the decoded name of a quoted identifier, the decoded content of a string, else what is
    written. `start` and `end` are positions in the source."""

    kind: Kind
    text: str
    start: int
    end: int

    def is_word(self, *words: str) -> bool:
        """An unquoted keyword, whatever its case."""
        return self.kind is Kind.WORD and self.text.upper() in words

    def is_mark(self, mark: str) -> bool:
        """This punctuation."""
        return self.kind is Kind.MARK and self.text == mark

    @property
    def is_name(self) -> bool:
        """Can name a table, a column or a function."""
        return self.kind is Kind.WORD or self.kind is Kind.QUOTED


class LexError(ValueError):
    """The text is not a sequence of tokens; `position` says where."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


_WORD = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_DIGITS = re.compile(r"[0-9]+")
_NUMBER = re.compile(
    r"0[xX][0-9a-fA-F_]+(?:\.[0-9a-fA-F]*)?(?:[pP][+-]?[0-9]+)?"
    r"|0[bB][01_]+"
    r"|(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?"
)
_CODED_STRING = re.compile(r"[xXbB]'[0-9a-fA-F]*'")
_HEREDOC_TAG = re.compile(r"\$[A-Za-z0-9_]*\$")
_MARKS = frozenset("()[]{},;.*+-/%=<>!:?|@^−&~")
_SPACES = frozenset("\u180e\u200b\u200c\u200d\u2060\ufeff")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f", "a": "\a", "v": "\v"}


def lex(source: str) -> Iterator[Token]:
    """The tokens of an SQL text, one by one; comments and white space are left out.

    Raises:
        LexError: an unclosed quote or comment, or a character that SQL does not have.
    """
    at, end = 0, len(source)
    after_dot = False
    while at < end:
        char = source[at]
        if char.isspace() or char in _SPACES:
            at += 1
            continue
        if char in "-/#" and (past := _comment(source, at)) > at:
            at = past
            continue
        token = _token(source, at, after_dot)
        after_dot = token.is_mark(".")
        at = token.end
        yield token


def _comment(source: str, at: int) -> int:
    """The position after the comment that begins here, or `at` where none begins."""
    if source.startswith(("--", "//", "# ", "#!"), at):
        newline = source.find("\n", at)
        return len(source) if newline < 0 else newline + 1
    if not source.startswith("/*", at):
        return at
    depth, here = 1, at + 2
    while depth:
        closing, opening = source.find("*/", here), source.find("/*", here)
        if closing < 0:
            raise LexError("a comment is not closed", at)
        if 0 <= opening < closing:
            depth, here = depth + 1, opening + 2
        else:
            depth, here = depth - 1, closing + 2
    return here


def _token(source: str, at: int, after_dot: bool) -> Token:
    char = source[at]
    if char == "'":
        return _quoted(source, at, Kind.STRING)
    if char in '`"':
        return _quoted(source, at, Kind.QUOTED)
    if char in "xXbB" and source.startswith("'", at + 1):
        coded = _CODED_STRING.match(source, at)
        if coded is None:
            raise LexError("a hexadecimal or binary string holds other characters", at)
        return Token(Kind.STRING, coded.group(), at, coded.end())
    if char == "$" and (heredoc := _heredoc(source, at)) is not None:
        return heredoc
    if char.isascii() and (
        char.isdigit() or (char == "." and source[at + 1 : at + 2].isdigit() and not after_dot)
    ):
        number = (_DIGITS if after_dot else _NUMBER).match(source, at)
        if number is None or _WORD.match(source, number.end()):
            raise LexError("a number runs into a word", at)
        return Token(Kind.NUMBER, number.group(), at, number.end())
    word = _WORD.match(source, at)
    if word is not None:
        return Token(Kind.WORD, word.group(), at, word.end())
    if char in _MARKS:
        return Token(Kind.MARK, char, at, at + 1)
    raise LexError(f"the character {char!r} has no place outside quotes", at)


def _quoted(source: str, at: int, kind: Kind) -> Token:
    """A quoted run: the quote is doubled or escaped with a backslash inside."""
    quote, here = source[at], at + 1
    parts: list[str] = []
    while True:
        stop = here
        while stop < len(source) and source[stop] != quote and source[stop] != "\\":
            stop += 1
        parts.append(source[here:stop])
        if stop + 1 > len(source) or (source[stop] == "\\" and stop + 1 == len(source)):
            raise LexError(f"a {kind.value} is not closed", at)
        if source[stop] == "\\":
            if kind is Kind.QUOTED:  # `fi\x6ce` is a spelling of `file` that nobody needs
                raise LexError("a quoted name holds a backslash", stop)
            escaped = source[stop + 1]
            parts.append(_ESCAPES.get(escaped, escaped))
            here = stop + 2
        elif source.startswith(quote, stop + 1):
            parts.append(quote)
            here = stop + 2
        else:
            return Token(kind, "".join(parts), at, stop + 1)


def _heredoc(source: str, at: int) -> Token | None:
    """`$tag$ … $tag$`. ClickHouse takes any text as the tag; here it must be a word."""
    second = source.find("$", at + 1)
    if second < 0:
        return None
    mark = source[at : second + 1]
    closing = source.find(mark, second + 1)
    if closing < 0:
        return None
    if not _HEREDOC_TAG.fullmatch(mark):
        raise LexError("the tag of a $tag$ string is not a word", at)
    return Token(Kind.STRING, source[second + 1 : closing], at, closing + len(mark))

"""The filter for readers' SQL holds for texts that nobody thought of."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.store import sql_names
from pipeline.store.guard import Allowed, Policy, check
from pipeline.store.lexer import Kind, LexError, lex
from pipeline.store.refusal import Refused

RELAXED = settings(deadline=None, max_examples=200)
"""The machine may be busy."""

READER = Policy()
FORBIDDEN = sorted(sql_names.KNOWN_TABLE_FUNCTIONS - sql_names.SAFE_TABLE_FUNCTIONS)

blanks = st.lists(
    st.sampled_from([" ", "\t", "\n", "\u00a0", "/* ' */", "/* /* */ */", '-- "\n', "# `\n"]), max_size=4
).map("".join)
TRICKS = """SELECT FROM ' " ` \\ '' /* */ -- $ $a$ file( ; ( ) { x INTO OUTFILE
SETTINGS a=1 FORMAT EXPLAIN WITH . system 1 1e # é"""
pieces = st.sampled_from([*TRICKS.split(), "\n", "\x00", "a = 1"])


@RELAXED
@given(st.one_of(st.text(max_size=200), st.lists(pieces, max_size=25).map(" ".join)))
@example("SETTINGS a = ")
@example("EXPLAIN a =")
def test_no_text_makes_it_crash(sql: str) -> None:
    """Any text gets a verdict."""
    assert isinstance(check(sql, READER), (Allowed, Refused))


@RELAXED
@given(st.one_of(st.text(max_size=200), st.lists(pieces, max_size=25).map("".join)))
def test_tokens_cover_the_text_in_order(sql: str) -> None:
    """Tokens do not overlap, and what lies between them is blank or a comment."""
    end = 0
    with suppress(LexError):  # the tokens before the fault are judged all the same
        for token in lex(sql):
            assert end <= token.start < token.end <= len(sql)
            between = sql[end : token.start].strip()
            assert not between or between[0] in "-/#\u180e\u200b\u200c\u200d\u2060\ufeff"
            end = token.end


@RELAXED
@given(
    st.sampled_from(FORBIDDEN),
    blanks,
    st.sampled_from(["", "`", '"']),
    st.sampled_from(["SELECT * FROM {}'x')", "SELECT {}'x')", "SELECT 1 IN {}1)", "DESCRIBE {}'x')"]),
    st.lists(st.booleans(), min_size=30, max_size=30),
)
def test_forbidden_functions_are_refused_however_they_are_written(
    name: str, blank: str, quote: str, frame: str, upper: list[bool]
) -> None:
    """Case, quoting, white space and comments hide no table function that reaches outside."""
    spelled = "".join(c.upper() if up else c for c, up in zip(name, upper, strict=False)) + name[30:]
    verdict = check(frame.format(f"{blank}{quote}{spelled}{quote}{blank}("), READER)
    assert isinstance(verdict, Refused)
    assert verdict.code == 497


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


@RELAXED
@given(
    st.lists(
        st.one_of(
            st.text(max_size=20),
            st.sampled_from(["file('x')", "; DROP TABLE posts", "INTO OUTFILE 'x'", "*/", "$$"]),
        ),
        max_size=5,
    ).map("".join)
)
def test_strings_may_say_anything(text: str) -> None:
    """Forbidden words in string literals are only words, and come back as they were written."""
    sql = f"SELECT {_literal(text)} AS said, count() FROM posts WHERE text = {_literal(text)}"
    verdict = check(sql, READER)
    assert isinstance(verdict, Allowed)
    assert verdict.sql == sql
    assert [token.text for token in lex(sql) if token.kind is Kind.STRING] == [text, text]


@RELAXED
@given(st.lists(pieces, min_size=1, max_size=20).map(" ".join))
def test_what_is_allowed_is_one_statement_that_starts_as_a_read(sql: str) -> None:
    """Whatever passes has no second statement, writes no file, and begins with a reading word."""
    verdict = check(sql, READER)
    if isinstance(verdict, Allowed):
        tokens = list(lex(verdict.sql))
        assert not any(token.is_mark(";") for token in tokens)
        assert verdict.head in ("SELECT", "WITH", "FROM", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN")
        words = [token.text.upper() for token in tokens]
        assert ("INTO", "OUTFILE") not in list(pairwise(words))

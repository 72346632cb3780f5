"""What a reader may ask: one statement that reads Vigie's own tables, and nothing that reaches files or
the network.

ClickHouse's `readonly = 1` alone still lets `SELECT … INTO OUTFILE` write files, `KILL QUERY` kill and
`file()` read, so statements are judged by their tokens before the engine sees them. The engine's own parser
and `readonly = 1` judge them once more (`pipeline.store.engine`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from pipeline.store import sql_names
from pipeline.store.clauses import find_tail, trailing_format
from pipeline.store.lexer import Kind, LexError, Token, lex
from pipeline.store.refusal import Refused, denied, readonly, unreadable

READ_HEADS = ("SELECT", "WITH", "FROM", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN")
"""First words of the statements that a reader may send; a parenthesis may stand before SELECT."""

WRITE_HEADS = (
    *READ_HEADS,
    *("INSERT", "CREATE", "ALTER", "DROP", "RENAME", "EXCHANGE", "TRUNCATE", "OPTIMIZE", "DELETE", "UPDATE"),
)
"""First words of the statements that the writer may send."""


class Policy(NamedTuple):
    """What the store holds. closed: databases that are nobody's business. table_functions: those of the
    engine, in lower case; what is not on the list of safe ones is refused."""

    closed: frozenset[str] = frozenset({"default"})
    table_functions: frozenset[str] = sql_names.KNOWN_TABLE_FUNCTIONS
    writer: bool = False


class Allowed(NamedTuple):
    """A statement to run: its text without the SETTINGS clause, the settings of that clause, its FORMAT
    if it names one, whether it looks at `system.settings`, and its first word."""

    sql: str
    settings: dict[str, str]
    format: str | None
    reads_settings: bool
    head: str


def check(sql: str, policy: Policy, parameters: Mapping[str, str] | None = None) -> Allowed | Refused:
    """Judges one request. `parameters` are the values of `{name:Type}` placeholders; never raises."""
    try:
        tokens = list(lex(sql))
    except LexError as error:
        return unreadable(f"cannot read the query at position {error.position + 1}: {error}")
    while tokens and tokens[-1].is_mark(";"):
        tokens.pop()
    if not tokens:
        return unreadable("empty query")
    if any(token.is_mark(";") for token in tokens):
        return readonly("several statements in one request: send them one by one")
    substituted = _substitute(tokens, parameters or {})
    if isinstance(substituted, Refused):
        return substituted
    tokens = substituted
    for rule in _RULES:
        refused = rule(tokens, policy)
        if refused is not None:
            return refused
    head = next((token.text.upper() for token in tokens if token.kind is Kind.WORD), "")
    if policy.writer:
        return Allowed(sql, {}, trailing_format(tokens), False, head)
    tail = find_tail(tokens)
    if isinstance(tail, Refused):
        return tail
    start, end, settings, output = tail
    reads_settings = any(
        a.text.lower() == "system" and b.text.lower() == "settings" for a, b in _qualified(tokens)
    )
    return Allowed(sql[:start] + sql[end : tokens[-1].end], settings, output, reads_settings, head)


def _substitute(tokens: list[Token], parameters: Mapping[str, str]) -> list[Token] | Refused:
    """Puts the values of `{name:Identifier}` in their places: they name tables like any other name."""
    out: list[Token] = []
    skip = 0
    for i, token in enumerate(tokens):
        if skip:
            skip -= 1
        elif (
            token.is_mark("{")
            and i + 4 < len(tokens)
            and tokens[i + 1].is_name
            and tokens[i + 2].is_mark(":")
            and tokens[i + 3].is_word("IDENTIFIER")
            and tokens[i + 4].is_mark("}")
        ):
            value = parameters.get(tokens[i + 1].text, "")
            if "\\" in value:  # the engine undoes escapes in it
                return unreadable(f"the identifier parameter {tokens[i + 1].text} holds a backslash")
            out.append(Token(Kind.QUOTED, value, token.start, tokens[i + 4].end))
            skip = 4
        else:
            out.append(token)
    return out


def _qualified(tokens: Sequence[Token]) -> list[tuple[Token, Token]]:
    """Every pair of names with a dot between."""
    return [
        (tokens[i], tokens[i + 2])
        for i in range(len(tokens) - 2)
        if tokens[i + 1].is_mark(".") and tokens[i].is_name and tokens[i + 2].is_name
    ]


def _check_head(tokens: Sequence[Token], policy: Policy) -> Refused | None:
    start = 0
    while start < len(tokens) and tokens[start].is_mark("("):
        start += 1
    if start == len(tokens):
        return unreadable("empty query")
    head = tokens[start]
    if not head.is_word(*(WRITE_HEADS if policy.writer else READ_HEADS)):
        return readonly(f"{head.text.upper()[:40]} is not for readers: {', '.join(READ_HEADS)} are")
    if start and not head.is_word("SELECT", "WITH", "FROM"):
        return unreadable(f"{head.text} cannot stand in parentheses")
    rest = tokens[start + 1 :]
    if head.is_word("WITH"):
        return _check_with(rest)
    if head.is_word("EXPLAIN"):
        return _check_explain(rest)
    if head.is_word("SHOW") and not (rest and rest[0].is_word(*sql_names.SHOW_WORDS)):
        return denied(f"SHOW {rest[0].text if rest else ''} is not for readers")
    return None


def _check_with(rest: Sequence[Token]) -> Refused | None:
    """`WITH … INSERT` and the like: the first statement word outside parentheses must be SELECT."""
    depth = 0
    for i, token in enumerate(rest):
        depth += token.is_mark("(") - token.is_mark(")")
        if depth == 0 and token.is_word("SELECT", "FROM"):
            return None
        if (
            depth == 0
            and token.is_word(*sql_names.WRITING_WORDS)
            and i + 1 < len(rest)
            and rest[i + 1].is_name
        ):
            return readonly(f"WITH … {token.text.upper()} writes")
    # `WITH x AS (…) (SELECT …)` has its SELECT in parentheses.
    return None if any(token.is_word("SELECT") for token in rest) else unreadable("WITH without SELECT")


def _check_explain(rest: Sequence[Token]) -> Refused | None:
    """EXPLAIN, its kind, its options, then a statement that reads."""
    i = 0
    while i < len(rest) and rest[i].is_word(
        "AST", "SYNTAX", "QUERY", "TREE", "PLAN", "PIPELINE", "ESTIMATE", "ANALYZE"
    ):
        i += 1
    while i + 2 < len(rest) and rest[i].is_name and rest[i + 1].is_mark("="):
        i += 3 + (i + 3 < len(rest) and rest[i + 3].is_mark(","))
    while i < len(rest) and rest[i].is_mark("("):
        i += 1
    if i == len(rest) or not rest[i].is_word("SELECT", "WITH", "FROM"):
        return readonly("EXPLAIN of anything but SELECT is not for readers")
    return _check_with(rest[i + 1 :]) if rest[i].is_word("WITH") else None


def _check_words(tokens: Sequence[Token], _policy: Policy) -> Refused | None:
    """Word pairs that write or control, wherever they stand."""
    for before, token in pairwise(tokens):
        if before.is_word("INTO", "FROM") and token.is_word("OUTFILE", "INFILE"):
            return readonly(
                f"{before.text.upper()} {token.text.upper()} is refused: Vigie's store touches no other files"
            )
        if before.is_word("PARALLEL") and token.is_word("WITH"):
            return readonly("PARALLEL WITH is refused: send statements one by one")
    return None


def _check_calls(tokens: Sequence[Token], policy: Policy) -> Refused | None:
    """Functions that reach outside, as scalar or table functions, called or handed to APPLY."""
    for i, token in enumerate(tokens):
        if not token.is_name:
            continue
        name = token.text.lower()
        called = i + 1 < len(tokens) and tokens[i + 1].is_mark("(")
        if called or _applied(tokens, i):
            if sql_names.is_refused_function(name):
                return denied(f"the function {token.text}() is refused: it reaches outside the store")
            if name in policy.table_functions and name not in sql_names.SAFE_TABLE_FUNCTIONS:
                return denied(
                    f"the table function {token.text}() is refused: it reaches outside Vigie's tables"
                )
    return None


def _applied(tokens: Sequence[Token], i: int) -> bool:
    before = tokens[i - 1] if i else None
    if before is not None and before.is_mark("("):
        before = tokens[i - 2] if i > 1 else None
    return before is not None and before.is_word("APPLY")


def _check_sources(tokens: Sequence[Token], _policy: Policy) -> Refused | None:
    """After FROM and JOIN: a name, a subquery or a safe table function; never a string, which chDB takes
    as a file."""
    selects = [False]  # whether this level of parentheses has a SELECT: EXTRACT(DAY FROM x) names no table
    for i, token in enumerate(tokens):
        if token.is_mark("("):
            selects.append(False)
        elif token.is_mark(")"):
            if len(selects) > 1:
                selects.pop()
        elif token.is_word("SELECT"):
            selects[-1] = True
        elif _takes_table(tokens, i, selects[-1]):
            selects[-1] = True
            refused = _check_source(tokens, i + 1)
            if refused is not None:
                return refused
    return None


def _takes_table(tokens: Sequence[Token], i: int, selects: bool) -> bool:
    """Whether a table follows: after JOIN but ARRAY JOIN, and after a FROM that belongs to a SELECT."""
    before = tokens[i - 1] if i else None
    if tokens[i].is_word("JOIN"):
        return before is None or not before.is_word("ARRAY")
    if not tokens[i].is_word("FROM"):
        return False
    if i >= 2 and tokens[i - 1].is_word("DISTINCT") and tokens[i - 2].is_word("IS", "NOT"):
        return False  # a IS NOT DISTINCT FROM b
    return selects or before is None or before.is_mark("(") or tokens[0].is_word("SHOW")


def _check_source(tokens: Sequence[Token], i: int) -> Refused | None:
    if i >= len(tokens):
        return None
    source = tokens[i]
    if source.kind is Kind.STRING:
        return denied(f"FROM '{source.text[:40]}' is refused: it would read a file")
    called = source.is_name and i + 1 < len(tokens) and tokens[i + 1].is_mark("(")
    if called and source.text.lower() not in sql_names.SAFE_TABLE_FUNCTIONS:
        return denied(f"the table function {source.text}() is refused: it reaches outside Vigie's tables")
    return None


def _check_databases(tokens: Sequence[Token], policy: Policy) -> Refused | None:
    for database, table in _qualified(tokens):
        name = database.text.lower()
        if name == "system" and table.text.lower() not in sql_names.SYSTEM_TABLES:
            return denied(f"system.{table.text} is not for readers")
        if name in policy.closed:
            return denied(f"the database {database.text} is not for readers")
    return None


_RULES: tuple[Callable[[Sequence[Token], Policy], Refused | None], ...] = (
    _check_head,
    _check_words,
    _check_calls,
    _check_sources,
    _check_databases,
)

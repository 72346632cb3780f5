"""Evidence queries: values are quoted so that no page, hashtag or account name becomes SQL."""

from __future__ import annotations

import chdb
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detect.finding import Evidence
from pipeline.explain.evidence import evidence_sql, quote
from pipeline.store.lexer import Kind, lex
from schemas.times import HOUR

HOSTILE = [
    "",
    "'",
    "''",
    "\\",
    "\\'",
    "\\\\'",
    "' OR 1=1 --",
    "\\' OR 1=1 --",
    "'; DROP TABLE posts; --",
    "' UNION ALL SELECT * FROM file('/etc/passwd', 'LineAsString') --",
    "/* ' */ '",
    "$$ ' $$",
    "{x:String}",
    "\x00",
    "\x00' --",
    "\\0",
    "\\n\n\r\t\b\f\v",
    "\\x27 OR 1",
    "\\u0027",
    "%27",
    "’ ‘ ＇ ʼ",
    "é œ 😀 \u202e",
    '`; "',
    "a" * 10_000 + "'",
]


def clickhouse(texts: list[str]) -> list[str]:
    """What ClickHouse reads in the quoted texts."""
    sql = f"SELECT {', '.join(f'hex({quote(text)})' for text in texts)} FORMAT JSONCompactEachRow"
    row = orjson.loads(bytes(chdb.query(sql).bytes()))
    return [bytes.fromhex(value).decode() for value in row]


def test_hostile_texts_come_back_as_they_are() -> None:
    """ClickHouse itself reads each quoted text as one literal that holds exactly the text."""
    assert clickhouse(HOSTILE) == HOSTILE


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.text(
            st.sampled_from("'\\\"`\x00\n;-/*{}$ abn0x27é😀") | st.characters(codec="utf-8"), max_size=12
        ),
        min_size=1,
        max_size=30,
    )
)
def test_any_text_comes_back_as_it_is(texts: list[str]) -> None:
    """Whatever is quoted, ClickHouse reads the same."""
    assert clickhouse(texts) == texts


@pytest.mark.parametrize(
    ("table", "field", "sign"),
    [
        ("posts", "author_id", ""),
        ("posts", "target", ""),
        ("posts", "target", "#"),
        ("copy_posts", "cluster_id", ""),
        ("fan_counts", "page_id", ""),
        ("follows", "page_id", ""),
    ],
)
@pytest.mark.parametrize("value", HOSTILE)
def test_evidence_is_one_select_whatever_the_value(table: str, field: str, sign: str, value: str) -> None:
    """The query has the same words as with a harmless value; only literals differ."""
    sql = evidence_sql(Evidence(table, {field: sign + value}, HOUR, 2 * HOUR))
    usual = evidence_sql(Evidence(table, {field: sign + "harmless"}, HOUR, 2 * HOUR))
    assert quote(sign + value) in sql
    assert [token.kind for token in lex(sql)] == [token.kind for token in lex(usual)]
    strings = [token.text for token in lex(sql) if token.kind is Kind.STRING]
    expected = [token.text for token in lex(usual) if token.kind is Kind.STRING]
    assert strings == [sign + value if text == sign + "harmless" else text for text in expected]
    assert usual.startswith("SELECT * FROM vigie.")
    assert (" FINAL " in usual) == (table != "copy_posts")


@pytest.mark.parametrize("value", HOSTILE)
def test_listed_posts_are_literals(value: str) -> None:
    """A list of posts is literals alone, whatever their identifiers."""
    sql = evidence_sql(Evidence("posts", {"platform": "x"}, HOUR, 2 * HOUR, ("one", value)))
    usual = evidence_sql(Evidence("posts", {"platform": "x"}, HOUR, 2 * HOUR, ("one", "two")))
    assert f"id IN ({quote('one')}, {quote(value)})" in sql
    assert [token.kind for token in lex(sql)] == [token.kind for token in lex(usual)]


def test_bounds_are_included() -> None:
    """The first and the last record behind a finding are among the rows."""
    evidence = Evidence(
        "posts", {"platform": "forum", "target": "l'été"}, 1_772_535_600_000_000, 1_772_535_600_000_001
    )
    sql = evidence_sql(evidence)
    where = sql[sql.index("WHERE ") + 6 : sql.index(" ORDER BY")]
    stamps = "arrayJoin([-1, 0, 1, 2])"
    rows = (
        "SELECT 'forum' AS platform, 'l''été' AS target, "
        f"fromUnixTimestamp64Micro(1772535600000000 + {stamps}, 'UTC') AS created_at"
    )
    assert int(bytes(chdb.query(f"SELECT count() FROM ({rows}) WHERE {where} FORMAT TSV").bytes())) == 2

"""The filter for readers' SQL: what it lets through, what it refuses, and what it says."""

from __future__ import annotations

import pytest

from pipeline.store.guard import Allowed, Policy, check
from pipeline.store.reader_settings import Limits, reader_settings
from pipeline.store.refusal import Refused

READER = Policy(closed=frozenset({"default", "other"}))

GOOD = [
    "SELECT 1",
    "select count() from posts final where platform = 'x';",
    "SELECT 1;; -- done",
    "WITH 1 AS x SELECT x",
    "WITH a AS (SELECT 1 AS n) SELECT n FROM a UNION ALL SELECT 2",
    "(SELECT 1) UNION ALL (SELECT 2)",
    "FROM posts SELECT id",
    "SELECT url, file, remote FROM posts",
    "SELECT p.url, p.file.name FROM posts AS p",
    "SELECT 'INSERT INTO t; file(' /* file('x') */ AS \"KILL\"",
    "SELECT $x$ it's file('/etc/passwd'); DROP $x$",
    "SELECT * FROM numbers(10) AS n, (SELECT 1)",
    "SELECT * FROM generateSeries(1, 3)",
    "SELECT EXTRACT(YEAR FROM toDateTime('2020-01-01 00:00:00'))",
    "SELECT trim(BOTH ' ' FROM ' a ')",
    "SELECT x FROM t LEFT ARRAY JOIN range(3) AS x, splitByChar(',', 'a,b') AS y",
    "SELECT 1 IS NOT DISTINCT FROM toUInt8(1)",
    "SELECT * FROM vigie.posts AS p INNER JOIN copy_members AS m ON p.id = m.id",
    "SHOW TABLES",
    "SHOW CREATE TABLE posts",
    "DESCRIBE TABLE posts",
    "EXISTS TABLE posts",
    "EXPLAIN indexes = 1, actions = 0 SELECT 1",
    "EXPLAIN PLAN WITH 1 AS x SELECT x",
    "SELECT name FROM system.tables",
    "SELECT table_name FROM information_schema.tables",
    "SELECT 1 /* a /* nested */ comment */ + 1 # and\n -- more\n // still",
    "SELECT t.1, t.1.2, 0x1F, 1e-5, .5, 1_000 FROM (SELECT ((1, 2), 3) AS t)",
    "SELECT {x:UInt8}, {'a': 1}, [1], x -> x + 1, a ? b : c, a::String FROM t",
    "SELECT * FROM {t:Identifier}",
    "SELECT `select` FROM t FORMAT JSONEachRow",
    "SELECT x'41', b'01'",
]


@pytest.mark.parametrize("sql", GOOD)
def test_reads_are_allowed(sql: str) -> None:
    """Ordinary reading, in all the ways that SQL writes it, passes."""
    verdict = check(sql, READER, {"t": "posts"})
    assert isinstance(verdict, Allowed), verdict


BAD = [
    ("INSERT INTO posts VALUES (1)", 164, "INSERT"),
    ("insert into posts select 1", 164, "INSERT"),
    ("WITH x AS (SELECT 1) INSERT INTO posts SELECT * FROM x", 164, "INSERT"),
    ("ALTER TABLE posts DROP COLUMN id", 164, "ALTER"),
    ("ATTACH TABLE t", 164, "ATTACH"),
    ("SYSTEM SHUTDOWN", 164, "SYSTEM"),
    ("KILL QUERY WHERE 1", 164, "KILL"),
    ("SET readonly = 0", 164, "SET"),
    ("USE system", 164, "USE"),
    ("SELECT 1; SELECT 2", 164, "several"),
    ("SELECT 1;/**/DROP TABLE posts", 164, "several"),
    ("SELECT 1 INTO OUTFILE '/tmp/x'", 164, "OUTFILE"),
    ("SELECT 1 INTO/**/oUtFiLe '/tmp/x' FORMAT CSV", 164, "OUTFILE"),
    ("EXPLAIN SELECT 1 INTO OUTFILE 'x'", 164, "OUTFILE"),
    ("EXPLAIN INSERT INTO t VALUES (1)", 164, "EXPLAIN"),
    ("SELECT 1 PARALLEL WITH DROP TABLE posts", 164, "PARALLEL"),
    ("SELECT * FROM file('/etc/passwd')", 497, "file"),
    ("SELECT * FROM `file`('/etc/passwd')", 497, "file"),
    ("SELECT \"file\" /* x */ ('/etc/passwd')", 497, "file"),
    ("SELECT FILE\u00a0('/etc/passwd')", 497, "FILE"),
    ("SELECT path APPLY(file) FROM t", 497, "file"),
    ("SELECT path APPLY file FROM t", 497, "file"),
    ("SELECT * FROM url('http://127.0.0.1/', 'CSV')", 497, "url"),
    ("DESCRIBE s3('http://x')", 497, "s3"),
    ("SELECT 1 IN remote('127.0.0.1', system.one)", 497, "remote"),
    ("SELECT * FROM (SELECT * FROM view(SELECT * FROM mysql('h', 'd', 't', 'u', 'p')))", 497, "mysql"),
    ("SELECT * FROM posts, executable('x.sh', 'CSV', 'a String')", 497, "executable"),
    ("SELECT * FROM Python(data)", 497, "Python"),
    ("SELECT * FROM eval('SELECT 1')", 497, "eval"),
    ("SELECT * FROM merge('system', '.*')", 497, "merge"),
    ("SELECT * FROM loop(posts)", 497, "loop"),
    ("SELECT * FROM somethingNew('x')", 497, "somethingNew"),
    ("SELECT * FROM posts ANY LEFT JOIN somethingNew('x') USING id", 497, "somethingNew"),
    ("SELECT dictGet('d', 'a', 1)", 497, "dictGet"),
    ("SELECT joinGet('j', 'a', 1)", 497, "joinGet"),
    ("SELECT aiGenerate('x')", 497, "aiGenerate"),
    ("SELECT * FROM '/etc/passwd.csv'", 497, "file"),
    ("FROM 'x.csv' SELECT *", 497, "file"),
    ("SELECT * FROM default.`/etc/passwd.csv`", 497, "default"),
    ("SELECT * FROM other.secret", 497, "other"),
    ("SELECT * FROM system . processes", 497, "processes"),
    ('SELECT * FROM `system`."query_log"', 497, "query_log"),
    ("SELECT 1 IN system.users", 497, "users"),
    ("SELECT * FROM {d:Identifier}.{t:Identifier}", 497, "processes"),
    ("SHOW PROCESSLIST", 497, "PROCESSLIST"),
    ("SHOW GRANTS", 497, "GRANTS"),
    ("SELECT 1 SETTINGS max_threads = (SELECT 1)", 164, "max_threads"),
    ("SELECT * FROM (SELECT 1 SETTINGS readonly = 0)", 164, "SETTINGS"),
    ("SELECT 1 SETTINGS a = 1 UNION ALL SELECT 2", 164, "SETTINGS"),
    ("", 62, "empty"),
    (" ; ", 62, "empty"),
    ("SELECT 'open", 62, "not closed"),
    ("SELECT /* open", 62, "not closed"),
    ("SELECT `fi\\x6ce`('x')", 62, "backslash"),
    ("SELECT “file”('x')", 62, "“"),
    ("SELECT $a b$ x $a b$", 62, "tag"),
    ("SELECT x'\\' file('y') '", 62, "hexadecimal"),
    ("SELECT 1file('x')", 62, "number"),
    ("SELECT 1\\G", 62, "\\"),
    ("SELECT \x00 1", 62, "x00"),
]


@pytest.mark.parametrize(("sql", "code", "named"), BAD)
def test_everything_else_is_refused_by_name(sql: str, code: int, named: str) -> None:
    """Writing, other people's data, files, the network and tricks are refused, with what was refused."""
    verdict = check(sql, READER, {"d": "system", "t": "processes"})
    assert isinstance(verdict, Refused), verdict
    assert verdict.code == code
    assert named in verdict.message
    assert str(verdict).startswith(f"Code: {code}. DB::Exception: ")


def test_an_identifier_parameter_cannot_be_spelled_with_escapes() -> None:
    """`{d:Identifier}` with a backslash is refused: the engine would undo the escape later."""
    assert isinstance(check("SELECT * FROM {d:Identifier}.t", READER, {"d": "sys\\x74em"}), Refused)


@pytest.mark.parametrize(
    ("sql", "left", "settings", "output"),
    [
        ("SELECT 1 SETTINGS max_threads = 2, final = 0 FORMAT JSON", "SELECT 1  FORMAT JSON", 2, "JSON"),
        ("SELECT 1 FORMAT CSV SETTINGS extremes = true;", "SELECT 1 FORMAT CSV ", 1, "CSV"),
        ("SELECT format('{}', settings) FROM t", "SELECT format('{}', settings) FROM t", 0, None),
    ],
)
def test_the_settings_clause_is_taken_out(sql: str, left: str, settings: int, output: str | None) -> None:
    """SETTINGS at the end is handed over as values, and FORMAT is found on either side of it."""
    verdict = check(sql, READER)
    assert isinstance(verdict, Allowed)
    assert (verdict.sql, len(verdict.settings), verdict.format) == (left, settings, output)


def test_the_writer_may_write_but_reaches_no_files_either() -> None:
    """Migrations and inserts pass for the writer; file tables, table functions and OUTFILE do not."""
    writer = Policy(writer=True, closed=frozenset())
    create = "CREATE TABLE a.t (x Int8) ENGINE = MergeTree ORDER BY x SETTINGS index_granularity = 1"
    assert check(create, writer) == Allowed(create, {}, None, False, "CREATE")
    for sql in (
        "CREATE TABLE t (x Int8) ENGINE = URL('http://x', CSV)",
        "INSERT INTO FUNCTION file('/tmp/x') SELECT 1",
        "INSERT INTO t FROM INFILE '/etc/passwd' FORMAT CSV",
        "SELECT 1 INTO OUTFILE 'x'",
        "SYSTEM SHUTDOWN",
    ):
        assert isinstance(check(sql, writer), Refused), sql


def test_a_reader_may_lower_limits_and_not_raise_them() -> None:
    """Caps hold in one direction, unknown settings and readonly = 0 are refused, harmless ones ignored."""
    limits = Limits(rows=100, seconds=5.0)
    lowered = reader_settings({"max_result_rows": "10", "log_comment": "x", "readonly": "1"}, limits)
    assert isinstance(lowered, dict)
    assert lowered["max_result_rows"] == "10"
    assert lowered["max_execution_time"] == "5"
    assert lowered["final"] == "1"
    assert "readonly" not in lowered
    for name, value in (
        ("max_result_rows", "101"),
        ("max_execution_time", "0"),
        ("max_memory_usage", "nan"),
        ("max_memory_usage", "lots"),
        ("readonly", "0"),
        ("allow_ddl", "1"),
        ("format_schema", "/etc/passwd"),
        ("do_not_merge_across_partitions_select_final", "1"),
    ):
        assert isinstance(reader_settings({name: value}, limits), Refused), name

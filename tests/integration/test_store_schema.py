"""What the store is made of: migrations, documentation, roles, a filter that agrees with the engine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.formulas import plain
from pipeline.store import rows
from pipeline.store.client import StoreClient
from pipeline.store.engine import Engine
from pipeline.store.errors import EngineError, StoreError
from pipeline.store.guard import Allowed, Policy, check
from pipeline.store.migrate import Retention, migrate, migrations, statements
from pipeline.store.schemas import TABLES
from tests.integration.test_store_process import NOW, StoreProcess
from tests.integration.test_store_tables import alert, ask, post
from tests.unit.test_formulas import DANGEROUS, HARMLESS

pytestmark = pytest.mark.integration

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    process = StoreProcess(tmp_path_factory.mktemp("store"))
    yield process
    assert process.stop() == 0


@pytest.fixture
def writer(store: StoreProcess) -> Iterator[StoreClient]:
    with store.writer() as client:
        for table in TABLES:
            client.command(f"TRUNCATE TABLE vigie.{table}")
        yield client


def test_migrations_are_harmless_twice(store: StoreProcess, writer: StoreClient) -> None:
    """A second run applies nothing; every statement by itself can be said again; data stay."""
    assert migrate(writer, "vigie") == []
    applied = migrate(writer, "second")
    assert applied == [*migrations(), "retention.sql"]
    assert migrate(writer, "second") == []
    writer.insert("posts", rows.posts_table([post("1")], NOW))
    for text in migrations().values():
        for statement in statements(text.replace("{database}", "vigie")):
            writer.command(statement)
    assert ask(writer, "SELECT count() FROM vigie.posts FINAL") == [(1,)]
    with pytest.raises(Exception, match="ACCESS_DENIED"):
        store.reader().query("SELECT * FROM second.posts")
    writer.command("DROP DATABASE second")


def test_a_changed_migration_is_not_applied(writer: StoreClient) -> None:
    """A file that was changed after it had been applied is named."""
    migrate(writer, "third")
    writer.command("INSERT INTO third.schema_migrations (name, digest) VALUES ('0001_posts.sql', 'other')")
    with pytest.raises(StoreError, match=r"0001_posts\.sql"):
        migrate(writer, "third")
    writer.command("DROP DATABASE third")
    with pytest.raises(StoreError, match="unusable"):
        migrate(writer, "a; DROP DATABASE vigie")


def test_retention_follows_its_setting(writer: StoreClient) -> None:
    """A new number of months changes the TTL, once; old events that are stored now stay."""
    assert migrate(writer, "vigie", Retention(posts_months=2)) == ["retention.sql"]
    assert migrate(writer, "vigie", Retention(posts_months=2)) == []
    engine = "SELECT engine_full FROM system.tables WHERE database = 'vigie' AND name = 'posts'"
    assert "TTL toDateTime(ingested_at) + toIntervalMonth(2)" in ask(writer, engine)[0][0]
    writer.insert("posts", rows.posts_table([post("old", "1999-01-01T00:00:00Z")], NOW))
    writer.command("OPTIMIZE TABLE vigie.posts FINAL")
    assert ask(writer, "SELECT id FROM vigie.posts FINAL") == [("old",)]
    assert migrate(writer, "vigie") == ["retention.sql"]


def test_schemas_are_those_of_the_tables(writer: StoreClient) -> None:
    """Every column of every table is written by `pipeline.store.rows`, and no other, but for what the store makes of
    the others."""
    for table, schema in TABLES.items():
        found = ask(
            writer,
            f"SELECT name FROM system.columns WHERE database = 'vigie' AND table = '{table}' "
            "AND default_kind != 'MATERIALIZED'",
        )
        assert sorted(name for (name,) in found) == sorted(schema.names), table


def test_everything_is_documented(store: StoreProcess) -> None:
    """docs/reference/tables.md has a section for every table and view, and names every column in it."""
    text = (DOCS / "reference" / "tables.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## `(\w+)`\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    found = (
        store.reader().query("SELECT table, name FROM system.columns WHERE database = 'vigie'").result_rows
    )
    missing = [f"{table}.{column}" for table, column in found if f"`{column}`" not in sections.get(table, "")]
    assert not missing
    assert set(sections) == {table for table, _ in found}


def test_the_cookbook_runs(store: StoreProcess, writer: StoreClient) -> None:
    """Every query of docs/cookbook.md runs for a reader as it is printed."""
    writer.insert("posts", rows.posts_table([post("1"), post("2")], NOW))
    writer.insert("alerts", rows.alerts_table([alert("a", 1)], NOW))
    queries = re.findall(r"```sql\n(.*?)```", (DOCS / "cookbook.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(queries) >= 8
    reader = store.reader()
    for query in queries:
        assert reader.query_arrow(query).schema.names, query


def test_the_recipe_for_spreadsheets(store: StoreProcess, writer: StoreClient) -> None:
    """What the cookbook's query calls plain is what Vigie's own CSV files have, for every text; none is a formula."""
    texts = [*DANGEROUS, *HARMLESS]
    writer.insert("posts", rows.posts_table([post(str(n), text=text) for n, text in enumerate(texts)], NOW))
    text = (DOCS / "cookbook.md").read_text(encoding="utf-8")
    (query,) = re.findall(r"```sql\n(WITH x -> .*?)```", text, re.DOTALL)
    found = store.reader().query_arrow(query)
    assert sorted(found["said"].to_pylist()) == sorted(map(plain, texts))


def test_roles_for_a_server_parse(writer: StoreClient) -> None:
    """The statements for a ClickHouse server's users are ClickHouse's SQL (chDB has no users to run them)."""
    text = resources.files("infra").joinpath("clickhouse", "server", "roles.sql").read_text(encoding="utf-8")
    parts = statements(text.replace("{database}", "vigie"))
    assert len(parts) == 5
    for statement in parts:
        assert writer.query("SELECT formatQuery({q:String})", {"q": statement}).result_rows[0][0].split()[
            0
        ] in (
            "CREATE",
            "GRANT",
        )


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = Engine(tmp_path_factory.mktemp("engine"), "vigie")
    yield opened
    opened.close()


FRAGMENTS = """SELECT FROM system.one ' '' " ` \\ /* */ -- // # $ $a$ ; ( ) , 1 x . INTO OUTFILE
'/dev/null' INSERT numbers(1) WITH AS EXPLAIN KILL QUERY WHERE 1=1 FORMAT CSV SETTINGS max_threads=1
UNION ALL DROP TABLE t SHOW TABLES x'41' “ ” ‘ ’"""


@given(
    st.lists(st.sampled_from([*FRAGMENTS.split(), "\n", "\r", "\u00a0"]), max_size=14),
    st.sampled_from([" ", ""]),
)
@settings(max_examples=1500, deadline=None)
def test_the_filter_never_reads_less_than_the_engine(engine: Engine, parts: list[str], blank: str) -> None:
    """What the filter allows, the engine's parser takes for one statement that reads, or for no SQL."""
    verdict = check("SELECT " + blank.join(parts), Policy())
    if isinstance(verdict, Allowed):
        try:
            reads = engine.reads_only(verdict.sql)
        except EngineError as error:
            reads = error.code == 62
        assert reads, verdict.sql


@pytest.mark.parametrize("table", [field.removesuffix("_months") for field in Retention._fields])
def test_rows_go_when_their_time_is_over(writer: StoreClient, table: str) -> None:
    """Each table's number of months takes away its old rows and leaves the others, whatever time they speak of."""
    number = Retention._fields.index(f"{table}_months")
    months = tuple(3 if n == number else 100 for n in range(len(Retention._fields)))
    migrate(writer, "vigie", Retention(*months))
    stored = "at" if table in ("dead_letters", "letter_outcomes") else "ingested_at"
    key = ask(writer, f"SELECT sorting_key FROM system.tables WHERE database = 'vigie' AND name = '{table}'")[
        0
    ][0]
    first = key.split(", ")[0]
    for name, ago in (("old", 4), ("young", 2)):
        writer.command(
            f"INSERT INTO vigie.{table} ({first}, {stored}) VALUES ('{name}', now() - toIntervalMonth({ago}))"
        )
    writer.command(f"OPTIMIZE TABLE vigie.{table} FINAL")
    assert ask(writer, f"SELECT {first} FROM vigie.{table} FINAL") == [("young",)]
    migrate(writer, "vigie")

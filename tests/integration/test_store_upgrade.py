"""A store of every earlier form, with rows in it, brought to the present one: no row is lost, none changes."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources

import pyarrow as pa
import pytest

from pipeline.store import migrate as forms
from pipeline.store import rows
from pipeline.store.client import StoreClient
from pipeline.store.migrate import Retention, migrate, migrations, statements
from schemas.erasures import Erasure, digest
from schemas.times import DAY
from tests.integration.test_store_process import NOW, StoreProcess
from tests.integration.test_store_tables import alert, ask, post

pytestmark = pytest.mark.integration

_AT = "2024-01-05T10:00:00Z"
_COUNT = {"platform": "x", "page_id": "page", "observed_at": _AT, "followers": 10}
_FOLLOW = {"platform": "x", "page_id": "page", "actor_id": "a1", "at": _AT, "action": "follow"}
_MEMBER = {"cluster_id": "c", "platform": "x", "id": "1", "author_id": "a1", "created_at": _AT}
_LETTER = {"topic": "t", "partition": 0, "offset": 1, "stage": "intake", "code": "no_json", "field": "",
           "message": "no", "raw": b"{"}  # fmt: skip
_OUTCOME = {"topic": "t", "partition": 0, "offset": 1, "digest": rows.digest(b"{"), "outcome": "dropped"}
_ACTION = {"alert_id": "A", "at": _AT, "action": "ack", "actor": "lea", "comment": "vu"}

MONTHS = Retention(posts_months=40)

FILLED: dict[str, pa.Table] = {
    "posts": rows.posts_table([post("1"), post("2", text="Bonne semaine ☀", unknown={"kept": [1]})], NOW),
    "fan_counts": rows.fan_counts_table([_COUNT], NOW),
    "follows": rows.follows_table([_FOLLOW], NOW),
    "alerts": rows.alerts_table([alert("A", 2), alert("B", 1, status="closed")], NOW),
    "alert_revisions": rows.alert_revisions_table([alert("A", 1), alert("A", 2)], NOW),
    "actions": rows.actions_table([_ACTION], NOW),
    "copy_members": rows.copy_members_table([_MEMBER], NOW),
    "dead_letters": rows.dead_letters_table([_LETTER], NOW),
    "letter_outcomes": rows.letter_outcomes_table([_OUTCOME], NOW),
    "cursors": rows.cursors_table({"jetstream": "7"}, NOW),
    "erasures": rows.erasures_table([Erasure("x", digest("x", "lea"), NOW, "forgotten-00000001")], NOW),
}
"""Rows of each table."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    process = StoreProcess(tmp_path_factory.mktemp("store"))
    yield process
    assert process.stop() == 0


def _columns(client: StoreClient, database: str, engines: str) -> dict[str, list[str]]:
    """The columns of the tables or views of a database."""
    found: dict[str, list[str]] = {}
    for table, column in ask(
        client,
        "SELECT table, name FROM system.columns WHERE database = "
        f"'{database}' AND table IN (SELECT name FROM system.tables WHERE database = '{database}' "
        f"AND engine {engines}) AND table != 'schema_migrations' ORDER BY table, position",
    ):
        found.setdefault(table, []).append(column)
    return found


def _rows(client: StoreClient, database: str, columns: dict[str, list[str]]) -> dict[str, list[object]]:
    return {
        table: sorted(ask(client, f"SELECT {', '.join(names)} FROM {database}.{table} FINAL"), key=repr)
        for table, names in columns.items()
    }


def _as_it_was(client: StoreClient, database: str, number: int) -> None:
    """A database to which the first `number` migrations were applied; no more were known then."""
    client.command(f"CREATE DATABASE {database}")
    client.command(
        f"CREATE TABLE {database}.schema_migrations (name String, digest String, "
        "applied_at DateTime64(6, 'UTC') DEFAULT now64(6)) ENGINE = ReplacingMergeTree(applied_at) ORDER BY name"
    )
    for name, text in list(migrations().items())[:number]:
        forms._apply(client, database, name, text.replace("{database}", database), forms._digest(text))
    if number >= 8:  # the retention of today was applied, and written down as it was until then
        text = resources.files("infra").joinpath("clickhouse", "retention.sql").read_text(encoding="utf-8")
        for key, months in MONTHS._asdict().items():
            text = text.replace(f"{{{key}}}", str(months))
        client.command(
            f"INSERT INTO {database}.schema_migrations (name, digest) VALUES "
            f"('retention.sql', '{forms._digest(text)}')"
        )


@pytest.mark.parametrize("number", range(1, len(migrations()) + 1))
def test_every_earlier_form_is_brought_up(store: StoreProcess, number: int) -> None:
    """What is missing is applied, and nothing else; all rows stand as they were written, all views answer, and new rows
    are taken."""
    database = f"form_{number}"
    with store.writer() as client:
        _as_it_was(client, database, number)
        before = _columns(client, database, "LIKE '%MergeTree'")
        assert before
        for table, columns in before.items():
            known = [name for name in columns if name in FILLED[table].column_names]
            client.insert(f"{database}.{table}", FILLED[table].select(known))
        wanted = _rows(client, database, before)
        assert all(wanted.values())
        assert migrate(client, database, MONTHS) == [*list(migrations())[number:], "retention.sql"]
        assert migrate(client, database, MONTHS) == []
        assert _rows(client, database, before) == wanted
        kept = f"SELECT engine_full FROM system.tables WHERE database = '{database}' AND name = 'posts'"
        assert "TTL toDateTime(ingested_at) + toIntervalMonth(40)" in ask(client, kept)[0][0]
        for table in _columns(client, database, "LIKE '%MergeTree'"):
            client.insert(f"{database}.{table}", FILLED[table])
        views = _columns(client, database, "= 'View'")
        assert {"copy_posts", "active_alerts", "letters"} <= views.keys()
        for view in views:
            assert ask(client, f"SELECT count() FROM (SELECT * FROM {database}.{view})")
        assert {row[0] for row in ask(client, f"SELECT id FROM {database}.posts FINAL")} == {"1", "2"}
        client.insert(f"{database}.posts", rows.posts_table([post("2", deleted=True)], NOW - DAY))
        assert ask(client, f"SELECT id FROM {database}.posts FINAL WHERE deleted") == [("2",)]
        assert ask(client, f"SELECT id FROM {database}.copy_posts") == [("1",)]
        assert ask(client, f"SELECT outcome FROM {database}.letters") == [("dropped",)]


def test_there_are_rows_for_every_table() -> None:
    """A table that a migration adds is filled here as well."""
    made = {
        statement.split("{database}.")[1].split()[0]
        for text in migrations().values()
        for statement in statements(text)
        if statement.startswith("CREATE TABLE")
    }
    assert made == FILLED.keys()

"""Brings a database to the present form: numbered SQL files, applied once each and written down."""

from __future__ import annotations

import hashlib
import re
from importlib import resources
from typing import Any, NamedTuple, Protocol

from pipeline.store.errors import StoreError
from pipeline.store.lexer import lex

_NUMBERED = re.compile(r"\d{4}_\w+\.sql")
_DATABASE = re.compile(r"[A-Za-z_]\w{0,63}", re.ASCII)
_RETENTION = "retention.sql"


class Retention(NamedTuple):
    """Months that rows of each table are kept after they were stored."""

    posts_months: int = 13
    copy_members_months: int = 13
    fan_counts_months: int = 25
    follows_months: int = 25
    alerts_months: int = 60
    alert_revisions_months: int = 60
    actions_months: int = 60
    dead_letters_months: int = 3
    letter_outcomes_months: int = 3


class SqlClient(Protocol):
    """What a migration needs of a client: clickhouse-connect's, `StoreClient` or `Engine`."""

    def command(self, cmd: str) -> Any:
        """Runs a statement without a result."""

    def query(self, query: str) -> Any:
        """Runs a statement; the answer has `result_rows`."""


def migrations() -> dict[str, str]:
    """Every migration's name and text, in order."""
    folder = resources.files("infra").joinpath("clickhouse")
    names = sorted(item.name for item in folder.iterdir() if _NUMBERED.fullmatch(item.name))
    return {name: folder.joinpath(name).read_text(encoding="utf-8") for name in names}


def statements(text: str) -> list[str]:
    """The statements of an SQL file, without the semicolons between."""
    out, start = [], None
    end = 0
    for token in lex(text):
        if token.is_mark(";"):
            if start is not None:
                out.append(text[start:end])
            start = None
        else:
            start = token.start if start is None else start
            end = token.end
    return out if start is None else [*out, text[start:end]]


def migrate(client: SqlClient, database: str, retention: Retention | None = None) -> list[str]:
    """Applies what is missing, in order, and the retention when it changed; the names of what was applied.

    Safe to run twice, and by several processes at once: every statement says IF NOT EXISTS, or makes again of a table
    what it is. `client` must be allowed to create tables, and to replace them.

    Raises:
        StoreError: a file changed after it had been applied, or the database's name is unusable.
    """
    if not _DATABASE.fullmatch(database):
        raise StoreError(
            f"the database name {database!r} is unusable: letters, digits and underscores are allowed"
        )
    client.command(f"CREATE DATABASE IF NOT EXISTS {database}")
    client.command(
        f"CREATE TABLE IF NOT EXISTS {database}.schema_migrations "
        "(name String COMMENT 'File in infra/clickhouse', digest String COMMENT 'Hash of what was applied', "
        "applied_at DateTime64(6, 'UTC') DEFAULT now64(6) COMMENT 'When') "
        "ENGINE = ReplacingMergeTree(applied_at) ORDER BY name COMMENT 'Migrations that were applied'"
    )
    known = _known(client, database)
    applied: list[str] = []
    for name, text in migrations().items():
        if name in known and known[name] != _digest(text):
            raise StoreError(
                f"{name} is not what was applied to {database}: never change a migration, add the next number"
            )
        # Another process may have been at it meanwhile.
        if name not in known and name not in _known(client, database):
            _apply(client, database, name, text.replace("{database}", database), _digest(text))
            applied.append(name)
    text = resources.files("infra").joinpath("clickhouse", _RETENTION).read_text(encoding="utf-8")
    for key, months in (retention or Retention())._asdict().items():
        text = text.replace(f"{{{key}}}", str(int(months)))
    # A migration may make a table anew, which then keeps its rows for ever.
    digest = f"{_digest(text)} after {max(migrations())}"
    if known.get(_RETENTION) != digest:
        _apply(client, database, _RETENTION, text.replace("{database}", database), digest)
        applied.append(_RETENTION)
    return applied


def _known(client: SqlClient, database: str) -> dict[str, str]:
    """What was applied, with its digest."""
    rows = client.query(f"SELECT name, digest FROM {database}.schema_migrations FINAL").result_rows  # noqa: S608
    return {str(name): str(digest) for name, digest in rows}


def _digest(text: str) -> str:
    """Of the statements, not of the comments between them: those may be improved later."""
    return hashlib.blake2b("\0".join(statements(text)).encode(), digest_size=8).hexdigest()


def _apply(client: SqlClient, database: str, name: str, text: str, digest: str) -> None:
    for statement in statements(text):
        client.command(statement)
    client.command(f"INSERT INTO {database}.schema_migrations (name, digest) VALUES ('{name}', '{digest}')")  # noqa: S608

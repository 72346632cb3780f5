"""How the rest of Vigie talks to the store: clickhouse-connect over HTTP, the same for chDB and a server."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import clickhouse_connect
import pyarrow as pa
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError

from pipeline.store.errors import StoreError
from pipeline.store.rows import cursors_table
from schemas.times import Micros

_WRONG_CREDENTIALS = ("AUTHENTICATION_FAILED", "code: 516", "Code: 516", "code: 194")


class StoreClient:
    """One user of one database. Connects at the first call; not for several threads at once."""

    def __init__(
        self,
        host: str,
        port: int,
        user: str = "default",
        password: str = "",
        database: str = "vigie",
        timeout: float = 300.0,
    ) -> None:
        """`timeout`: longest wait for an answer, in seconds."""
        self._where = f"{host}:{port}"
        self._database = database
        self._arguments: dict[str, Any] = {
            "host": host,
            "port": port,
            "username": user,
            "password": password,
            "connect_timeout": 5,
            "send_receive_timeout": timeout,
            "autogenerate_session_id": False,
            "client_name": "vigie",
        }
        self._client: Client | None = None

    def wait_ready(self, timeout: float) -> None:
        """Returns when the store answers; tries for `timeout` seconds.

        Raises:
            StoreError: it did not, or it refuses the user: then at once.
        """
        deadline = time.monotonic() + timeout
        pause = 0.05
        while True:
            try:
                self._connect().command("SELECT 1")
            except StoreError as error:
                if "password" in str(error) or time.monotonic() + pause > deadline:
                    raise
            except (ClickHouseError, HTTPError, OSError) as error:
                if time.monotonic() + pause > deadline:
                    raise self._failure(error) from error
            else:
                return
            time.sleep(pause)
            pause = min(pause * 2, 1.0)

    def insert(self, table: str, rows: pa.Table) -> int:
        """Inserts an Arrow table made by `pipeline.store.rows`; the number of rows. An empty one is not sent.

        Raises:
            StoreError: the store is away or refuses them; saying it again is safe.
        """
        if rows.num_rows == 0:
            return 0
        settings = {"max_partitions_per_insert_block": 0}  # a replayed batch may span many months
        self._call(
            lambda client: client.insert_arrow(table, rows, database=self._database, settings=settings)
        )
        return int(rows.num_rows)

    def query(
        self,
        query: str,
        parameters: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Any:
        """Runs a query; clickhouse-connect's QueryResult (`result_rows`, `column_names`, `named_results()`).

        Raises:
            StoreError: the store is away or refuses the query.
        """
        return self._call(
            lambda client: client.query(
                query, parameters=dict(parameters or {}), settings=dict(settings or {}) or None
            )
        )

    def query_arrow(self, query: str, parameters: Mapping[str, Any] | None = None) -> pa.Table:
        """Runs a query; the rows as an Arrow table.

        Raises:
            StoreError: as for `query`.
        """
        return self._call(lambda client: client.query_arrow(query, parameters=dict(parameters or {})))

    def stream_arrow(self, query: str) -> Iterator[pa.RecordBatch]:
        """Runs a query; its rows as they come, so that a long answer is never in memory as a whole.

        Raises:
            StoreError: as for `query`, also on the way.
        """
        try:
            with self._connect().query_arrow_stream(query) as batches:
                yield from batches
        except (ClickHouseError, HTTPError, OSError) as error:
            raise self._failure(error) from error

    def command(self, cmd: str) -> Any:
        """Runs a statement without a table for an answer: DDL, or a query of one value.

        Raises:
            StoreError: as for `query`.
        """
        return self._call(lambda client: client.command(cmd))

    def cursor(self, connector: str) -> str | None:
        """Where a connector stands, or None when it never said."""
        rows = self.query(
            "SELECT value FROM {d:Identifier}.cursors FINAL WHERE connector = {c:String}",
            {"d": self._database, "c": connector},
        ).result_rows
        return str(rows[0][0]) if rows else None

    def save_cursor(self, connector: str, value: str, at: Micros) -> None:
        """Writes down where a connector stands."""
        self.insert("cursors", cursors_table({connector: value}, at))

    def close(self) -> None:
        """Gives the connections back."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def __enter__(self) -> StoreClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _connect(self) -> Client:
        if self._client is None:
            try:
                self._client = clickhouse_connect.get_client(**self._arguments)
                self._client.database = self._database
            except (ClickHouseError, HTTPError, OSError) as error:
                raise self._failure(error) from error
        return self._client

    def _call(self, action: Any) -> Any:
        try:
            return action(self._connect())
        except (ClickHouseError, HTTPError, OSError) as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> StoreError:
        text = str(error)
        if any(mark in text for mark in _WRONG_CREDENTIALS):
            return StoreError(
                f"the store at {self._where} refuses the user {self._arguments['username']!r}: "
                "check its name and password (VIGIE_STORE__PASSWORD, VIGIE_STORE__WRITER_PASSWORD)"
            )
        if "Code: " in text:
            return StoreError(f"the store at {self._where} says: {text[text.index('Code: ') :]}")
        return StoreError(
            f"no answer from the store at {self._where} ({type(error).__name__}: {text[:200]}): "
            "is `vigie up` or ClickHouse running there? (VIGIE_STORE__HOST, VIGIE_STORE__PORT)"
        )

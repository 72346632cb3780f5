"""chDB, owned by one process: handles that read within limits, handles that write.

Every query gets a handle of its own (0.3 ms): chDB runs the queries of one handle one after the other,
and settings of one reader must not reach the next. `chdb._chdb` is used rather than `chdb.connect`, which
offers no `classify_query`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from pipeline.store.errors import EngineError
from pipeline.store.inserts import target

_APPEND = 8 << 20
"""Bytes handed to the engine at a time; it parses them as they come."""

_STAGE = "`rows on their way`"
"""A temporary table: each handle has its own."""

WRITER_SETTINGS = {"max_partitions_per_insert_block": "0"}
"""A batch of replayed posts may span more months than ClickHouse's default of 100 partitions."""


ALLOCATOR = "dirty_decay_ms:1000"
"""How chDB's allocator is told to give pages back a second after they were freed. Its own five seconds are longer than
the time from one merge to the next, so that while posts flow it kept what all of them had needed."""


class Answer(NamedTuple):
    """What a statement returned, and what it read or wrote. elapsed in seconds."""

    body: bytes
    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    elapsed: float = 0.0


class Rows(NamedTuple):
    """The shape that `pipeline.store.migrate` and clickhouse-connect share."""

    result_rows: list[list[Any]]


def quote_name(name: str) -> str:
    """A name of a database, table or column as ClickHouse takes it whatever its letters."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def quote_text(text: str) -> str:
    """A string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


@contextmanager
def _engine_errors() -> Iterator[None]:
    try:
        yield
    except (RuntimeError, ValueError) as error:
        raise EngineError(str(error)) from error


class Stream:
    """A result that comes block by block. Not for two threads at once, except `close`."""

    def __init__(self, handle: Any, sql: str, output: str, parameters: Mapping[str, str]) -> None:
        self._handle = handle
        self._lock = threading.Lock()
        self._open = True
        with _engine_errors():
            self._result = handle.send_query(sql, output, params=dict(parameters))

    def fetch(self) -> bytes:
        """The next block, empty at the end.

        Raises:
            EngineError: the query failed on the way.
        """
        with self._lock:
            if not self._open:
                return b""
            with _engine_errors():
                block = self._handle.streaming_fetch_result(self._result)
            return b"" if block is None or block.rows_read() == 0 else bytes(block.bytes())

    def close(self) -> None:
        """Ends the query if it is still running, and gives the handle back."""
        with self._lock:
            if self._open:
                self._open = False
                with _engine_errors():
                    self._handle.streaming_cancel_query(self._result)
                self._handle.close()


class Engine:
    """One open folder. `path` must not be open in another process (`pipeline.store.lock`)."""

    def __init__(self, path: Path, database: str) -> None:
        os.environ.setdefault("JE_MALLOC_CONF", ALLOCATOR)  # read once, when the library is loaded
        from chdb import _chdb  # a quarter of a second: only the process that owns a folder pays it

        self._connect: Any = _chdb.connect  # type: ignore[attr-defined]
        self._path = str(path)
        self.database = database
        own = resources.files("infra").joinpath("clickhouse", "embedded", "engine.xml")
        with _engine_errors(), resources.as_file(own) as settings:
            self._base = self._connect(f"{self._path}?config-file={settings}")  # handles after it share them
        self._base_lock = threading.Lock()
        self.command(f"CREATE DATABASE IF NOT EXISTS {quote_name(database)}")
        version, timezone = self.query("SELECT version(), timezone()").result_rows[0]
        self.version, self.timezone = str(version), str(timezone)

    def command(self, cmd: str) -> None:
        """Runs one statement without a result, as the store itself."""
        with self._base_lock, _engine_errors():
            self._base.query(cmd, "Null", params={})

    def query(self, query: str) -> Rows:
        """Runs one statement as the store itself; the rows as Python values."""
        with self._base_lock, _engine_errors():
            body = bytes(self._base.query(query, "JSONCompactEachRow", params={}).bytes())
        return Rows([orjson.loads(line) for line in body.splitlines()])

    def reads_only(self, sql: str) -> bool:
        """Whether the engine's own parser takes the text for one statement that only reads.

        Raises:
            EngineError: the text is not SQL.
        """
        with self._base_lock, _engine_errors():
            found = self._base.classify_query(sql)
            if (
                found["query_class"].name == "UNKNOWN"
            ):  # formatQuery parses and runs nothing: it says what is wrong
                self._base.query(f"SELECT formatQuery({quote_text(sql)})", "Null", params={})
        return bool(found["query_class"].name == "READ_ONLY" and found["statement_count"] == 1)

    def _handle(self, settings: Mapping[str, str], database: str) -> Any:
        handle = self._connect(self._path)
        try:
            handle.query(f"USE {quote_name(database)}", "Null", params={})
            if settings:
                pairs = ", ".join(
                    f"{quote_name(name)} = {quote_text(value)}" for name, value in settings.items()
                )
                handle.query(f"SET {pairs}", "Null", params={})
        except RuntimeError:
            handle.close()
            raise
        return handle

    def _reader(self, settings: Mapping[str, str], database: str, level: int) -> Any:
        handle = self._handle(settings, database)
        handle.query(f"SET readonly = {level}", "Null", params={})
        return handle

    def read(
        self,
        sql: str,
        output: str,
        settings: Mapping[str, str],
        parameters: Mapping[str, str],
        level: int = 1,
    ) -> Answer:
        """Runs a reader's statement under `readonly = level`; the whole result in the format `output`.

        Raises:
            EngineError: the engine refuses it, a limit is passed, a table is missing …
        """
        with _engine_errors():
            handle = self._reader(settings, self.database, level)
            try:
                return _answer(handle.query(sql, output, params=dict(parameters)))
            finally:
                handle.close()

    def stream(
        self,
        sql: str,
        output: str,
        settings: Mapping[str, str],
        parameters: Mapping[str, str],
        level: int = 1,
    ) -> Stream:
        """As `read`, block by block, for formats whose blocks can simply follow one another."""
        with _engine_errors():
            handle = self._reader(settings, self.database, level)
        try:
            return Stream(handle, sql, output, parameters)
        except EngineError:
            handle.close()
            raise

    def write(
        self, sql: str, output: str, settings: Mapping[str, str], parameters: Mapping[str, str], database: str
    ) -> Answer:
        """Runs the writer's statement.

        Raises:
            EngineError: as for `read`.
        """
        with _engine_errors():
            handle = self._handle({**WRITER_SETTINGS, **settings}, database)
            try:
                return _answer(handle.query(sql, output, params=dict(parameters)))
            finally:
                handle.close()

    def insert(
        self, statement: str, form: str, data: bytes | memoryview, settings: Mapping[str, str], database: str
    ) -> Answer:
        """Inserts `data`, encoded in the format `form`. `statement` has neither FORMAT nor data.

        chDB's streaming insert (26.9) tells of data that it cannot read, but swallows whatever goes wrong afterwards:
        a full disk, a constraint, too many parts. So the rows go to a table in memory first, and on from there by a
        statement that tells.

        Raises:
            EngineError: the data do not fit the table, or the table cannot take them; nothing is kept.
        """
        view, to = memoryview(data), target(statement)
        with _engine_errors():
            handle = self._handle({**WRITER_SETTINGS, **settings}, database)
            try:
                handle.query(
                    f"CREATE TEMPORARY TABLE {_STAGE} ENGINE = Memory AS {to.table}", "Null", params={}
                )
                staged = to._replace(table=_STAGE)
                inserter = handle.send_insert(f"INSERT INTO {staged.into} {to.rest}", form)
                for at in range(0, len(view), _APPEND):
                    handle.insert_append(inserter, bytes(view[at : at + _APPEND]))
                sent = handle.insert_done(inserter)
                moved = handle.query(
                    f"INSERT INTO {to.into} {to.rest} SELECT {to.columns or '*'} FROM {_STAGE}",  # noqa: S608 - the writer's own
                    "Null",
                    params={},
                )
            finally:
                handle.close()
        if sent.rows_written() != moved.rows_written():
            raise EngineError(
                f"Code: 1001. DB::Exception: {moved.rows_written()} of {sent.rows_written()} rows could be put "
                f"into memory for {to.table}. (STD_EXCEPTION)"
            )
        return Answer(
            b"",
            written_rows=moved.rows_written(),
            written_bytes=moved.bytes_written(),
            elapsed=sent.elapsed() + moved.elapsed(),
        )

    def cancel_reads(self) -> None:
        """Ends every SELECT that is running; inserts go on to their end."""
        self.command("KILL QUERY WHERE query_kind = 'Select' AND query_id != queryID() ASYNC")

    def close(self) -> None:
        """Closes the folder. Other handles must be closed before."""
        self._base.close()


def _answer(result: Any) -> Answer:
    return Answer(
        bytes(result.bytes()),
        read_rows=result.rows_read(),
        read_bytes=result.bytes_read(),
        written_rows=result.rows_written(),
        written_bytes=result.bytes_written(),
        elapsed=result.elapsed(),
    )

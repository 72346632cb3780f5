"""ClickHouse's HTTP protocol as clickhouse-connect, curl and BI tools speak it, on the real store process."""

from __future__ import annotations

import base64
import gzip
import http.client
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import cramjam
import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError

from pipeline.store.client import StoreClient
from pipeline.store.errors import StoreError
from pipeline.store.rows import fan_counts_table
from tests.integration.test_store_process import NOW, PASSWORD, WRITER, StoreProcess, counts

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    process = StoreProcess(tmp_path_factory.mktemp("store"), {"VIGIE_STORE__MAX_ROWS": "400000"})
    yield process
    assert process.stop() == 0


class Reply:
    """One raw HTTP answer."""

    def __init__(
        self, store: StoreProcess, method: str, body: bytes | None, headers: dict[str, str], url: str
    ) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", store.port, timeout=60)
        connection.request(method, url, body, headers)
        response = connection.getresponse()
        self.status, self.headers, self.body = response.status, response.headers, response.read()
        connection.close()


def ask(
    store: StoreProcess, body: bytes | None = None, method: str = "POST",
    headers: dict[str, str] | None = None, path: str = "/", **url: str,
) -> Reply:  # fmt: skip
    return Reply(store, method, body, headers or {}, f"{path}?{urlencode(url)}")


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_clickhouse_connect_reads(store: StoreProcess) -> None:
    """Queries, bound values, data frames, Arrow and streams work with the client as it comes."""
    client = store.reader()
    assert client.query("SELECT 1 AS a, 'é' AS b").named_results().__next__() == {"a": 1, "b": "é"}
    odd = "it's\ta \\ «b»\nc"
    sql = "SELECT {a:String}, {b:Array(String)}, {c:Nullable(Int64)}, {d:Date}"
    assert client.query(sql, parameters={"a": odd, "b": [odd, ""], "c": None, "d": "2024-02-29"}).result_rows[
        0
    ][:3] == (
        odd,
        [odd, ""],
        None,
    )
    frame = client.query_df("SELECT number AS n, toString(number) AS s FROM numbers(1000)")
    assert int(frame["n"].sum()) == 499_500
    assert client.query_arrow("SELECT number FROM numbers(300000)").num_rows == 300_000
    with client.query_row_block_stream("SELECT number FROM numbers(300000)") as blocks:
        sizes = [len(block) for block in blocks]
    assert sum(sizes) == 300_000
    assert len(sizes) > 1
    with client.query_arrow_stream("SELECT number FROM numbers(1000)") as batches:
        assert sum(batch.num_rows for batch in batches) == 1000
    assert client.command("SELECT 42") == 42
    assert client.query("SELECT 1 WHERE 0").result_rows == []
    assert client.query("SELECT 1 AS only LIMIT 0").column_names == ("only",)
    assert client.query("SELECT a FROM (SELECT 1 AS a, 2 AS b) SETTINGS max_threads = 1").result_rows == [
        (1,)
    ]
    assert client.query("SELECT getSetting('max_threads')", settings={"max_threads": 3}).result_rows == [(3,)]
    assert client.query("SELECT length({a:String})", parameters={"a": "x" * 100_000}).result_rows == [
        (100_000,)
    ]


@pytest.mark.parametrize("codec", ["lz4", "zstd", "gzip", False])
def test_every_compression_of_the_client(store: StoreProcess, codec: str | bool) -> None:
    """Answers and inserts come through in every encoding that the client offers."""
    client = store.reader(compress=codec, username=WRITER, password=PASSWORD, database="vigie")
    client.insert("cursors", [[f"codec {codec}", "v" * 5000, 1]], column_names=["connector", "value", "at"])
    found = client.query(f"SELECT value FROM cursors FINAL WHERE connector = 'codec {codec}'").result_rows
    assert found == [("v" * 5000,)]
    with client.query_row_block_stream("SELECT number, toString(number) FROM numbers(200000)") as blocks:
        assert sum(len(block) for block in blocks) == 200_000


def test_reading_goes_on_while_rows_come_in(store: StoreProcess) -> None:
    """Counts only grow, and are right in the end, while another thread inserts every batch twice."""
    failed: list[BaseException] = []

    def insert() -> None:
        try:
            with StoreClient("127.0.0.1", store.port, WRITER, PASSWORD) as writer:
                for i in range(20):
                    rows = fan_counts_table([{**row, "page_id": f"live{i}"} for row in counts(500)], NOW)
                    writer.insert("fan_counts", rows)
                    writer.insert("fan_counts", rows)
        except BaseException as error:
            failed.append(error)

    inserting = threading.Thread(target=insert)
    inserting.start()
    client = store.reader()
    seen = [0]
    while inserting.is_alive():
        seen.append(
            client.query(
                "SELECT count() FROM fan_counts FINAL WHERE startsWith(page_id, 'live')"
            ).result_rows[0][0]
        )
    inserting.join()
    assert not failed
    assert seen == sorted(seen)
    assert client.query("SELECT count() FROM fan_counts WHERE startsWith(page_id, 'live')").result_rows == [
        (10_000,)
    ]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("INSERT INTO cursors (connector) VALUES ('x')", 164),
        ("DROP TABLE posts", 164),
        ("SELECT 1 INTO OUTFILE '{file}'", 164),
        ("EXPLAIN SELECT 1 INTO OUTFILE '{file}'", 164),
        ("KILL QUERY WHERE 1", 164),
        ("SYSTEM FLUSH LOGS", 164),
        ("SELECT 1; DROP TABLE posts", 164),
        ("SELECT 1 /* ; */; /* */ DROP TABLE posts", 164),
        ("SELECT * FROM posts SETTINGS readonly = 0", 164),
        ("SELECT * FROM file('{file}', 'LineAsString')", 497),
        ("SELECT /**/ FiLe /**/ ('{file}')", 497),
        ("SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')", 497),
        ("DESCRIBE url('http://127.0.0.1:1/', 'CSV')", 497),
        ("SELECT * FROM '{file}'", 497),
        ("SELECT * FROM default.`{file}`", 497),
        ("SELECT * FROM system.processes", 497),
    ],
)
def test_readers_write_nothing_and_reach_no_files(
    store: StoreProcess, tmp_path: Path, sql: str, code: int
) -> None:
    """Refusals come as 403 with ClickHouse's code, nothing is written, and the tables are still there."""
    target = tmp_path / "secret.csv"
    reply = ask(store, sql.replace("{file}", str(target)).encode())
    assert (reply.status, reply.headers["X-ClickHouse-Exception-Code"]) == (403, str(code)), reply.body
    assert reply.body.startswith(f"Code: {code}. DB::Exception: ".encode())
    assert not target.exists()
    assert ask(store, b"EXISTS TABLE posts").body == b"1\n"


def test_get_is_read_only_for_the_writer_too(store: StoreProcess) -> None:
    """By ClickHouse's protocol nothing is written by GET."""
    reply = ask(
        store, method="GET", headers=basic(WRITER, PASSWORD), query="CREATE TABLE t (x Int8) ENGINE = Memory"
    )
    assert reply.status == 403
    assert ask(store, method="GET", query="SELECT 1").body == b"1\n"


@pytest.mark.parametrize("how", ["basic", "headers", "url"])
def test_wrong_passwords_are_403(store: StoreProcess, how: str) -> None:
    """Credentials count in each of the three places, and wrong ones are refused as ClickHouse does."""
    create = b"CREATE TABLE IF NOT EXISTS made (x Int8) ENGINE = MergeTree ORDER BY x"

    def attempt(user: str, password: str) -> Reply:
        if how == "basic":
            return ask(store, create, headers=basic(user, password))
        if how == "headers":
            return ask(store, create, headers={"X-ClickHouse-User": user, "X-ClickHouse-Key": password})
        return ask(store, create, user=user, password=password)

    for user, password in ((WRITER, "wrong"), (WRITER, ""), ("nobody", PASSWORD)):
        reply = attempt(user, password)
        assert (reply.status, reply.headers["X-ClickHouse-Exception-Code"]) == (403, "516")
    assert attempt(WRITER, PASSWORD).status == 200
    assert attempt("default", "").headers["X-ClickHouse-Exception-Code"] == "164"


def test_the_client_names_a_refused_user(store: StoreProcess) -> None:
    """StoreClient says which user is refused, and does not wait for the password to change."""
    with pytest.raises(StoreError, match=f"refuses the user '{WRITER}'"):
        StoreClient("127.0.0.1", store.port, WRITER, "wrong").wait_ready(60)
    with pytest.raises(StoreError, match="Code: 60"):
        StoreClient("127.0.0.1", store.port).query("SELECT * FROM no_such_table")


def test_raw_protocol(store: StoreProcess) -> None:
    """Ping, SQL in two places, formats, headers, encodings, parameters and errors, as curl sees them."""
    assert ask(store, method="GET", path="/ping").body == b"Ok.\n"
    assert Reply(store, "GET", None, {}, "/").body == b"Ok.\n"
    assert ask(store, method="GET", path="/nowhere").status == 404
    assert ask(store, b"+ 1", query="SELECT 1").body == b"2\n"
    reply = ask(
        store, b"SELECT {x:String} AS x", param_x="a\\tb", default_format="JSONEachRow", query_id="mine"
    )
    assert reply.body == b'{"x":"a\\tb"}\n'
    assert reply.headers["X-ClickHouse-Format"] == "JSONEachRow"
    assert reply.headers["X-ClickHouse-Query-Id"] == "mine"
    assert reply.headers["X-ClickHouse-Timezone"] == "UTC"
    assert ask(store, b"SELECT 1 FORMAT JSON").headers["Content-Type"] == "application/json; charset=UTF-8"
    encodings = {"Content-Encoding": "gzip", "Accept-Encoding": "zstd"}
    packed = ask(store, gzip.compress(b"SELECT 7"), headers=encodings, enable_http_compression="1")
    assert packed.headers["Content-Encoding"] == "zstd"
    assert bytes(cramjam.zstd.decompress(packed.body)) == b"7\n"
    assert ask(store, b"SELECT nosuch").status == 400
    assert ask(store, b"SELECT (").headers["X-ClickHouse-Exception-Code"] == "62"
    assert ask(store, b"SELECT \xff").status == 400
    assert ask(store, b"not gzip", headers={"Content-Encoding": "gzip"}).status == 500
    assert ask(store, b"SELECT 1", headers={"Host": "evil.example"}).status == 403
    assert ask(store, b"SELECT 1" + b" " * (2 << 20)).status == 500
    assert ask(store, b"SELECT 1", database="system").status == 403


def test_forms_carry_queries(store: StoreProcess) -> None:
    """A multipart form may hold the query and its parameters, as clickhouse-connect sends long ones."""
    client = store.reader(form_encode_query_params=True)
    assert client.query("SELECT {x:String}", parameters={"x": "é' \\"}).result_rows == [("é' \\",)]
    with pytest.raises(ClickHouseError, match="READONLY"):
        client.command("DROP TABLE {t:Identifier}", parameters={"t": "posts"})


def test_limits_hold(store: StoreProcess) -> None:
    """Too many rows, too much time and raised limits are errors that name the limit."""
    client = store.reader(query_retries=0)
    with pytest.raises(ClickHouseError, match="max rows: 400"):
        client.query("SELECT number FROM numbers(500000)")
    with pytest.raises(ClickHouseError, match="TIMEOUT_EXCEEDED"):
        client.query("SELECT count() FROM numbers(1000000000000)", settings={"max_execution_time": 1})
    with pytest.raises(ClickHouseError, match="max_result_rows"):
        client.query("SELECT 1", settings={"max_result_rows": 0})


def test_an_error_in_the_middle_of_a_stream_is_an_error(store: StoreProcess) -> None:
    """A query that fails after its first rows were sent raises at the client, not ends early."""
    client = store.reader()
    sql = "SELECT number, throwIf(number = 250000) FROM numbers(300000)"
    with (
        pytest.raises(ClickHouseError, match="FUNCTION_THROW_IF"),
        client.query_row_block_stream(sql) as blocks,
    ):
        for _ in blocks:
            pass


def test_a_reader_that_leaves_gives_its_handle_back(store: StoreProcess) -> None:
    """Streams that are dropped half-way do not use up the readers."""
    for _ in range(12):
        connection = http.client.HTTPConnection("127.0.0.1", store.port, timeout=30)
        connection.request(
            "POST", "/?default_format=Native", b"SELECT number, repeat('x', 1000) FROM numbers(390000)"
        )
        response = connection.getresponse()
        response.read(1000)
        response.close()
        connection.close()
    assert store.reader().query("SELECT 1").result_rows == [(1,)]


def test_inserts_in_other_formats(store: StoreProcess) -> None:
    """INSERT … FORMAT with its rows in the body, in the URL's query, and VALUES, by curl."""
    login = basic(WRITER, PASSWORD)
    line = b'{"connector": "%b", "value": "1", "at": "2024-01-01 00:00:00"}\n'
    one = ask(store, b"INSERT INTO cursors FORMAT JSONEachRow\n" + line % b"f1", headers=login)
    two = ask(store, line % b"f2", headers=login, query="INSERT INTO cursors FORMAT JSONEachRow")
    three = ask(store, b"INSERT INTO cursors VALUES ('f3', ';', now())", headers=login)
    assert [one.status, two.status, three.status] == [200, 200, 200], one.body + two.body + three.body
    assert b'"written_rows":"1"' in one.headers["X-ClickHouse-Summary"].encode()
    bad = ask(store, b'INSERT INTO cursors FORMAT JSONEachRow\n{"connector": [}', headers=login)
    assert bad.status >= 400
    assert bad.body.startswith(b"Code: ")
    found = ask(store, b"SELECT count() FROM cursors WHERE match(connector, '^f[123]$')")
    assert found.body == b"3\n"

"""Rows, encodings and requests taken apart: the store's pure parts, for inputs that nobody thought of."""

from __future__ import annotations

import base64

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.store import http_protocol as http
from pipeline.store import rows
from pipeline.store.compression import Compressor, EncodingError, choose, compress, decompress
from pipeline.store.migrate import statements
from pipeline.store.refusal import Refused
from pipeline.store.schemas import FAN_COUNTS, POSTS
from schemas.times import EARLIEST, LATEST, format_time

RELAXED = settings(deadline=None)
"""The machine may be busy, and Arrow loads at its first use."""

times = st.integers(EARLIEST, LATEST - 1)
ENCODINGS = ["lz4", "zstd", "gzip", "br", "deflate"]


@RELAXED
@given(st.lists(st.one_of(times, times.map(format_time)), max_size=20), times)
def test_times_are_kept_to_the_microsecond(values: list[int | str], now: int) -> None:
    """RFC 3339 text, whole microseconds and mixtures of both give the same column."""
    records = [{"platform": "x", "page_id": "p", "observed_at": value, "followers": 1} for value in values]
    table = rows.fan_counts_table(records, now)
    found = table.column("observed_at").cast("int64").to_pylist()
    assert [format_time(at) for at in found] == [v if isinstance(v, str) else format_time(v) for v in values]
    assert table.column("ingested_at").cast("int64").to_pylist() == [now] * len(values)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2024-01-01T01:00:00+01:00", "2024-01-01T00:00:00Z"),
        ("2024-01-01T00:00:00", "2024-01-01T00:00:00Z"),
        ("2024-01-01", "2024-01-01T00:00:00Z"),
        ("2024-01-01T00:00:00.1Z", "2024-01-01T00:00:00.100000Z"),
    ],
)
def test_times_in_other_forms(text: str, same: str) -> None:
    """Offsets, fractions and missing parts are read as `schemas.times` reads them."""
    record = {"platform": "x", "page_id": "p", "observed_at": text, "followers": 1}
    found = rows.fan_counts_table([record], 0).column("observed_at").cast("int64").to_pylist()[0]
    assert format_time(found) == same


PLACES = st.tuples(times, st.integers(0, (1 << 20) - 1))


@RELAXED
@given(PLACES, PLACES)
def test_versions_order_batches_and_places(first: tuple[int, int], second: tuple[int, int]) -> None:
    """A later millisecond always wins, within one the later place; 64 bits are enough."""
    (at, place), (other_at, other_place) = first, second
    one, other = rows.version(at, place), rows.version(other_at, other_place)
    assert (one < other) == ((at // 1000, place) < (other_at // 1000, other_place))
    assert 0 <= one < 1 << 64


VALUES = st.one_of(st.none(), st.booleans(), st.text(max_size=5))


@RELAXED
@given(st.dictionaries(st.text(max_size=8).map("_{}".format), VALUES))
def test_unknown_fields_are_kept(unknown: dict[str, object]) -> None:
    """What has no column is in `extra`, and nothing else is."""
    known = {"platform": "x", "page_id": "p", "observed_at": 0, "followers": 1}
    record = {**unknown, **known}
    text = rows.fan_counts_table([record], 0).column("extra").to_pylist()[0]
    columns = set(FAN_COUNTS.names) - {"extra"}
    expected = {name: value for name, value in record.items() if name not in columns}
    assert (orjson.loads(text) if text else {}) == expected


def test_a_field_of_the_wrong_type_is_named() -> None:
    """A record that does not fit says which column, instead of being stored as something else."""
    with pytest.raises(rows.RowError, match="followers"):
        rows.fan_counts_table([{"platform": "x", "page_id": "p", "observed_at": 0, "followers": "many"}], 0)
    with pytest.raises(rows.RowError, match="created_at"):
        rows.posts_table(
            [{"id": "1", "platform": "x", "author_id": "a", "created_at": "never", "text": ""}], 0
        )


def test_empty_batches_have_their_columns() -> None:
    """No records make a table of no rows, with every column."""
    assert rows.posts_table([], 0).num_rows == 0
    assert rows.posts_table([], 0).schema == POSTS


@RELAXED
@given(st.binary(max_size=5000), st.sampled_from(ENCODINGS), st.integers(1, 5))
def test_encodings_round_trip(data: bytes, encoding: str, blocks: int) -> None:
    """What is compressed, whole or by the block, comes back; more than the limit is refused."""
    parts = [data] * blocks
    assert decompress(compress(parts, encoding), encoding, 1 << 20) == data * blocks
    codec = Compressor(encoding)
    sent = b"".join([*(codec.add(part) for part in parts), codec.finish()])
    assert decompress(sent, encoding, len(data) * blocks + 1) == data * blocks
    if data:
        with pytest.raises(EncodingError):
            decompress(sent, encoding, len(data) * blocks - 1)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_bomb_is_refused(encoding: str) -> None:
    """A small body that would grow beyond the limit is refused before it has grown."""
    with pytest.raises(EncodingError, match="more than"):
        decompress(compress([bytes(1 << 24)], encoding), encoding, 1 << 20)


@RELAXED
@given(st.binary(max_size=300), st.sampled_from([*ENCODINGS, "odd", ""]))
def test_broken_bodies_are_refused(data: bytes, encoding: str) -> None:
    """Any bytes decompress to bytes or are refused."""
    try:
        assert isinstance(decompress(data, encoding, 1 << 16), bytes)
    except EncodingError as error:
        assert str(error)  # noqa: PT017


def test_the_cheapest_encoding_that_is_accepted_is_chosen() -> None:
    """Accept-Encoding decides; what it forbids or does not name is not sent."""
    assert choose("gzip, zstd;q=0.5, lz4") == "lz4"
    assert choose("gzip, lz4;q=0") == "gzip"
    assert choose("") is None
    assert choose("deflate, odd") is None


@RELAXED
@given(st.text(max_size=30), st.text(max_size=30))
def test_basic_authorisation(user: str, password: str) -> None:
    """User and password come back from the header; any other header gives no known user and no error."""
    user = user.replace(":", "")
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    assert http.credentials({"authorization": f"Basic {token}"}, {}) == (user, password)
    assert http.credentials({"authorization": "Basic %%%"}, {"user": "x"}) == ("", "")


@RELAXED
@given(
    st.sampled_from(["INSERT INTO t (a, b)", "insert into `t t`", "INSERT INTO t SETTINGS a = 'FORMAT x'"]),
    st.sampled_from(["Native", "JSONEachRow"]),
    st.sampled_from(["\n", " \r\n", ""]),
    st.binary(max_size=50).map(lambda data: b"\x00" + data),
)
def test_inserts_are_split_from_their_data(statement: str, form: str, gap: str, data: bytes) -> None:
    """The rows of an INSERT are found in the body to the byte, whatever they hold."""
    empty = http.Query("", b"", {}, {}, "", "TSV", "", False, False)
    inline = http.split_insert(
        empty._replace(body=f"{statement} FORMAT {form}{gap or chr(10)}".encode() + data)
    )
    assert inline is not None
    assert (inline.statement.strip(), inline.form, bytes(inline.data)) == (statement, form, data)
    apart = http.split_insert(empty._replace(sql=f"{statement} FORMAT {form}{gap}", body=data))
    assert apart is not None
    assert (apart.statement.strip(), apart.form, bytes(apart.data)) == (statement, form, data)


@RELAXED
@given(st.dictionaries(st.text(max_size=10), st.text(max_size=10)), st.binary(max_size=100), st.booleans())
def test_any_request_is_taken_apart_or_refused(url: dict[str, str], body: bytes, form: bool) -> None:
    """No URL and no form makes the reading of requests fail."""
    headers = {"content-type": "multipart/form-data; boundary=x"} if form else {}
    assert isinstance(http.parse_query(url, headers, body), (http.Query, Refused))


def test_statements_are_split_at_semicolons_only() -> None:
    """Semicolons in strings, names and comments do not end a statement."""
    text = "-- a; b\nSELECT ';' AS `;`; /* ; */ ; SELECT 2 -- ;\n"
    assert statements(text) == ["SELECT ';' AS `;`", "SELECT 2"]

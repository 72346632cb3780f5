"""The parts of the harness that need nothing running."""

from __future__ import annotations

import asyncio
import http.client
import random
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.connect.files import read, stamp
from schemas.times import DAY
from tests.faults.__main__ import main
from tests.faults.beat import Beat
from tests.faults.compare import Difference, between, counted, rows_between
from tests.faults.expected import Rows, expected
from tests.faults.faults import FAULTS
from tests.faults.flow import Steady
from tests.faults.page import Row, rows_of, standing, write
from tests.faults.play import Outcome, outcome_of, play
from tests.faults.runner import declare
from tests.faults.soak import Slope, slope, told_of
from tests.faults.store_proxy import StoreProxy
from tests.faults.stream import Shape, hot_account, hot_page, write_stream

_SMALL = Shape(scale=0.02, days=3.0)

things = st.dictionaries(st.integers(0, 20), st.integers(0, 2))


@given(things, things)
def test_between(wanted: dict[int, int], found: dict[int, int]) -> None:
    """Lost, twice and different are the three ways not to be equal, and each thing is in one of them at the most."""
    difference = between("things", wanted, found)
    assert difference.none == (wanted == found)
    assert difference.lost == len([key for key in wanted if key not in found])
    assert difference.twice == len([key for key in found if key not in wanted])
    same = sum(found.get(key) == value for key, value in wanted.items())
    assert difference.lost + difference.different + same == difference.wanted == len(wanted)
    assert bool(difference.examples) != difference.none


def test_counted() -> None:
    """A dead letter that is there twice is one too many."""
    one, two = ("t", "why", b"a"), ("t", "why", b"b")
    assert counted("letters", Counter([one, two]), Counter([two, one])).none
    difference = counted("letters", Counter([one, one, two]), Counter([one, two, two]))
    assert (difference.wanted, difference.lost, difference.twice) == (3, 1, 1)


told = st.lists(st.tuples(st.integers(0, 9), st.sampled_from("ab"), st.integers(0, 2)), max_size=12)


def _told(rows: list[tuple[int, str, int]]) -> pa.Table:
    schema = pa.schema([("id", pa.int64()), ("platform", pa.string()), ("said", pa.int64())])
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema)


@settings(deadline=None)
@given(told, told, st.randoms(use_true_random=False))
def test_tables(
    wanted: list[tuple[int, str, int]], found: list[tuple[int, str, int]], rng: random.Random
) -> None:
    """As for mappings, whatever the order of the rows; a key that is there again is there twice."""
    key = ("platform", "id")
    mine = {row[:2]: row for row in wanted}
    rows = list(mine.values()) if rng.random() < 0.5 else found
    rng.shuffle(rows)
    theirs = {row[:2]: row for row in rows}
    plain = between("rows", mine, theirs)
    difference = rows_between("rows", key, _told(list(mine.values())), _told(rows))
    assert (difference.wanted, difference.lost) == (plain.wanted, plain.lost)
    assert difference.different == plain.different
    assert difference.twice == plain.twice + len(rows) - len(theirs)
    assert bool(difference.examples) != difference.none


@settings(deadline=None)
@given(told)
def test_the_last_word_is_the_row(said: list[tuple[int, str, int]]) -> None:
    """Of what is said of one key, the last counts."""
    kept = Rows(("platform", "id"), _told)
    for row in said:
        kept.put(row)
    rows = sorted((row["id"], row["platform"], row["said"]) for row in kept.table().to_pylist())
    assert rows == sorted({row[:2]: row for row in said}.values())


def test_backtest_apart(tmp_path: Path) -> None:
    """In a process of its own the backtest says the same."""
    stream = write_stream(tmp_path / "s.jsonl", 3, _SMALL)
    here, apart = (expected(stream, tmp_path / name, apart=name == "apart") for name in ("here", "apart"))
    assert (here.alerts, here.clusters, here.letters) == (apart.alerts, apart.clusters, apart.letters)
    assert here.tables == apart.tables
    assert here.alerts


def test_beat() -> None:
    """It says how far things are for as long as they last, though nobody tells it more."""
    said: list[str] = []
    heard = threading.Event()

    def out(line: str) -> None:
        said.append(line)
        heard.set()

    with Beat("soak", 0.01, out) as beat:
        beat.told("rows", 1_000, 2_000)
        heard.clear()
        assert heard.wait(10)
        heard.clear()
        assert heard.wait(10)
    assert said[-1].startswith("soak: rows, 1,000 of 2,000, after ")
    before = len(said)
    assert not threading.Event().wait(0.05)
    assert len(said) == before


def test_stream_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    """Same seed, same bytes; another seed, others."""
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_stream(tmp_path / name, seed, _SMALL)
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b != c


@pytest.mark.parametrize("seed", range(4))
def test_stream_is_spoilt_as_told(seed: int, tmp_path: Path) -> None:
    """What backtest refuses, finds twice or late is what was put in; wrong clocks do not move the source's."""
    stream = write_stream(tmp_path / "s.jsonl", seed, Shape(scale=0.05, poison=0.002))
    clocks = [clock for _, clock in stamp(read([stream.path])) if clock]
    assert max(np.diff(clocks)) < DAY / 4
    wanted = expected(stream, tmp_path / "out")
    counts = wanted.report["records"]
    assert counts["read"] == stream.records
    assert counts["refused"] == stream.spoilt["poison"] == wanted.letters.total()
    assert counts["duplicates"] <= stream.spoilt["twice"] + stream.spoilt["edited"] + 60
    assert counts["duplicates"] >= stream.spoilt["twice"]
    assert (
        stream.spoilt["late"] <= counts["late"] <= stream.spoilt["late"] * 1.1 + stream.spoilt["wrong clock"]
    )
    rows = sum(table.num_rows for table in wanted.tables.values())
    assert counts["accepted"] + counts["late"] - rows < 10


def test_only_poison(tmp_path: Path) -> None:
    """A stream of nothing but poison makes dead letters and nothing else."""
    stream = write_stream(tmp_path / "s.jsonl", 1, Shape(scale=0.02, poison=1.0))
    wanted = expected(stream, tmp_path / "out")
    assert wanted.letters.total() == stream.records == 3_000
    assert not wanted.alerts
    assert not any(table.num_rows for table in wanted.tables.values())


@pytest.mark.parametrize(("change", "field"), [(hot_page, "page_id"), (hot_account, "author_id")])
def test_hot_keys(change: object, field: str, tmp_path: Path) -> None:
    """Most records of the kind have the one key."""
    write_stream(tmp_path / "s.jsonl", 1, Shape(scale=0.05, least=0, poison=0.0, change=change))  # type: ignore[arg-type]
    records = [orjson.loads(line) for line in (tmp_path / "s.jsonl").read_bytes().splitlines()]
    mine = [one for one in records if ("actor_id" if field == "page_id" else "author_id") in one]
    assert sum(one[field] == "hot" for one in mine) > 0.5 * len(mine)


def test_steady() -> None:
    """Time stands still until what was sent is due; then it has passed."""

    async def main() -> float:
        pace = Steady(1_000.0)
        for _ in range(20):
            pace.sent += 10
            before = pace.now()
            await pace.sleep(3.0)
            assert pace.now() == before + 3.0
        return asyncio.get_running_loop().time()

    began = asyncio.new_event_loop().time()
    assert 0.19 < asyncio.run(main()) - began < 5.0


def test_partitions_as_declared(tmp_path: Path) -> None:
    """The copy of the declaration differs in the numbers of partitions alone; a run that needs another is refused."""
    declare(tmp_path, 3)
    ours = Path(__file__).parents[2] / "schemas" / "topics.toml"
    theirs = tmp_path / "schemas" / "topics.toml"
    pairs = list(zip(ours.read_text().splitlines(), theirs.read_text().splitlines(), strict=True))
    changed = {(a, b) for a, b in pairs if a != b}
    assert changed == {("partitions = 4", "partitions = 3"), ("partitions = 2", "partitions = 3")}
    stream = write_stream(tmp_path / "s.jsonl", 1, _SMALL)
    wanted = expected(stream, tmp_path / "out")
    with pytest.raises(ValueError, match="partitions"):
        play(FAULTS["partitions-3"], "embedded", stream, wanted, tmp_path / "run")


class _Store(BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(body)  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("X-ClickHouse-Summary", "{}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def store() -> Iterator[ThreadingHTTPServer]:
    """A store that takes everything."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Store)
    server.got = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_store_proxy(store: ThreadingHTTPServer) -> None:
    """Requests go through whole; an insert is refused, or written without an answer, as often as asked."""
    proxy = StoreProxy(store.server_port)

    def ask(body: bytes | Iterator[bytes], **more: object) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=10)
        try:
            connection.request("POST", "/?database=vigie", body, **more)  # type: ignore[arg-type]
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    try:
        assert ask(b"SELECT 1") == (200, b"SELECT 1")
        chunks = iter([b"INSERT INTO t ", b"rows"])
        assert (
            ask(chunks, encode_chunked=True, headers={"Transfer-Encoding": "chunked"})[1]
            == b"INSERT INTO t rows"
        )
        proxy.refusals = 1
        assert ask(b"SELECT 2")[0] == 200
        assert ask(b"INSERT INTO t 2")[0] == 500
        assert ask(b"INSERT INTO t 3")[0] == 200
        proxy.stalled = 1
        with pytest.raises((http.client.HTTPException, OSError)):
            ask(b"INSERT INTO t 4")
    finally:
        proxy.stop()
    got = store.got  # type: ignore[attr-defined]
    assert got == [b"SELECT 1", b"INSERT INTO t rows", b"SELECT 2", b"INSERT INTO t 3", b"INSERT INTO t 4"]
    assert (proxy.refused, proxy.lost) == (1, 1)


def _outcome(fault: str, seed: int, lost: int, lag: str = "") -> Outcome:
    differences = [
        Difference("alerts told", 20, lost, 0, 0),
        Difference("alerts stored", 20, lost, 1, 0),
        Difference("posts", 9_000, 0, 0, 2 * lost),
    ]
    return Outcome(fault, "embedded", seed, 10_000, 3.0 + seed, lag, differences, ["killed sink at 3%"])


def test_page(tmp_path: Path) -> None:
    """Rows are sums over the runs; a row that is played anew takes the old one's place, others and the soak stay."""
    path = tmp_path / "reliability.md"
    write(rows_of([_outcome("kill-sink", 1, 0), _outcome("kill-sink", 2, 5)], "abc"), "All was flat.", path)
    write(rows_of([_outcome("none", 1, 0, "signals are behind")], "def"), "", path)
    rows, soak = standing(path)
    assert soak == "All was flat."
    assert [row.fault for row in rows] == ["none", "kill-sink"]
    assert rows[1] == Row("kill-sink", "embedded", 2, 0, 40, 5, 2, 0, 18_000, 0, 0, 10, "5 s", "abc")
    assert (rows[0].behind, rows[0].equal, rows[0].tree) == ("never", 0, "def")
    assert "should be**: `none` (embedded), `kill-sink` (embedded)" in path.read_text(encoding="utf-8")
    write(rows_of([_outcome("kill-sink", 1, 0)], "ghi"), "It was not.", path)
    rows, soak = standing(path)
    assert (rows[1].runs, rows[1].tree, soak) == (1, "ghi", "It was not.")
    assert "SIGKILL of the sink" in path.read_text(encoding="utf-8")


def test_outcome_through_json() -> None:
    """What a run prints is what is read."""
    outcome = _outcome("none", 1, 3)
    assert outcome_of(orjson.loads(orjson.dumps(outcome))) == outcome


@given(st.integers(0, 50), st.integers(10, 1000), st.integers(6, 40))
def test_slope(rise: int, start: int, minutes: int) -> None:
    """A line is found as it is, whatever a process that starts again now and then has in between."""
    samples = []
    for second in range(0, 60 * minutes, 2):
        low = second % 60 < 20
        samples.append((float(second), 0 if low else start * 10**6 + rise * 10**6 * (second // 60)))
    found = slope(samples)
    assert found.slope == pytest.approx(rise * 1e6, abs=1.0)
    assert found.noise == pytest.approx(0.0, abs=1.0)
    assert found.most == max(size for _, size in samples)
    assert np.isnan(slope(samples[:20]).slope)


def test_memory_that_is_given_back_is_not_growth() -> None:
    """Only a rise of more than twice its noise is held against a process, by name."""
    up, down, noisy, short = (
        Slope(1, 2, 3, fit, noise) for fit, noise in ((2.1, 1.0), (-9.0, 1.0), (1.9, 1.0), (np.nan, np.nan))
    )
    assert [one.grows for one in (up, down, noisy, short)] == [True, False, False, False]
    assert [one.flat for one in (up, down, noisy, short)] == [False, False, True, True]
    assert told_of({"sink": down, "store": noisy}) == "None grows."
    assert told_of({"sink": down, "store": up, "broker": up}) == "Grows: store, broker."
    assert told_of({"sink": up, "store": short}) == "Grows: sink. Too short to tell: store."


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["kill-everything"], "kill-everything"),
        (["--runs", "0"], "above 0"),
        (["soak", "--minutes", "0"], "above 0"),
        (["soak", "none"], "alone"),
    ],
)
def test_wrong_use(words: list[str], named: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong is named, before anything is started: exit 2."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert named in capsys.readouterr().err

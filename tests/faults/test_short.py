"""The short form of `make chaos`: the faults that tell most, once each, over a smaller stream."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.scenario.generate import START
from schemas.times import DAY
from tests.faults.compare import differences
from tests.faults.expected import Expected, expected
from tests.faults.faults import FAULTS
from tests.faults.play import Outcome, play
from tests.faults.stream import Shape, Stream, write_stream
from tests.integration.conftest import RunningVigie
from tests.kafka_server import KafkaMissingError, check_available

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

_RATE = 2_500.0

Records = tuple[Stream, Expected]


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    """About 20,000 records, and what must come of them; made once."""
    folder = tmp_path_factory.mktemp("records")
    stream = write_stream(folder / "stream.jsonl", 7, Shape(scale=0.1))
    return stream, expected(stream, folder / "backtest")


def _equal(outcome: Outcome) -> None:
    assert outcome.good, str(outcome)


@pytest.mark.parametrize(
    "name",
    [
        "kill-any",
        "store-refuses",
        pytest.param("join-leave", marks=pytest.mark.long),
        pytest.param("freeze-detect", marks=pytest.mark.long),
    ],
)
def test_live_equals_backtest(name: str, records: Records, tmp_path: Path) -> None:
    """On the embedded broker: nothing is lost, nothing is there twice, nothing differs."""
    stream, wanted = records
    assert len(wanted.alerts) >= 5
    assert all(stream.spoilt[way] for way in ("edited", "late", "poison", "shuffled", "twice", "wrong clock"))
    _equal(play(FAULTS[name], "embedded", stream, wanted, tmp_path / "run", _RATE))


@pytest.mark.kafka
@pytest.mark.parametrize("name", ["broker-restart", "kill-detect", "kill-sink"])
def test_live_equals_backtest_on_kafka(name: str, records: Records, tmp_path: Path) -> None:
    """On Apache Kafka, where the records outlive the broker."""
    try:
        check_available()
    except KafkaMissingError as error:
        pytest.skip(str(error))
    stream, wanted = records
    _equal(play(FAULTS[name], "kafka", stream, wanted, tmp_path / "run", _RATE))


def test_what_is_missing_is_told(stack: RunningVigie, tmp_path: Path) -> None:
    """The harness itself: where a stream was never played, all that must come of it is missing, by sort."""
    stream = write_stream(tmp_path / "stream.jsonl", 8, Shape(scale=0.05, start=START + 400 * DAY))
    wanted = expected(stream, tmp_path / "backtest")
    found = differences(stack, wanted)
    assert [one.what for one in found if one.none] == []
    assert {one.what: one.lost for one in found} == {one.what: one.wanted for one in found}
    assert all(one.wanted for one in found)

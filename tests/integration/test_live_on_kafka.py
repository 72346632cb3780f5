"""On Apache Kafka, with one worker and with two, a live run says what a backtest says and stores each post once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from pipeline.backtest import backtest
from pipeline.bus import Publisher
from pipeline.config import Kafka, Settings
from pipeline.connect.replay import replay
from pipeline.demo import distinct, items
from pipeline.detect.parameters import Parameters
from pipeline.drain import drain
from pipeline.notify.feed import Gone, alert_feed
from pipeline.scenario.generate import Scenario, generate
from pipeline.stack import Stack
from pipeline.store.client import StoreClient
from schemas.alerts import Alert, encode_alert
from tests.kafka_server import KafkaMissingError, KafkaServer, check_available

pytestmark = [pytest.mark.kafka, pytest.mark.integration]


@pytest.fixture
def kafka() -> Iterator[KafkaServer]:
    try:
        check_available()
    except KafkaMissingError as error:
        pytest.skip(str(error))
    with KafkaServer() as server:
        yield server


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return generate(3, scale=0.2)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("workers", [1, 2])
def test_live_equals_backtest(kafka: KafkaServer, scenario: Scenario, workers: int, tmp_path: Path) -> None:
    """The closed alerts agree in every field but the revision, and ClickHouse holds every record once."""
    backtest(items(scenario.records), Parameters(), tmp_path / "backtest")
    expected = {
        alert["alert_id"]: alert
        for alert in map(json.loads, (tmp_path / "backtest/alerts.jsonl").open(encoding="utf-8"))
    }
    settings = Settings.model_validate({}).model_copy(
        update={
            "data_dir": tmp_path / "up",
            "kafka": Kafka.model_validate({"bootstrap": kafka.bootstrap}),
            "workers": workers,
        }
    )
    stack = Stack(settings)
    try:
        stack.start()
        live = asyncio.run(_play(stack, scenario))
        count = " + ".join(
            f"(SELECT count() FROM vigie.{table} FINAL)" for table in ("posts", "fan_counts", "follows")
        )
        with StoreClient("127.0.0.1", stack.store_port) as client:
            stored = client.query(f"SELECT {count}").result_rows[0][0]
    finally:
        stack.stop()
    assert stored == distinct(scenario.records)
    assert {name: _plain(alert) for name, alert in live.items()} == {
        name: {**alert, "revision": 0} for name, alert in expected.items()
    }
    assert len(live) > 10


def _plain(alert: Alert) -> dict[str, object]:
    plain: dict[str, object] = json.loads(encode_alert(msgspec.structs.replace(alert, revision=0)))
    return plain


async def _play(stack: Stack, scenario: Scenario) -> dict[str, Alert]:
    publisher = Publisher(stack.bootstrap)
    await publisher.start()
    await replay(publisher, items(scenario.records))
    await publisher.stop()
    await drain(stack.bootstrap, patience=200.0)
    last: dict[str, Alert] = {}
    async for alert in alert_feed(stack.bootstrap, None, 3.0):
        if isinstance(alert, Gone):
            last.pop(alert.alert_id, None)
        else:
            last[alert.alert_id] = alert
    return last

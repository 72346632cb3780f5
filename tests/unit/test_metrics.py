"""Metrics: one declaration, every one of them set somewhere, and infra/ speaks of nothing else."""

from __future__ import annotations

import ast
import json
import re
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipeline import metrics
from pipeline.health import Problem, Verdict
from pipeline.metrics import METRICS, Meter, Metric
from pipeline.metrics_http import serve

ROOT = Path(__file__).resolve().parents[2]
NAMES = {metric.name for metric in METRICS}
PROCESS = re.compile(r"process_\w+")
_SET = {"counter": "count", "histogram": "observe", "gauge": "replace"}


def setters(source: str) -> set[tuple[str, str]]:
    """(method, constant) of every call `meter.method(metrics.CONSTANT, …)`."""
    return {
        (call.func.attr, call.args[0].attr)
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.args
        and isinstance(call.args[0], ast.Attribute)
        and isinstance(call.args[0].value, ast.Name)
        and call.args[0].value.id == "metrics"
    }


def test_every_metric_is_set() -> None:
    """Each declared metric is set by the method of its type somewhere in the code, and nothing undeclared is."""
    sources = [
        path.read_text() for folder in ("agents", "pipeline") for path in (ROOT / folder).rglob("*.py")
    ]
    found = set().union(*map(setters, sources))
    constants = {name: value for name, value in vars(metrics).items() if isinstance(value, Metric)}
    assert len(constants) == len(METRICS) >= 15
    assert found == {(_SET[metric.kind], name) for name, metric in constants.items()}


def test_names_follow_the_conventions() -> None:
    """Counters end with `_total`, nothing else does; times are seconds; names are unique and say something."""
    assert len(NAMES) == len(METRICS)
    for metric in METRICS:
        assert re.fullmatch(r"vigie_[a-z_]+", metric.name)
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric.name
        assert metric.help.endswith("."), metric.name
        assert not re.search("_(ms|minutes|milliseconds)", metric.name)


def spoken(text: str) -> set[str]:
    """Names of metrics in a text of Prometheus or Grafana, without what a histogram appends."""
    found = set(re.findall(r"\bvigie_\w+", text))
    return {name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count") for name in found}


@pytest.mark.parametrize("path", ["prometheus/vigie.rules.yml", "grafana/vigie.json"])
def test_infra_speaks_of_declared_metrics(path: str) -> None:
    """Rules and dashboard name metrics, and labels of these, that exist."""
    text = (ROOT / "infra" / path).read_text()
    assert len(spoken(text)) >= 7
    assert spoken(text) <= NAMES, spoken(text) - NAMES
    labels = {metric.name: {*metric.labels, "instance", "job"} for metric in METRICS}
    for name, inside in re.findall(r"\b(vigie_\w+?)(?:_bucket)?\{([^{}]*)\}", text):
        used = set(re.findall(r"(\w+)\s*=", inside.replace("\\", "")))
        assert used <= labels[name], (name, used)
    for grouped in re.findall(r"sum by \(([^)]*)\) \(\w*\(?(vigie_\w+)", text):
        wanted = {word.strip() for word in grouped[0].split(",")} - {"le"}
        assert wanted <= labels[next(iter(spoken(grouped[1])))], grouped


def test_the_dashboard_shows_every_metric() -> None:
    """It is JSON, has a panel for every metric, and none without a query."""
    board = json.loads((ROOT / "infra" / "grafana" / "vigie.json").read_text())
    assert all(panel["targets"] for panel in board["panels"])
    exprs = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    assert spoken(" ".join(exprs)) == NAMES


def test_rules_say_what_to_do() -> None:
    """Every alert rule has a severity, a summary and an action."""
    text = (ROOT / "infra" / "prometheus" / "vigie.rules.yml").read_text()
    rules = re.split(r"^      - alert: ", text, flags=re.MULTILINE)[1:]
    assert len(rules) >= 6
    for rule in rules:
        assert all(word in rule for word in ("expr:", "labels: {severity: ", "summary: ", "action: ")), rule


def test_scraped_ports_are_those_of_vigie_up() -> None:
    """The scrape configuration begins at the default port."""
    from pipeline.config import Metrics

    text = (ROOT / "infra" / "prometheus" / "prometheus.yml").read_text()
    first = Metrics.model_fields["port"].default
    assert re.findall(r"127\.0\.0\.1:(\d+)", text) == [str(first), str(first + 1)]


def samples(text: bytes) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Name and labels -> value."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def test_gauges_of_partitions_that_went_are_gone() -> None:
    """`replace` leaves only what it was given."""
    meter = Meter()
    meter.replace(metrics.LAG, {("a", "0"): 3.0, ("a", "1"): 4.0})
    meter.replace(metrics.LAG, {("a", "1"): 5.0})
    found = {key: value for key, value in samples(meter.text()).items() if key[0] == "vigie_lag_records"}
    assert found == {("vigie_lag_records", (("partition", "1"), ("topic", "a"))): 5.0}


def test_counters_and_histograms() -> None:
    """They add up; a type is not mistaken for another."""
    meter = Meter()
    meter.count(metrics.READ, "t", by=2)
    meter.count(metrics.READ, "t")
    meter.count(metrics.READ, "nothing", by=0)
    meter.observe(metrics.BATCH, "t", value=0.2)
    found = samples(meter.text())
    assert found["vigie_records_read_total", (("topic", "t"),)] == 3
    assert ("vigie_records_read_total", (("topic", "nothing"),)) not in found
    assert found["vigie_batch_seconds_count", (("topic", "t"),)] == 1
    with pytest.raises(AssertionError):
        meter.count(metrics.LAG, "t", "0")


def _get(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_pages() -> None:
    """/metrics, /health in both moods, nothing else; a busy port is replaced."""
    verdict = [Verdict(True, 0, 1)]
    address = serve("127.0.0.1", 0, Meter(), lambda: verdict[0])
    assert b"# TYPE vigie_lag_records gauge" in _get(f"http://{address}/metrics")[1]
    assert _get(f"http://{address}/health")[0] == 200
    verdict[0] = Verdict(False, 7, 1, (Problem("what", "do"),))
    status, body = _get(f"http://{address}/health")
    assert (status, json.loads(body)["problems"]) == (503, [{"what": "what", "do": "do"}])
    assert _get(f"http://{address}/")[0] == 404
    other = serve("127.0.0.1", int(address.rpartition(":")[2]), Meter(), lambda: verdict[0])
    assert other != address
    assert _get(f"http://{other}/health")[0] == 503

"""What infra/ has in YAML and PromQL, read by parsers: it can be read, holds together, and its values are allowed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml

from pipeline.config import Settings, Webhook, read_settings
from pipeline.metrics import METRICS
from schemas.topics import TOPICS
from tests.unit.test_infra import services

INFRA = Path(__file__).resolve().parents[2] / "infra"
FOREIGN = {"up": (), "process_resident_memory_bytes": ()}
"""Metrics that are not declared in `pipeline.metrics`: Prometheus' own, and those of its client."""

LABELS = {metric.name: set(metric.labels) for metric in METRICS} | {name: set() for name in FOREIGN}
KINDS = {metric.name: metric.kind for metric in METRICS}


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """YAML lets the last of two equal keys win; here they are a mistake."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value if key.value != "<<"]
        assert len(names) == len(set(names)), (
            f"line {node.start_mark.line + 1}: a key stands twice in {names}"
        )
        return dict(super().construct_mapping(node, deep))


def read(path: str) -> dict[str, Any]:
    """A file of infra/, as YAML."""
    found = yaml.load((INFRA / path).read_text(encoding="utf-8"), _Loader)
    assert isinstance(found, dict)
    return found


COMPOSE = read("compose.yaml")


def test_the_compose_file_holds_together() -> None:
    """What a service waits for, mounts and is built from is there; `test_infra` has seen all services."""
    found = COMPOSE["services"]
    assert set(found) == set(services())
    for name, service in found.items():
        assert set(service.get("depends_on", {})) <= set(found), name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (INFRA / source).exists() if source.startswith(".") else source in COMPOSE["volumes"], (
                volume
            )
        if "build" in service:
            assert (INFRA / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
            assert service["read_only"] is True
            assert service["cap_drop"] == ["ALL"]


def test_ports_are_loopback_and_those_of_the_settings() -> None:
    """Each published port, as the parser has it, is of 127.0.0.1; the webhook's is the one that it listens on."""
    ports = {name: service["ports"] for name, service in COMPOSE["services"].items() if "ports" in service}
    assert all(port.startswith("127.0.0.1:") for listed in ports.values() for port in listed)
    own = Webhook.model_fields["port"].default
    assert ports["webhook"] == [f"127.0.0.1:{own}:{own}"]
    assert not any(service.get("network_mode") for service in COMPOSE["services"].values())


def filled(value: object) -> str:
    """A value as compose hands it on when .env has nothing: the default; a word where it insists on one."""
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(value))
    return re.sub(r"\$\{\w+:\?[^}]*\}", "given", text)


@pytest.mark.parametrize(
    "name", [name for name, service in COMPOSE["services"].items() if "build" in service]
)
def test_settings_of_services_are_taken(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each service of ours starts with the variables that compose gives it: all known, all values allowed."""
    variables = {key: filled(value) for key, value in COMPOSE["services"][name]["environment"].items()}
    assert variables
    assert not any("$" in value for value in variables.values()), variables
    settings = taken(variables, monkeypatch)
    assert settings.kafka.bootstrap == "kafka:9092"
    assert settings.store.host in COMPOSE["services"]


@pytest.mark.parametrize("path", ["compose/example.env", "systemd/vigie.env.example"])
def test_settings_of_examples_are_taken(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So do the files of examples, as they stand."""
    lines = (INFRA / path).read_text(encoding="utf-8").splitlines()
    pairs = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    taken(pairs, monkeypatch)


def taken(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of these variables and no others."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return read_settings()


def test_prometheus_reads_the_rules() -> None:
    """Its configuration names a file of rules that is there; durations are durations; no rule stands twice."""
    config = read("prometheus/prometheus.yml")
    assert [(INFRA / "prometheus" / name).is_file() for name in config["rule_files"]] == [True]
    jobs = {job["job_name"] for job in config["scrape_configs"]}
    names = []
    for group in read("prometheus/vigie.rules.yml")["groups"]:
        for rule in group["rules"]:
            names.append(rule.get("alert", rule.get("record")))
            assert set(rule) <= {"alert", "record", "expr", "for", "labels", "annotations"}, rule
            if "for" in rule:
                assert promql.parse_duration(rule["for"]).total_seconds() >= 60
            assert set(re.findall(r'job="([^"]*)"', rule["expr"])) <= jobs
    assert len(names) == len(set(names)) >= 7


def expressions() -> list[str]:
    """All of the rules and of the dashboard."""
    rules = [
        rule["expr"] for group in read("prometheus/vigie.rules.yml")["groups"] for rule in group["rules"]
    ]
    board = json.loads((INFRA / "grafana" / "vigie.json").read_text(encoding="utf-8"))
    return rules + [target["expr"] for panel in board["panels"] for target in panel["targets"]]


def nodes(node: Any, above: str = "") -> Iterator[tuple[Any, str]]:
    """The nodes of an expression, each with the name of the function that it stands in directly."""
    yield node, above
    inside = ""
    if isinstance(node, promql.Call):
        inside = node.func.name
    elif isinstance(node, promql.MatrixSelector):
        inside = above
    for name in ("expr", "lhs", "rhs", "args", "vector_selector"):
        below = getattr(node, name, None)
        for one in below if isinstance(below, list) else [below] if below is not None else []:
            yield from nodes(one, inside)


def declared(name: str) -> str:
    """The metric of a series: a histogram has three."""
    return name if name in LABELS else re.sub("_(bucket|sum|count)$", "", name)


@pytest.mark.parametrize("text", expressions())
def test_expressions(text: str) -> None:
    """Each is PromQL; its metrics and their labels exist, values of `topic` are topics; counters and buckets stand in
    `rate`, gauges do not; what is grouped by and matched on is a label."""
    metrics: set[str] = set()
    groups: set[str] = set()
    for node, function in nodes(promql.parse(text)):
        if isinstance(node, promql.VectorSelector):
            name = declared(node.name or "")
            assert name in LABELS, node.name
            metrics.add(name)
            for matcher in node.matchers.matchers:
                assert matcher.name in LABELS[name] | {"job", "instance"}, matcher.name
                assert matcher.name != "topic" or matcher.value in TOPICS, matcher.value
            if name in KINDS:
                assert (function == "rate") == (KINDS[name] != "gauge"), (node.name, function)
                assert (node.name != name) == (KINDS[name] == "histogram"), node.name
        if isinstance(node, promql.AggregateExpr) and node.modifier is not None:
            groups |= set(node.modifier.labels)
        if (
            isinstance(node, promql.BinaryExpr)
            and node.modifier is not None
            and node.modifier.matching is not None
        ):
            groups |= set(node.modifier.matching.labels)
    assert metrics
    known = set.union(*(LABELS[name] for name in metrics), {"instance", "job"})
    assert groups <= known | ({"le"} if "histogram_quantile" in text else set()), groups

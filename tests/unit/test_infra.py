"""What infra/ says of addresses, versions, settings and commands is true.

The compose file is read by lines: it is our own, in one style. `test_infra_parsed` reads it as YAML.
"""

from __future__ import annotations

import re
import shlex
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from pipeline.config import Metrics
from pipeline.poison import POISONED
from tests.reference import commands, setting_rows

INFRA = Path(__file__).resolve().parents[2] / "infra"
COMPOSE = (INFRA / "compose.yaml").read_text(encoding="utf-8")
UNITS = sorted((INFRA / "systemd").glob("*.service"))
VARIABLES = {row[1].strip("`") for row in setting_rows()}
COMMANDS = dict(commands())


def services() -> dict[str, str]:
    """Name and text of every service of the compose file."""
    body = COMPOSE.split("\nservices:\n", 1)[1].split("\nvolumes:\n", 1)[0]
    parts = re.split(r"^  ([a-z]+):\n", body, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def check_command(words: list[str]) -> None:
    """Fails unless `vigie WORDS…` names a command and options that exist."""
    name = next((n for k in (2, 1) if (n := " ".join(["vigie", *words[:k]])) in COMMANDS), None)
    assert name is not None, f"no such command: {words}"
    options = {option for parameter in COMMANDS[name].params for option in parameter.opts}
    used = {word for word in words if word.startswith("--")}
    assert used <= options, f"{name} has no {used - options}"


def test_every_service_is_found() -> None:
    """The reader by lines sees the services that the file is about."""
    assert {"kafka", "clickhouse", "detect", "sink", "webhook", "jetstream", "bot"} == set(services())


def test_published_ports_are_loopback() -> None:
    """Each published port is bound to 127.0.0.1, and no service uses the host's network."""
    ports = re.findall(r'^      - "([^"]*\d:\d+)"$', COMPOSE, re.MULTILINE)
    assert len(ports) == COMPOSE.count("    ports:\n") == 3
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert "network_mode" not in COMPOSE
    assert "privileged: true" not in COMPOSE


def test_images_have_a_version() -> None:
    """Every image names a full version, in compose and in the Dockerfile; ClickHouse is recent enough."""
    images = re.findall(r"^ +image: (\S+)$", COMPOSE, re.MULTILINE)
    assert len(images) == 3
    for image in images:
        assert re.fullmatch(r"[a-z/-]+:\d+(\.\d+){2,3}", image), image
    clickhouse = next(image for image in images if image.startswith("clickhouse/"))
    major, minor = clickhouse.partition(":")[2].split(".")[:2]
    assert (int(major), int(minor)) >= (26, 3)
    for path in (INFRA / "README.md", INFRA.parent / "docs" / "reference" / "tables.md"):
        assert "26.3 or newer" in path.read_text(encoding="utf-8"), path
    dockerfile = (INFRA / "Dockerfile").read_text(encoding="utf-8")
    assert set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)) == {"python:3.11-slim"}


def test_own_image_has_the_packages_version() -> None:
    """The tag of Vigie's image is the version of the package."""
    text = (INFRA.parent / "pyproject.toml").read_text(encoding="utf-8")
    version = re.search(r'^version = "([^"]+)"', text, re.MULTILINE)
    assert version is not None
    assert f"image: vigie:{version[1]}\n" in COMPOSE


@pytest.mark.parametrize(
    "path",
    ["compose.yaml", "compose/example.env", "compose/users.xml", "systemd/vigie.env.example", "README.md"],
)
def test_variables_are_settings(path: str) -> None:
    """Every VIGIE_… in the file is a setting."""
    text = (INFRA / path).read_text(encoding="utf-8")
    used = set(re.findall(r"\bVIGIE_[A-Z_]*[A-Z]\b", text))
    assert used
    assert used <= VARIABLES, used - VARIABLES


def test_what_compose_asks_for_is_in_the_example() -> None:
    """Every ${VARIABLE} of the compose file stands in example.env."""
    asked = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE))
    example = (INFRA / "compose" / "example.env").read_text(encoding="utf-8")
    assert asked == set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))


def test_no_secret_is_written_down() -> None:
    """Passwords, secrets and webhook addresses are empty in the examples, and references elsewhere."""
    for path in ("compose/example.env", "systemd/vigie.env.example"):
        for name, value in re.findall(
            r"^(\w+)=(.*)$", (INFRA / path).read_text(encoding="utf-8"), re.MULTILINE
        ):
            if re.search("PASSWORD|SECRET|URL", name):
                assert value == "", f"{path}: {name}"
    for name, value in re.findall(r"^ +(VIGIE_\w*(?:PASSWORD|SECRET|URL)): (.*)$", COMPOSE, re.MULTILINE):
        assert value.startswith(f"${{{name}"), name
    assert (INFRA / "compose" / ".gitignore").read_text(encoding="utf-8") == ".env\n"


def test_compose_runs_commands_that_exist() -> None:
    """`command:` of each service of ours is a command of vigie with options that it has."""
    lists = re.findall(r"^ {4}command: \[(.*)\]$", COMPOSE, re.MULTILINE)
    assert len(lists) == 5
    for text in lists:
        check_command(re.findall(r'"([^"]*)"', text))


def test_services_are_limited() -> None:
    """Every service has limits of memory and processors; what others wait for has a health check."""
    for name, text in services().items():
        assert re.search(r"limits: \{cpus: \"[\d.]+\", memory: \d+[mg]\}", text), name
        for waited in re.findall(r"^      (\w+): \{condition: service_healthy\}", text, re.MULTILINE):
            assert "healthcheck:" in services()[waited], waited


def test_workers_are_asked_for_their_health() -> None:
    """The health check of each worker asks the page at its default port."""
    port = Metrics.model_fields["port"].default
    for name in ("detect", "sink"):
        assert f"http://127.0.0.1:{port}/health" in services()[name], name
        assert "VIGIE_METRICS__" not in services()[name]


def test_units_of_workers_leave_a_poisoned_one_alone() -> None:
    """systemd does not start again what stops as it had to refuse nearly everything."""
    for name in ("vigie-detect@.service", "vigie-sink.service"):
        assert f"RestartPreventExitStatus={POISONED}\n" in (INFRA / "systemd" / name).read_text()


def test_two_detection_workers() -> None:
    """Detection runs twice."""
    assert "replicas: 2" in services()["detect"]


def test_clickhouse_users_are_those_of_the_commands() -> None:
    """The users of the compose file have passwords from the environment and no more rights than they need."""
    users = ET.parse(INFRA / "compose" / "users.xml").getroot().find("users")
    assert users is not None
    assert {user.tag for user in users} == {"vigie_reader", "vigie_writer"}
    for user in users:
        password = user.find("password")
        assert password is not None
        assert password.get("from_env") in VARIABLES
        queries = [query.text or "" for query in user.iter("query")]
        assert all(query.endswith(" ON vigie.*") for query in queries)
    reader = users.find("vigie_reader")
    assert reader is not None
    assert [query.text for query in reader.iter("query")] == ["GRANT SELECT, SHOW ON vigie.*"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units(unit: Path) -> None:
    """A unit runs a command that exists, as a user of its own, reads secrets from a file and starts again."""
    settings = dict(re.findall(r"^(\w+)=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE))
    words = shlex.split(settings["ExecStart"])
    assert words[0] == "/opt/vigie/.venv/bin/vigie"
    check_command(words[1:])
    assert settings["User"] == "vigie"
    assert settings["EnvironmentFile"] == "/etc/vigie/vigie.env"
    assert settings["Restart"] == "always"
    assert settings["NoNewPrivileges"] == "yes"
    assert settings["ProtectSystem"] == "strict"


def test_dockerfile_copies_what_the_build_needs() -> None:
    """Every package of the wheel and every file that its metadata names is copied, and passes .dockerignore."""
    text = (INFRA.parent / "pyproject.toml").read_text(encoding="utf-8")
    packages = re.search(r"^packages = \[(.*)\]$", text, re.MULTILINE)
    assert packages is not None
    needed = {*re.findall(r'"(\w+)"', packages[1]), "README.md", "LICENSE", "pyproject.toml", "uv.lock"}
    dockerfile = (INFRA / "Dockerfile").read_text(encoding="utf-8")
    copied = {
        word
        for line in re.findall(r"^COPY (?!--)(.*) \S+$", dockerfile, re.MULTILINE)
        for word in line.split()
    }
    assert copied == needed
    ignore = (INFRA / "Dockerfile.dockerignore").read_text(encoding="utf-8")
    assert needed == set(re.findall(r"^!(\S+)$", ignore, re.MULTILINE))
    assert "\nUSER 10001\n" in dockerfile

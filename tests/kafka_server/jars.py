"""Where Kafka comes from: its published jars, brought by Maven into a cache folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

VERSION = "4.4.0"
"""The release that is tested against; `VIGIE_KAFKA_VERSION` names another one (3.9.2 and 4.3.1 start too)."""

JAVA = 17
"""The oldest Java that Kafka 4 brokers run on."""

_SLF4J = "2.0.17"
_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
_REPORT_SECONDS = 2.0

# slf4j-api stands first and by itself: Maven then takes this version of it, the one that slf4j-simple fits.
_POM = """<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>vigie.tests</groupId>
  <artifactId>kafka-server</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-api</artifactId><version>{slf4j}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>{slf4j}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{kafka}</version></dependency>
  </dependencies>
</project>
"""


class KafkaMissingError(Exception):
    """Kafka cannot run or be fetched here; the message says what to install."""


def chosen_version() -> str:
    """`VIGIE_KAFKA_VERSION`, or the release of `VERSION`."""
    return os.environ.get("VIGIE_KAFKA_VERSION") or VERSION


def cache_folder() -> Path:
    """`VIGIE_KAFKA_CACHE`, or `.venv/kafka` in the checkout."""
    given = os.environ.get("VIGIE_KAFKA_CACHE")
    return Path(given).absolute() if given else Path(__file__).resolve().parents[2] / ".venv" / "kafka"


def find_java() -> str:
    """The `java` of `JAVA_HOME`, or else of `PATH`.

    Raises:
        KafkaMissingError: there is none, or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    java = shutil.which(str(Path(home) / "bin" / "java")) if home else None
    java = java or shutil.which("java")
    advice = (
        f"Install Java {JAVA} or later (Debian: apt-get install openjdk-17-jre-headless; "
        "Fedora: dnf install java-17-openjdk-headless; macOS: brew install openjdk@17), "
        "or set KAFKA_BOOTSTRAP=host:port to a running broker."
    )
    if java is None:
        raise KafkaMissingError(
            f"Apache Kafka needs Java {JAVA} or later; no java in JAVA_HOME or PATH. {advice}"
        )
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "(\d+)', said.stderr + said.stdout)
    if found is None or int(found[1]) < JAVA:
        version = found[1] if found else "of unknown version"
        raise KafkaMissingError(
            f"Apache Kafka needs Java {JAVA} or later; {java} is Java {version}. {advice}"
        )
    return java


def find_maven() -> str:
    """The `mvn` of `PATH`.

    Raises:
        KafkaMissingError: there is none.
    """
    maven = shutil.which("mvn")
    if maven is None:
        raise KafkaMissingError(
            "Apache Kafka is fetched with Maven; no mvn in PATH. Install Maven (Debian: apt-get install "
            "maven; Fedora: dnf install maven; macOS: brew install maven), "
            "or set KAFKA_BOOTSTRAP=host:port to a running broker."
        )
    return maven


def check_available() -> None:
    """Returns when Kafka can be started here, at most after a download.

    Raises:
        KafkaMissingError: Java is missing, or Maven is and the cache is empty.
    """
    find_java()
    if not (cache_folder() / chosen_version()).is_dir():
        find_maven()


def fetch(version: str, cache: Path) -> Path:
    """The folder of Kafka's jars; downloads them when the cache has none, else needs no network and no Maven.

    A folder in the cache is whole: it gets its name only after the download. Two that download at the same
    time do not disturb each other.

    Raises:
        KafkaMissingError: Maven is missing or failed.
    """
    folder = cache / version
    if folder.is_dir():
        return folder
    maven = find_maven()
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".fetch-") as work:
        pom, jars = Path(work) / "pom.xml", Path(work) / "jars"
        pom.write_text(_POM.format(kafka=version, slf4j=_SLF4J), encoding="utf-8")
        say(f"fetching Apache Kafka {version} with Maven, once, into {cache}")
        _run_maven(
            [
                maven,
                "-B",
                "-C",
                "-f",
                str(pom),
                _PLUGIN,
                f"-DoutputDirectory={jars}",
                "-DincludeScope=runtime",
            ]
        )
        if not (jars / f"kafka_2.13-{version}.jar").is_file():
            raise KafkaMissingError(f"Maven brought no kafka_2.13-{version}.jar")
        size = sum(jar.stat().st_size for jar in jars.iterdir())
        try:
            jars.replace(folder)
        except OSError:
            if not folder.is_dir():  # otherwise somebody else was faster, with the same files
                raise
    say(f"Apache Kafka {version}: {size / 1e6:.0f} MB of jars in {folder}")
    return folder


def _run_maven(command: list[str]) -> None:
    """Runs Maven and says every few seconds how far it is."""
    lines: list[str] = []
    files, told = 0, time.monotonic()
    maven = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert maven.stdout is not None
    try:
        for line in maven.stdout:
            if line.startswith(("[INFO] Downloaded ", "Downloaded ")):
                files += 1
            elif "Downloading " not in line and "Progress " not in line:
                lines.append(line.rstrip())
            if files and time.monotonic() - told >= _REPORT_SECONDS:
                told = time.monotonic()
                say(f"{files} files so far")
        code = maven.wait()
    finally:
        if maven.poll() is None:
            maven.kill()
            maven.wait()
        maven.stdout.close()
    if code:
        errors = [line for line in lines if line.startswith("[ERROR]")] or lines
        raise KafkaMissingError("Maven could not fetch Apache Kafka:\n  " + "\n  ".join(errors[:8]))


def say(message: str) -> None:
    """Progress goes to standard error; standard output is the command's."""
    print(f"kafka: {message}", file=sys.stderr, flush=True)

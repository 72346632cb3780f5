"""Runs in processes of their own: what hangs can be ended, and each can have topics of its own declaration."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import orjson

from tests.faults.faults import Fault
from tests.faults.play import Outcome, outcome_of
from tests.measure import ROOT

_LONGEST = 900.0
_GRACE = 60.0


class RunFailed(Exception):
    """A run came to no outcome; the message has what it said last."""


def run(fault: Fault, broker: str, seed: int) -> Outcome:
    """One run, from nothing to its outcome.

    Raises:
        RunFailed: it ended without one, or took longer than a quarter of an hour.
    """
    with tempfile.TemporaryDirectory(prefix="vigie-chaos-") as name:
        folder = Path(name)
        path = str(ROOT)
        if fault.partitions is not None:
            declare(folder / "declared", fault.partitions)
            path = f"{folder / 'declared'}{os.pathsep}{ROOT}"
        words = [fault.name, "--broker", broker, "--seed", str(seed), "--folder", str(folder / "run")]
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.play", *words],
            cwd=folder / "declared" if fault.partitions is not None else ROOT,  # python looks there first
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            out, said = process.communicate(timeout=_LONGEST)
        except subprocess.TimeoutExpired:
            raise RunFailed(f"{fault.name} on {broker}: not through after {_LONGEST:.0f} s") from None
        finally:
            end(process)
    if not out:
        raise RunFailed(f"{fault.name} on {broker}, exit code {process.returncode}: {said.decode()[-2000:]}")
    return outcome_of(orjson.loads(out))


def end(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM, upon which a run stops its parts; then what has to be."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def declare(folder: Path, partitions: int) -> None:
    """A copy of `schemas` in which every topic of several partitions has this many: as an installation would have it.

    `schemas/topics.toml` is the one place where partitions are declared; there is no setting for them.
    """
    shutil.copytree(ROOT / "schemas", folder / "schemas", ignore=shutil.ignore_patterns("__pycache__"))
    declared = folder / "schemas" / "topics.toml"
    text = declared.read_text(encoding="utf-8")
    text = re.sub(r"^partitions = (?!1$)\d+$", f"partitions = {partitions}", text, flags=re.MULTILINE)
    declared.write_text(text, encoding="utf-8")

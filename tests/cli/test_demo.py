"""`vigie demo`: finds everything that was planted, and leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import orjson
import pytest

from tests.integration.conftest import VIGIE, descendants, environment, processes, until

pytestmark = pytest.mark.integration


class Demo:
    """A demonstration under way; remembers every process that it started."""

    def __init__(self, folder: Path, *words: str) -> None:
        (folder / "tmp").mkdir()
        self.folder = folder
        ports = {"VIGIE_KAFKA__PORT": "0", "VIGIE_STORE__PORT": "0"}
        self.out, self.errors = folder / "out", folder / "err"
        with self.out.open("wb") as out, self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [VIGIE, "demo", *words],
                env=environment(folder / "data", TMPDIR=str(folder / "tmp"), **ports),
                cwd=folder,
                stdout=out,
                stderr=errors,
            )
        self.started: dict[int, str] = {}

    def watch(self) -> bool:
        """Looks at its processes; whether it goes on."""
        self.started |= {part.pid: part.command for part in descendants(self.process.pid)}
        return self.process.poll() is None

    def left(self) -> tuple[list[str], list[str]]:
        """Processes and files that outlive it."""
        running = until(
            lambda: [p.command for p in processes() if self.started.get(p.pid) == p.command],
            lambda found: not found,
            10.0,
        )
        return running, sorted(path.name for path in (self.folder / "tmp").iterdir())


def test_demo(tmp_path: Path) -> None:
    """Exit 0, everything planted found and nothing innocent alarmed, every record stored once, evidence behind every
    alert; afterwards no process, no temporary folder, and the user's own data untouched."""
    demo = Demo(tmp_path, "--json", "--language", "en")
    deadline = time.monotonic() + 200
    while demo.watch() and time.monotonic() < deadline:
        time.sleep(0.5)
    told = demo.errors.read_text()
    assert demo.process.poll() == 0, told
    result = orjson.loads(demo.out.read_bytes())
    assert result["good"] is True
    assert result["stored"] == result["expected"] > 10_000
    assert all(row["ok"] for row in result["rows"])
    alerts = {row["alert_id"] for row in result["rows"] if row["expected"] == "alert"}
    assert len(alerts) >= 5
    assert None not in alerts
    assert all(result["evidence_rows"][alert] > 0 for alert in alerts)
    assert "Traceback" not in told
    assert len(demo.started) >= 4
    assert demo.left() == ([], [])
    assert not (tmp_path / "data").exists()


def test_interrupted(tmp_path: Path) -> None:
    """Ctrl-C in the middle ends it with 130, and again nothing stays."""
    demo = Demo(tmp_path)
    until(demo.watch, lambda going: not going or len(demo.started) >= 4, 60.0)
    demo.process.send_signal(signal.SIGINT)
    code = demo.process.wait(60)
    told = demo.errors.read_text()
    assert code == 130, told
    assert "Traceback" not in told
    assert demo.left() == ([], [])

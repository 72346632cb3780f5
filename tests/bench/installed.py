"""Other people's tools, installed for the benchmark alone: pinned, outside the checkout, once.

They stand behind Vigie's own packages on the path, so both sides run on the same libraries where they share some.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.measure import ROOT, say

HERE = Path(__file__).resolve().parent
_PATIENCE = 600.0
LIBRARIES = "VIGIE_BENCH_LIBRARIES"
"""The environment variable that tells a script where they lie."""


def cache_folder() -> Path:
    """`VIGIE_BENCH_CACHE`, or a folder of the user's cache."""
    given = os.environ.get("VIGIE_BENCH_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(given).absolute() if given else Path(base) / "vigie-bench"


def _uv() -> str | None:
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.exists() else shutil.which("uv")


def libraries(requirements: Path) -> Path | None:
    """The folder with what the file lists, installed now if need be; None, with a line, where that fails."""
    tag = hashlib.blake2b(requirements.read_bytes() + sys.version.encode(), digest_size=6).hexdigest()
    folder = cache_folder() / f"{requirements.stem}-{tag}"
    if folder.is_dir():
        return folder
    uv = _uv()
    if uv is None:
        say(f"bench: no uv here; {requirements.name} is not installed and its rows are left out")
        return None
    say(f"bench: installing {requirements.name}")
    fresh = folder.with_name(f".{folder.name}-{os.getpid()}")
    fresh.mkdir(parents=True)
    command = [uv, "pip", "install", "--quiet", "--python", sys.executable, "--target", str(fresh)]
    try:
        subprocess.run(
            [*command, "-r", str(requirements)], check=True, capture_output=True, timeout=_PATIENCE
        )
        fresh.replace(folder)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired, OSError) as error:
        shutil.rmtree(fresh, ignore_errors=True)
        if folder.is_dir():  # somebody else was faster
            return folder
        reason = (
            error.stderr.decode(errors="replace")
            if isinstance(error, subprocess.CalledProcessError)
            else error
        )
        say(f"bench: {requirements.name} could not be installed; its rows are left out: {reason}")
        return None
    return folder


def environment(folder: Path | None) -> dict[str, str]:
    """For a script of ours that uses them."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PYTHONPATH": path, LIBRARIES: str(folder or "")}


def use_libraries() -> None:
    """In such a script: puts them at the end of the path."""
    folder = os.environ.get(LIBRARIES)
    if folder:
        sys.path.append(folder)

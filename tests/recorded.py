"""Recorded data for tests, which skip with a message where it is absent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.measure import DATA

__all__ = ["DATA", "needs", "recorded"]


def recorded(*parts: str) -> Path:
    """A file or folder of the recorded data; skips the test that asks where it is absent."""
    path = DATA.joinpath(*parts)
    if not path.exists():
        pytest.skip(_absent(path))
    return path


def needs(path: Path) -> pytest.MarkDecorator:
    """Skips a whole module or test where `path` is absent."""
    return pytest.mark.skipif(not path.exists(), reason=_absent(path))


def _absent(path: Path) -> str:
    return f"no recorded data at {path}; set VIGIE_EVAL_DATA"

"""What holds for all tests."""

from __future__ import annotations

from tests.interrupts import heeded


def pytest_configure() -> None:
    """Tests send Ctrl-C to what they start."""
    heeded()

"""A seeded generator of plausible days with planted operations and innocent look-alikes."""

from __future__ import annotations

from pipeline.scenario.generate import START, Scenario, generate, write
from pipeline.scenario.truth import Planted, read_truth

__all__ = ["START", "Planted", "Scenario", "generate", "read_truth", "write"]

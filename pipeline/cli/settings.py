"""Reading the settings, with errors that name the field, the value and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.cli.console import WRONG_USE, fail

if TYPE_CHECKING:
    from pipeline.config import Settings


def load_settings(command: str) -> Settings:
    """The settings of this run; ends the command when one is wrong."""
    from pydantic import ValidationError

    from pipeline.config import read_settings

    try:
        return read_settings()
    except ValidationError as error:
        lines = [
            f"{'.'.join(map(str, problem['loc']))} = {_shown(problem)}: {problem['msg']}"
            if problem["loc"]
            else problem["msg"]
            for problem in error.errors()
        ]
        fail(command, "wrong settings (vigie.toml or VIGIE_…): " + "; ".join(lines), WRONG_USE)
    except ValueError as error:  # a vigie.toml that is not TOML
        fail(command, f"vigie.toml cannot be read: {error}", WRONG_USE)


_SECRET = re.compile("password|secret|key|url|token", re.IGNORECASE)


def _shown(problem: Mapping[str, Any]) -> str:
    """The value, unless it is a secret, may be one under a name that was mistyped, or holds one."""
    value, unknown = problem.get("input"), problem["type"] == "extra_forbidden"
    if unknown or isinstance(value, Mapping) or any(_SECRET.search(str(name)) for name in problem["loc"]):
        return "(not shown)"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."

"""Growth of the copy index: `tests.bench.growth` prints it, where that module is there."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

from tests.bench.options import Options
from tests.measure import say

TITLE = "Growth of the copy index"
_MODULE = "tests.bench.growth"


def section(options: Options) -> str | None:
    """What it prints; None where it is absent, and in a quick run, because millions of posts take minutes."""
    if importlib.util.find_spec(_MODULE) is None:
        say(f"bench: no {_MODULE} here")
        return None
    if options.quick:
        say("bench: the growth of the index is no matter for a quick run")
        return None
    done = subprocess.run([sys.executable, "-m", _MODULE], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout

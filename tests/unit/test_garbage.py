"""A process of batches hardly ever looks for cycles, and what cannot go otherwise still goes."""

from __future__ import annotations

import subprocess
import sys

_SCRIPT = """
import gc, weakref
from pipeline.garbage import YOUNG, collect_rarely

collect_rarely()
counted = [0]
gc.callbacks.append(lambda phase, info: counted.__setitem__(0, counted[0] + (phase == "stop")))
batch = [[number] for number in range(YOUNG // 2)]
del batch
within = counted[0]

class Cycle:
    def __init__(self):
        self.itself = self

gone = weakref.ref(Cycle())
kept = [[number] for number in range(YOUNG + 1)]
print(within, counted[0] > 0, gone() is None, gc.get_freeze_count() > 1_000)
"""


def test_batches_are_left_alone_and_cycles_go() -> None:
    done = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "True", "True", "True"]

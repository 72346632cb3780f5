"""What a fault is given: the parts, the records on their way, chance, and time to wait."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable

from pipeline.drain import drain
from tests.faults.flow import Flow
from tests.faults.installation import Installation

_STEP = 0.1  # seconds between two looks


class Scene:
    """One run under way. All waiting goes through here, so that what ends meanwhile is started again."""

    def __init__(self, parts: Installation, flow: Flow, rng: random.Random) -> None:
        self.parts = parts
        self.flow = flow
        self.rng = rng
        self.done: list[str] = []
        """What was done, for people, each with the share of the records that was published by then."""

    def note(self, what: str) -> None:
        """Remembers what is being done."""
        self.done.append(f"{what} at {self.flow.share:.0%}")

    def wait(self, seconds: float) -> None:
        """Lets time pass."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.parts.tend()
            time.sleep(min(_STEP, left))

    def until(self, good: Callable[[], bool], patience: float) -> bool:
        """Waits until it is good; whether it was within `patience` seconds."""
        deadline = time.monotonic() + patience
        while not good():
            if time.monotonic() > deadline:
                return False
            self.parts.tend()
            time.sleep(_STEP)
        return True

    def running(self, name: str) -> None:
        """Waits until a part runs: one that has just been killed has to be started again first."""
        self.until(lambda: name in self.parts.pids(), 30.0)

    def published(self, share: float, patience: float = 600.0) -> None:
        """Waits until this share of the records is published."""
        self.until(lambda: self.flow.share >= share or not self.flow.going(), patience)

    def moments(self, count: int) -> list[float]:
        """Random shares of the records, in order: some while they flow, and one perhaps when all are published."""
        return sorted(self.rng.uniform(0.05, 1.0) for _ in range(count))

    def drained(self, patience: float) -> str:
        """Waits until everything published has gone through; empty, or which topic is behind."""
        outcome: list[str] = []

        def wait() -> None:
            try:
                asyncio.run(drain(self.parts.bootstrap, self.parts.settings.kafka.group, patience))
            except Exception as error:
                outcome.append(f"{type(error).__name__}: {error}")

        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        if not self.until(lambda: not thread.is_alive(), patience + 60.0):
            return f"nobody answers where the workers stand within {patience + 60.0:.0f} s"
        return outcome[0] if outcome else ""

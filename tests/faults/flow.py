"""Publishing the records of a run, evenly, whatever the broker does meanwhile."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence

from aiokafka.errors import KafkaError

from pipeline.bus import Message, Publisher
from pipeline.connect.files import read
from pipeline.connect.replay import ReplayReport, replay
from tests.faults.stream import Stream

_SLICE = 300.0
"""Seconds of event time that are published at once; `replay` sends what it has whenever it has to wait."""

_EARLY = 0.01  # seconds; above what `replay` does not wait for


class Stubborn:
    """A publisher that says again what the broker did not take: what a source that resumes does."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._publisher: Publisher | None = None
        self.again = 0

    async def send(self, topic: str, messages: Sequence[Message]) -> None:
        """Until they are published; never raises for the broker's sake."""
        while True:
            try:
                if self._publisher is None:
                    publisher = Publisher(self._bootstrap, "vigie-faults")
                    await publisher.start()
                    self._publisher = publisher
                await self._publisher.send(topic, messages)
                return
            except (KafkaError, OSError, TimeoutError):
                self.again += 1
                await self.stop()
                await asyncio.sleep(0.5)

    async def stop(self) -> None:
        """Gives the connection back."""
        publisher, self._publisher = self._publisher, None
        if publisher is not None:
            try:
                await asyncio.wait_for(publisher.stop(), 10.0)
            except (KafkaError, OSError, TimeoutError):
                return


class Steady:
    """Makes `replay` publish so many records a second: its time stands still until as many are due as are sent."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._due = 0.0
        self._began = time.monotonic()
        self.sent = 0

    def now(self) -> float:
        """Seconds, of a time of its own: only sleeping makes it pass."""
        return self._due

    async def sleep(self, seconds: float) -> None:
        """Passes the time at once; waits until what was sent is due."""
        self._due += seconds
        ahead = self.sent / self._rate - (time.monotonic() - self._began)
        if ahead > 0:
            await asyncio.sleep(ahead)


class Flow:
    """A stream on its way, in a thread of its own. sent: records published so far."""

    def __init__(self, bootstrap: str, stream: Stream, rate: float) -> None:
        self._bootstrap = bootstrap
        self._stream = stream
        self._pace = Steady(rate)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._main, daemon=True)
        self.again = 0
        """Publications that the broker refused, or did not answer."""

    @property
    def sent(self) -> int:
        """Records published so far."""
        return self._pace.sent

    @property
    def share(self) -> float:
        """The same as a share of all, 0 to 1."""
        return self.sent / self._stream.records

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def going(self) -> bool:
        """Not all is published, end markers included.

        Raises:
            RuntimeError: publishing failed.
        """
        if self._error is not None:
            raise RuntimeError(f"publishing failed: {self._error!r}") from self._error
        return self._thread.is_alive()

    def _main(self) -> None:
        try:
            asyncio.run(self._publish())
        except BaseException as error:
            self._error = error

    async def _publish(self) -> None:
        sender = Stubborn(self._bootstrap)

        def told(report: ReplayReport) -> None:
            self._pace.sent = report.records
            self.again = sender.again

        try:
            await replay(
                sender,
                read([self._stream.path]),
                _SLICE / _EARLY,
                told,
                now=self._pace.now,
                sleep=self._pace.sleep,
            )
        finally:
            await sender.stop()

"""Where a stream had got to, and what of it is known already: together they make events come through once."""

from __future__ import annotations

from collections import deque
from hashlib import blake2b

import msgspec

from pipeline.connect.cursors import Cursor, CursorStore
from pipeline.connect.recent import Recent
from schemas.times import SECOND, Micros

REWIND: Micros = 5 * SECOND
"""How far before its cursor a resumed stream begins, by the source's time."""

_RECENT = 200_000  # events remembered while running; REWIND holds some thousands
_SAVED = 10_000  # of these, how many are kept with the cursor
_SAVE_EVERY = 1.0  # seconds


class Resume:
    """Two places in one stream: what has been read, and what the broker has acknowledged.

    Only the second is saved and gone back to. Sequence: `is_new`, `reach` for every event; `acknowledge` once
    the broker has all of them; `save`.
    """

    def __init__(self, store: CursorStore, name: str) -> None:
        self._store = store
        self._name = name
        self._known: Recent[int, bool] = Recent(_RECENT)
        self._latest: deque[tuple[Micros, int]] = deque(maxlen=_SAVED)
        self._saved = float("-inf")
        self._reached = self.place = store.load(name)
        if self.place is not None:
            for fingerprint in self.place.seen:
                self._known.put(fingerprint, True)
                self._latest.append((self.place.at, fingerprint))

    def is_new(self, mark: bytes, at: Micros | None) -> bool:
        """Whether this event, of that time, has not come through lately; from now on it has."""
        fingerprint = int.from_bytes(blake2b(mark, digest_size=8).digest())
        if self._known.get(fingerprint):
            return False
        self._known.put(fingerprint, True)
        if at is None:  # a frame that cannot be read stands where its predecessor stands
            at = self._reached.at if self._reached else 0
        self._latest.append((at, fingerprint))
        return True

    def reach(self, value: int, host: str, at: Micros) -> None:
        """An event with this cursor has been read. Times run a little out of order: the greatest counts."""
        self._reached = Cursor(value, host, at if self._reached is None else max(at, self._reached.at))

    def acknowledge(self) -> None:
        """The broker has everything that was read."""
        self.place = self._reached

    def lose(self) -> None:
        """The place cannot be gone back to: on from now."""
        self._reached = self.place = None

    def save(self, now: float, *, force: bool = False) -> None:
        """Saves the acknowledged place, at most once a second unless forced. `now` in seconds.

        Raises:
            OSError: it cannot be written.
        """
        place = self.place
        if place is None or not (force or now - self._saved >= _SAVE_EVERY):
            return
        while self._latest and self._latest[0][0] < place.at - REWIND:
            self._latest.popleft()
        seen = tuple(fingerprint for _, fingerprint in self._latest)
        self._store.save(self._name, msgspec.structs.replace(place, seen=seen))
        self._saved = now

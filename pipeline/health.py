"""Whether a worker does its work, judged by what it commits; that its process runs proves little.

Pure: what was seen and the time are arguments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec


class Place(NamedTuple):
    """A partition as its reader sees it. lag: records that are not committed; committed: the offset; asked: seconds
    since the broker last said where the partition ends, None where it has not yet."""

    topic: str
    partition: int
    lag: int
    committed: int
    asked: float | None


class Problem(msgspec.Struct, frozen=True):
    """What is wrong, and what to do."""

    what: str
    do: str


class Verdict(msgspec.Struct, frozen=True):
    """ok: nothing is wrong. lag: records that wait, over all partitions; partitions: how many there are."""

    ok: bool
    lag: int
    partitions: int
    problems: tuple[Problem, ...] = ()


class _Seen(msgspec.Struct):
    place: Place
    commit: float  # when the last commit was seen, or the partition came
    calm: float  # when there was last nothing to complain of


class Health:
    """Fed with looks at all partitions of a worker. `stalled`: seconds without a commit, or without a word of the
    broker, that are too many."""

    def __init__(self, stalled: float, now: float) -> None:
        self._stalled = stalled
        self._looked = now
        self._seen: dict[tuple[str, int], _Seen] = {}

    def look(self, places: Sequence[Place], now: float) -> None:
        """The partitions as they are at `now` (seconds, from any origin); those that are left out have gone."""
        self._looked = now
        before, found = self._seen, {}
        for place in places:
            key = place.topic, place.partition
            seen = before.get(key) or _Seen(place, now, now)
            if place.committed != seen.place.committed:
                seen.commit = seen.calm = now
            if not (place.lag and seen.place.lag):
                seen.calm = now
            seen.place = place
            found[key] = seen
        self._seen = found  # in one go: others read it

    def lags(self) -> dict[tuple[str, ...], float]:
        """Records that wait, by topic and partition."""
        return {(topic, str(number)): seen.place.lag for (topic, number), seen in self._seen.items()}

    def commit_ages(self, now: float) -> dict[tuple[str, ...], float]:
        """Seconds since the last commit, likewise."""
        return {(topic, str(number)): now - seen.commit for (topic, number), seen in self._seen.items()}

    def verdict(self, now: float, troubles: Mapping[str, str]) -> Verdict:
        """How it stands at `now`. troubles: topic -> what its reader is struggling with."""
        problems = []
        if now - self._looked > self._stalled:
            problems.append(
                Problem(
                    f"the worker has been doing something else for {now - self._looked:.0f} s",
                    "If it does not come back by itself, restart the worker; its log may say what it was at.",
                )
            )
        for (topic, number), seen in sorted(self._seen.items()):
            idle = now - seen.calm
            if seen.place.lag and idle > self._stalled:
                why = f": {troubles[topic]}" if topic in troubles else ""
                waiting = f"{seen.place.lag} records wait, none committed for {idle:.0f} s"
                problems.append(
                    Problem(f"{topic}, partition {number}: {waiting}{why}", _advice(topic in troubles))
                )
            elif seen.place.asked is not None and seen.place.asked > self._stalled:
                problems.append(
                    Problem(
                        f"{topic}, partition {number}: no word from the broker for {seen.place.asked:.0f} s",
                        "See whether the broker runs and can be reached: `vigie doctor`.",
                    )
                )
        lag = sum(seen.place.lag for seen in self._seen.values())
        return Verdict(not problems, lag, len(self._seen), tuple(problems))


def _advice(known: bool) -> str:
    if known:
        return "Mend what it names; the worker tries again by itself and loses nothing."
    return "Read the worker's log. If it says nothing, restart the worker: it goes on where it had committed."

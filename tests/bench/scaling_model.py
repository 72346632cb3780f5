"""From measured costs to what larger machines would do: arithmetic, no measuring."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

BUSY = 0.7
"""How busy a core may be on average, so that a peak does not pile up."""


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU microseconds a post with `partitions` shuffle partitions.

    first: checking, enriching, encoding, of which every source partition has its part. shuffle: decoding, copies,
    bursts, shares, summed over the partitions. alerts: what the one place costs where alerts are made. shell: Faust,
    reading and publishing. fan_out: shuffle partitions that a post's fingerprints go to. shuffle_bytes: a post,
    uncompressed.
    source_skew, shuffle_skew: the fullest partition against the mean.
    """

    partitions: int
    first: float
    shuffle: float
    alerts: float
    shell: float
    fan_out: float
    shuffle_bytes: float
    source_skew: float
    shuffle_skew: float

    @property
    def spread(self) -> float:
        """What is spread over workers."""
        return self.first + self.shuffle + self.shell


def skew(counts: Sequence[int]) -> float:
    """The fullest partition against the mean; 1.0 is even. Of nothing, 1.0."""
    total = sum(counts)
    return max(counts) * len(counts) / total if total else 1.0


def counted(places: Iterable[int], partitions: int) -> list[int]:
    """How many of the places are each partition."""
    counts = [0] * partitions
    for place in places:
        counts[place] += 1
    return counts


def spread_limit(cost: Cost, cores: int) -> float:
    """Posts a second that so many cores detect, one partition of each kind a core: the fullest sets the pace."""
    worst = cost.first * cost.source_skew + cost.shuffle * cost.shuffle_skew + cost.shell
    return BUSY * cores * 1e6 / worst


def alert_limit(cost: Cost) -> float:
    """Posts a second that the one place where alerts are made keeps up with."""
    return BUSY * 1e6 / cost.alerts if cost.alerts else float("inf")


def cores_needed(rate: float, micros: float) -> float:
    """Cores for `rate` posts a second at so many CPU microseconds each."""
    return rate * micros / 1e6 / BUSY


def covered_hours(cost: Cost, most: int, rate: float) -> float:
    """Hours until the copy index of a shuffle partition holds `most` posts and begins to forget the oldest."""
    return most * cost.partitions / (cost.fan_out * rate) / 3600.0


def terabytes(bytes_a_post: float, rate: float, hours: float, replicas: int = 1) -> float:
    """What so many hours of posts take."""
    return bytes_a_post * rate * hours * 3600.0 * replicas / 1e12

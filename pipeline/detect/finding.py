"""What a detector says: the present state of one thing it has found.

A finding is a function of the *set* of records it rests on, never of the order in which they came. So a live run on
any number of partitions and a backtest agree on it, and saying it twice does no harm.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from schemas.alerts import MAX_IDS, AlertKind, Detector, Members, Reason, Severity, Subject
from schemas.times import Micros

HASHTAGS_COUNTED = 5
"""A post without a target counts for its first hashtags, as targets named with the sign."""


class Evidence(msgspec.Struct, frozen=True):
    """Which stored rows lie behind a finding; `pipeline.explain.evidence` turns it into SQL.

    table: `posts`, `fan_counts`, `follows` or `copy_posts` (posts joined with their copy cluster).
    equal: column -> value. ids: of posts, which ones; empty where the rest says it. start, end: bounds of the table's
    event time, both included. accounts: whose posts; empty where that does not matter. people: the same where they are
    of several platforms, (platform, account) each.
    """

    table: str
    equal: dict[str, str]
    start: Micros
    end: Micros
    ids: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    people: tuple[tuple[str, str], ...] = ()


class Finding(msgspec.Struct, frozen=True):
    """One thing found, as it stands now.

    alert_id is deterministic (`schemas.alerts.alert_id`). first_seen and last_seen bound the records that make the
    finding; start and end bound the window it speaks of. observed and expected are the headline figure and what was
    usual. closed: no record that is not late can change it any more. withdrawn: it turned out to be part of another
    finding, forget it. company: accounts by which other alerts may have a part in it; not told.
    """

    alert_id: str
    kind: AlertKind
    severity: Severity
    score: float
    subject: Subject
    first_seen: Micros
    last_seen: Micros
    start: Micros
    end: Micros
    accounts: Members
    posts: Members
    observed: float
    expected: float
    reasons: tuple[Reason, ...]
    ruled_out: tuple[Reason, ...]
    evidence: Evidence
    detector: Detector
    closed: bool = False
    withdrawn: bool = False
    company: tuple[str, ...] = ()


def members(ids: Iterable[str], count: int | None = None) -> Members:
    """The first `MAX_IDS` of ids that are already in order of (time, id), and how many there are in all."""
    listed = list(ids)
    return Members(len(listed) if count is None else count, tuple(listed[:MAX_IDS]))


def reason(code: str, **values: Any) -> Reason:
    """A finding's figure under a code that stays."""
    return Reason(code, values)

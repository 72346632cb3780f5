"""The alert: one evolving thing, with its evidence and the innocent explanations that were checked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec
import orjson

from schemas.times import Micros, format_time

AlertKind = Literal[
    "burst",
    "author_burst",
    "copy_paste",
    "fan_spike",
    "coordinated_accounts",
    "fake_fans",
    "pile_on",
    "source_silent",
]
Severity = Literal["info", "warning", "error", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "error", "critical")
Status = Literal["open", "updated", "closed"]

MAX_IDS = 100
"""How many account and post ids an alert lists; the rest is one `evidence_sql` away."""


class Subject(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the alert is about: a page, an account, a campaign."""

    platform: str
    id: str
    name: str | None = None


class Window(msgspec.Struct, frozen=True):
    """Event time, RFC 3339, end included."""

    start: str
    end: str


class Members(msgspec.Struct, frozen=True):
    """How many, and the first `MAX_IDS` of them in order of time."""

    count: int
    ids: tuple[str, ...] = ()


class Reason(msgspec.Struct, frozen=True):
    """One finding: a code that stays, and its figures."""

    code: str
    values: dict[str, Any]


def named(reasons: Iterable[Reason]) -> set[str]:
    """Every text among the figures of reasons. Accounts and posts that they name are among them, beside those that the
    alert is about: members of a ring beyond the first hundred, say, or a post that explains a rise."""
    found: set[str] = set()
    left: list[Any] = [one.values for one in reasons]
    while left:
        value = left.pop()
        if isinstance(value, str):
            found.add(value)
        elif isinstance(value, Mapping):
            left += value.values()
        elif isinstance(value, Sequence):
            left += value
    return found


class Summary(msgspec.Struct, frozen=True):
    """One paragraph for people."""

    fr: str
    en: str


class Detector(msgspec.Struct, frozen=True):
    """Who says so, with the parameters that were in force."""

    name: str
    version: str
    parameters: dict[str, Any]


class Alert(msgspec.Struct, frozen=True):
    """The contract's alert. `observed` and `expected` are the detector's headline figure and what was usual."""

    alert_id: str
    kind: AlertKind
    revision: int
    status: Status
    severity: Severity
    score: float
    subject: Subject
    first_seen: str
    last_seen: str
    window: Window
    accounts: Members
    posts: Members
    observed: float
    expected: float
    reasons: tuple[Reason, ...]
    ruled_out: tuple[Reason, ...]
    summary: Summary
    evidence_sql: str
    detector: Detector


def alert_id(kind: str, *parts: object) -> str:
    """Deterministic id: the same parts give the same id, on every machine."""
    digest = hashlib.blake2b("\x1f".join(map(str, (kind, *parts))).encode(), digest_size=10).hexdigest()
    return f"{kind}-{digest}"


def window(start: Micros, end: Micros) -> Window:
    """A window from event times."""
    return Window(format_time(start), format_time(end))


def encode_alert(alert: Alert) -> bytes:
    """Canonical JSON: the same alert gives the same bytes."""
    return orjson.dumps(msgspec.to_builtins(alert), option=orjson.OPT_SORT_KEYS)


def decode_alert(raw: bytes) -> Alert:
    """Reads `encode_alert`'s output; unknown fields are ignored.

    Raises:
        msgspec.ValidationError: a field is missing or has the wrong type.
    """
    return msgspec.json.decode(raw, type=Alert)

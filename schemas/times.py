"""Event time as Vigie keeps it: whole microseconds since the Unix epoch, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

Micros = int
"""Microseconds since 1970-01-01T00:00:00Z."""

SECOND: Micros = 1_000_000
MINUTE: Micros = 60 * SECOND
HOUR: Micros = 60 * MINUTE
DAY: Micros = 24 * HOUR

# No platform that Vigie reads existed before 1995; a date outside these bounds is a broken clock
# or a sentinel (year 1, year 9999), and one such record would move the stream's clock for good.
EARLIEST: Micros = 788_918_400 * SECOND  # 1995-01-01
LATEST: Micros = 4_102_444_800 * SECOND  # 2100-01-01

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def parse_time(value: object) -> Micros:
    """Reads RFC 3339 text, a datetime, or epoch seconds, milliseconds or microseconds (by magnitude).

    Text without an offset is taken as UTC.

    Raises:
        ValueError: not a time, or outside 1995..2100.
    """
    if isinstance(value, str):
        moment = datetime.fromisoformat(value[:-1] + "Z" if value.endswith("z") else value)
        micros = (
            (moment - _EPOCH) // _MICROSECOND
            if moment.tzinfo is not None
            else (moment.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
        )
    elif isinstance(value, bool):
        raise ValueError("a boolean is not a time")
    elif isinstance(value, int):
        size = abs(value)
        if size < 100_000_000_000:
            micros = value * SECOND
        elif size < 100_000_000_000_000:
            micros = value * 1000
        else:
            micros = value
    elif isinstance(value, float):
        if not abs(value) < 1e18:  # also refuses nan
            raise ValueError("not a finite time")
        scale = 1e6 if abs(value) < 1e11 else 1e3 if abs(value) < 1e14 else 1.0
        micros = round(value * scale)
    elif isinstance(value, datetime):
        moment = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        micros = (moment - _EPOCH) // _MICROSECOND
    else:
        raise ValueError(f"{type(value).__name__} is not a time")
    if not EARLIEST <= micros < LATEST:
        raise ValueError("outside 1995-01-01 to 2100-01-01")
    return micros


def format_time(micros: Micros) -> str:
    """RFC 3339 UTC; the fraction is written only where there is one."""
    days, rest = divmod(micros, DAY)
    seconds, fraction = divmod(rest, SECOND)
    minutes, seconds = divmod(seconds, 60)
    if fraction:
        return f"{_date(days)}T{_MINUTES[minutes]}:{_SECONDS[seconds]}.{fraction:06d}Z"
    return f"{_date(days)}T{_MINUTES[minutes]}:{_SECONDS[seconds]}Z"


_SECONDS = tuple(f"{second:02d}" for second in range(60))
_MINUTES = tuple(f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(24 * 60))
"""Written once: every record that is handed on has a time or two."""


@lru_cache(maxsize=16384)  # accounts are made over many years
def _date(days: int) -> str:
    return (_EPOCH + timedelta(days=days)).date().isoformat()


def to_datetime(micros: Micros) -> datetime:
    """The same moment as an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=micros)

"""Times are read from every form that feeds write, and written in one."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.times import EARLIEST, LATEST, SECOND, format_time, parse_time, to_datetime

moments = st.integers(EARLIEST, LATEST - 1)
offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(moments)
def test_what_is_written_is_read_back(at: int) -> None:
    """Format and parse are inverse, to the microsecond; a fraction is written only where there is one."""
    text = format_time(at)
    assert parse_time(text) == at
    assert text.endswith("Z")
    assert ("." in text) == bool(at % SECOND)


@given(moments, offsets)
def test_offsets_name_the_same_moment(at: int, zone: timezone) -> None:
    """The same moment in another offset, as text or datetime, is the same time."""
    moment = to_datetime(at).astimezone(zone)
    assert parse_time(moment.isoformat()) == parse_time(moment) == at


@given(moments)
def test_without_an_offset_it_is_utc(at: int) -> None:
    """Naive text and naive datetimes are taken as UTC."""
    naive = to_datetime(at).replace(tzinfo=None)
    assert parse_time(naive.isoformat()) == parse_time(naive) == at


@given(moments)
def test_the_letters_may_be_small(at: int) -> None:
    """RFC 3339 allows `t` and `z`."""
    assert parse_time(format_time(at).lower()) == at


@given(moments)
def test_size_tells_the_unit(at: int) -> None:
    """Epoch seconds, milliseconds and microseconds are told apart by magnitude, over the whole range allowed."""
    assert parse_time(at) == at
    assert parse_time(at // 1000) == at // 1000 * 1000
    assert parse_time(at // SECOND) == at // SECOND * SECOND


@given(moments)
def test_fractions_of_seconds_keep_their_microseconds(at: int) -> None:
    """A float of seconds is good to the microsecond, one of milliseconds as well."""
    assert abs(parse_time(at / 1e6) - at) <= 1
    assert abs(parse_time(at / 1e3) - at) <= 1
    assert parse_time(float(at)) == at


@given(
    st.one_of(st.integers(), st.floats(), st.text(), st.datetimes(), st.binary(), st.none(), st.booleans())
)
def test_anything_is_a_time_within_bounds_or_a_value_error(value: object) -> None:
    """No other outcome: a moment from 1995 to 2100, or ValueError."""
    try:
        at = parse_time(value)
    except ValueError:
        return
    assert EARLIEST <= at < LATEST


@pytest.mark.parametrize(
    "value",
    [
        True,
        None,
        [],
        math.nan,
        math.inf,
        -math.inf,
        1e300,
        0,
        -1,
        10**30,
        -(10**30),
        EARLIEST - 1,
        LATEST,
        "",
        "yesterday",
        "last year",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+05:00",
        "1994-12-31T23:59:59.999999Z",
        "2100-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-12:00",
        "10000-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-03-03T25:00:00Z",
        "1772500000",
        datetime.max.replace(tzinfo=UTC),
        datetime.min.replace(tzinfo=UTC),
    ],
)
def test_what_is_no_time_is_refused(value: object) -> None:
    """Sentinels, other types, impossible dates and what lies outside 1995 to 2100 are ValueErrors."""
    with pytest.raises(ValueError, match=r"."):
        parse_time(value)


def test_the_bounds_themselves() -> None:
    """1995 is in, 2100 is out, to the microsecond."""
    assert parse_time("1995-01-01T00:00:00Z") == EARLIEST
    assert parse_time("2099-12-31T23:59:59.999999Z") == LATEST - 1

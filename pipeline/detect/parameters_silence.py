"""What counts as the silence of a source."""

from __future__ import annotations

import msgspec


class SilenceParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hours are UTC hours of event time, and whole ones.

    history_days: days since a source's first post before which it is not judged; two weeks show each weekday twice.
    quiet_share: share (0..1) of the usual posts of an hour up to which it is quiet; of a small source none at all is.
    surprise: -log10 of the probability of so few posts in the quiet hours under the learned rhythm, at least.
    habit_ratio: and at least so many times the usual posts of the longest quiet stretch that the source had before;
    that of four weeks ago weighs half.
    dispersion: least dispersion that is assumed (variance = mean + dispersion * mean^2): for long stretches counts
    scatter more than from hour to hour.
    error_hours: hours of quiet from which the severity is error.
    forget_days: days of quiet after which the source is given up: the alert closes, and a new one would have to be
    learned.
    max_sources: sources that are watched; names beyond that are left out, as anybody may invent names.
    """

    history_days: float = 14.0
    quiet_share: float = 0.02
    surprise: float = 6.0
    habit_ratio: float = 1.5
    dispersion: float = 0.25
    error_hours: int = 6
    forget_days: float = 14.0
    max_sources: int = 200

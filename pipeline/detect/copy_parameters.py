"""Parameters of the copy-paste detector."""

from __future__ import annotations

import msgspec


class CopyParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What counts as a copy, and as a campaign.

    window_hours: two posts further apart are not compared (hours).
    min_characters: shorter normalised texts are nobody's property (characters).
    similarity: least `rapidfuzz.fuzz.ratio` of two normalised texts, with or without their hashtags (0..100).
    accounts: distinct accounts within `span_minutes` that make a campaign.
    span_minutes: the stretch of time in which accounts are counted for `accounts` and the severities (minutes).
    trickle_accounts: distinct accounts within `window_hours` that make a campaign however slow it is.
    error_accounts, critical_accounts: distinct accounts within `span_minutes` for these severities.
    short_characters: a text below this many characters, hashtags apart, is nobody's own: severity info.
    """

    window_hours: float = 24.0
    min_characters: int = 20
    similarity: float = 85.0
    accounts: int = 5
    span_minutes: float = 60.0
    trickle_accounts: int = 10
    error_accounts: int = 20
    critical_accounts: int = 50
    short_characters: int = 30

"""Parameters of the copy-paste detector."""

from __future__ import annotations

from typing import Annotated

import msgspec


class CopyParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What counts as a copy, and as a campaign.

    window_hours: two posts further apart are not compared (hours).
    max_posts: posts that the index of one shuffle partition keeps, at about 720 bytes each; when more come within the
        window, the oldest are forgotten sooner.
    min_characters: shorter normalised texts are nobody's property (characters; kana, ideographs, Hangul count twice).
    similarity: least `rapidfuzz.fuzz.ratio` of two normalised texts, with or without their hashtags (0..100).
    accounts: distinct accounts within `span_minutes` that make a campaign.
    span_minutes: the stretch of time in which accounts are counted for `accounts` and the severities (minutes).
    trickle_accounts: distinct accounts within `trickle_hours` that make a campaign.
    trickle_hours: the stretch of time for `trickle_accounts` (hours).
    slow_accounts: distinct accounts within `window_hours` that make a campaign however slow it is.
    error_accounts, critical_accounts: distinct accounts within `span_minutes` for these severities.
    short_characters: a text below this many characters, hashtags apart, is nobody's own: severity info.
    slow_characters: the same for campaigns that only `slow_accounts` makes; in a week many sentences come twice.
    declared_phrases: phrases of campaigns that an organisation has declared, as people write them: severity info.
    declared_urls: links of declared campaigns; what begins with one, written any way, belongs to it.
    declared_accounts: accounts of declared campaigns, as `id` or `platform:id`.
    """

    window_hours: float = 168.0
    max_posts: Annotated[int, msgspec.Meta(ge=1)] = 300_000
    min_characters: int = 20
    similarity: float = 85.0
    accounts: int = 5
    span_minutes: float = 60.0
    trickle_accounts: int = 10
    trickle_hours: float = 24.0
    slow_accounts: int = 10
    error_accounts: int = 20
    critical_accounts: int = 50
    short_characters: int = 30
    slow_characters: int = 60
    declared_phrases: tuple[str, ...] = ()
    declared_urls: tuple[str, ...] = ()
    declared_accounts: tuple[str, ...] = ()

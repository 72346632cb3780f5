"""Parameters of the detector of rings that are seen over weeks."""

from __future__ import annotations

import msgspec


class WeeksParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Accounts that weak signals join over weeks (`pipeline.detect.ring_weeks`).

    enabled: whether rings are looked for; it costs about a quarter more time of detection.
    window_days: what is looked at together (days).
    every_days: how often it is looked at (days); at the end of a stream in any case.
    active_days: an account is looked at from so many days with posts within the window.
    most_days: account days that are kept; when there are more, accounts with the fewest are forgotten, and of these
        those first that were not seen for the longest.
    most_accounts: accounts that are looked at, those with the most days first.
    popular_accounts: an object that more of these accounts have makes no pairs.
    likely: chance (0..1) that one account of a ring has an object that another of it has.
    false_share: share of pairs (0..1) that may be kept by chance.
    group_accounts: accounts from which a ring is told.
    evidence: natural logarithm of the odds against chance from which what a group has in common beyond its interests
        makes it a ring.
    error_accounts: accounts from which a ring is of severity error, if two signals speak for it, each with that much
        evidence.
    batch_days: accounts made within so long are made together (days).
    quiet_days: a ring that was not seen for so long is closed (days).
    """

    enabled: bool = True
    window_days: int = 28
    every_days: int = 4
    active_days: int = 4
    most_days: int = 200_000
    most_accounts: int = 20_000
    popular_accounts: int = 120
    likely: float = 0.1
    false_share: float = 0.01
    group_accounts: int = 5
    evidence: float = 12.0
    error_accounts: int = 20
    batch_days: float = 60.0
    quiet_days: int = 7

"""Parameters of the detector of accounts that share the same things at the same time."""

from __future__ import annotations

import msgspec


class SharingParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Accounts that keep sharing the same objects within seconds of each other (`pipeline.detect.rings`).

    window_seconds: two shares of one object further apart are a coincidence (seconds).
    pane_minutes: length of the intervals of event time by which shares are looked at (minutes).
    popular_accounts: an object that more accounts share within a pane is popular, and says nothing of them. One that
        `n` accounts share weighs log(popular_accounts / n) / log(popular_accounts / 2): 1 for two accounts.
    memory_hours: for how long a shared object speaks for its accounts, and the calm after which a group is over
        (hours).
    strength: two accounts belong together from this sum of weights, each object and each post counted once.
    group_accounts: accounts, joined by such pairs, that make a group worth telling.
    error_accounts: accounts from which a group is of severity error, if its strongest pair is twice `strength`.
    innocent_share: share of the objects (0..1) from which one linked domain, or native reposts, explain a group.
    longest_days: a group that goes on for longer is closed and begins anew (days).
    growth: an open alert is said again when its posts have grown by this factor.
    """

    window_seconds: float = 60.0
    pane_minutes: int = 15
    popular_accounts: int = 50
    memory_hours: float = 24.0
    strength: float = 4.0
    group_accounts: int = 3
    error_accounts: int = 10
    innocent_share: float = 0.8
    longest_days: float = 7.0
    growth: float = 1.2

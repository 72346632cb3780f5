"""Parameters of the two detectors that look at who comes to a page."""

from __future__ import annotations

import msgspec


class PileOnParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Swarms of newcomers on a page (`pipeline.detect.swarms`).

    When there is a swarm:
        window_minutes: length of the stretch in which newcomers are counted (minutes; a multiple of ten).
        memory_days: an account that did not post on the page for so long is a newcomer (days).
        history_hours: hours since a page's first post before which nobody is called a newcomer.
        accounts: newcomers in the window, at least.
        ratio: the same, as a multiple of the most that came in such a window in the last 14 days, and of the mean.
        calm_hours: hours without so many newcomers after which a swarm is over.
        longest_days: a swarm that goes on for longer is closed (days).
        judged_accounts: newcomers who are looked at, the first ones.
    What marks it:
        elsewhere_days: what an account posted on other pages counts for so long (days).
        least, mark_share: newcomers who must bear a mark, and their share (0..1).
        rival_share, rival_ratio: share of them (0..1) who must post on one other page, and that share as a multiple of
            what is usual.
        rival_part: what part they must be of that page's own visitors (0..1): a popular page is nothing in common.
        mark_surprise: -log10 of the probability of so many by what is usual for the page's visitors, at least.
        cohort_days: length in days of the stretch of creation dates that is looked for.
        empty_followers: followers up to which a profile is empty.
        company_accounts, company_share: newcomers whom another alert lists, at least, and their share (0..1).
        company_days: days after a swarm within which another alert must have come to its end to count for good.
        error_accounts: newcomers from which a swarm with two strong marks is of severity error.
    What is said again:
        growth: an open alert is said again when its newcomers have grown by this factor.
    """

    window_minutes: int = 180
    memory_days: float = 30.0
    history_hours: float = 20.0
    accounts: int = 12
    ratio: float = 1.25
    calm_hours: float = 6.0
    longest_days: float = 3.0
    judged_accounts: int = 500
    elsewhere_days: float = 3.0
    least: int = 8
    mark_share: float = 0.25
    rival_share: float = 0.4
    rival_ratio: float = 2.0
    rival_part: float = 0.03
    mark_surprise: float = 6.0
    cohort_days: float = 21.0
    empty_followers: int = 10
    company_accounts: int = 5
    company_share: float = 0.25
    company_days: float = 7.0
    error_accounts: int = 30
    growth: float = 1.2


class FakeFanParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fake accounts among the most active fans of a page (`pipeline.detect.top_fans`).

    Who is looked at:
        window_days: for how long what fans post counts (days).
        step_hours: how often a page is judged (hours of UTC; divides a day).
        fans: accounts that are looked at, those that posted most.
        posts: posts in the window that make a fan, at least.
        days: different UTC days on which a fan posted, at least.
        pool: accounts of a page that are remembered, those that posted most.
    What marks an account, two marks make it look fake:
        cohort_days: length in days of the stretch of creation dates that is looked for.
        cohort_accounts, cohort_share: fans created within it, at least, and their share (0..1).
        young_days: age in days up to which an account is young; counts as the same mark as the cohort.
        empty_followers: followers up to which a profile is empty.
        stem_accounts: fans whose names differ in their number only, at least.
        copied_share: share of an account's posts (0..1) whose text another fan used.
        slot_minutes: two posts in the same interval of this length are at the same time (minutes; divides an hour).
        step_slots: intervals that two fans share, at least.
        step_surprise: -log10 of the probability of so many by how busy both and the intervals are, at least.
        step_partners: fans with whom one must be in step.
    When a page is told:
        fakes, share: accounts that look fake, at least, and their share (0..1) of the fans looked at.
        pages: other pages of the platform below which it is not known what is usual.
        usual_surprise: -log10 of the probability of so many by what those pages have; below it, severity info.
        error_accounts, error_share: the same from which the severity is error.
        calm_days: days on which a page is not told after which its episode is over.
        longest_days: an episode that goes on for longer is closed and another begins (days).
    What is said again:
        growth: an open alert is said again when its accounts have grown by this factor.
    """

    window_days: int = 7
    step_hours: int = 6
    fans: int = 60
    posts: int = 4
    days: int = 2
    pool: int = 2000
    cohort_days: float = 28.0
    cohort_accounts: int = 6
    cohort_share: float = 0.1
    young_days: float = 90.0
    empty_followers: int = 10
    stem_accounts: int = 4
    copied_share: float = 0.3
    slot_minutes: int = 10
    step_slots: int = 3
    step_surprise: float = 4.0
    step_partners: int = 4
    fakes: int = 6
    share: float = 0.1
    pages: int = 5
    usual_surprise: float = 3.0
    error_accounts: int = 12
    error_share: float = 0.5
    calm_days: float = 1.0
    longest_days: float = 28.0
    growth: float = 1.2

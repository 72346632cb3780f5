"""Parameters of the two volume detectors. The values in force travel with each alert."""

from __future__ import annotations

import msgspec


class BurstParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bursts of posts on a target (`pipeline.detect.bursts`).

    When a target is above its usual volume:
        bucket_minutes: length of the intervals of event time in which posts are counted. Divides an hour.
        cooldown_minutes: calm after which an episode is over. A multiple of `bucket_minutes`.
        min_posts: posts in a bucket below which nothing is ever said.
        min_ratio: posts in a bucket over the expected number, at least.
        min_surprise: -log10 of the probability of so many posts under the learned rhythm, at least.
        wave_posts: posts in an hour below which no slow wave is told; for the rest an hour is judged as a bucket is.
        wave_history_hours: hours since a target's first post before which no hour is judged.
        min_history_hours: hours since a target's first post before which it is not judged.
        short_history_hours: hours since then below which `min_ratio` is multiplied by `short_history_ratio`,
            and the alert says that little is known.
        short_history_ratio: factor on `min_ratio` while the history is short.
        forget_days: days of silence after which a target is forgotten.
    What the burst is made of:
        copy_accounts: different accounts (two or more) that must share a text before its posts are copies.
        new_account_days: age in days, at the moment of the post, up to which an account is new.
        heavy_posts: posts in the episode from which an account is heavy, where few accounts are a mark.
        copies_share, new_share, few_share, source_share: share of the posts (0..1) from which copies, new
            accounts, the five most active accounts, one linked domain are named as a reason.
        new_usual: share of new accounts (0..1) that a crowd of fans may have; theirs is a mark where it is higher
            beyond chance (once in a thousand, by the effective number of posts).
        few_excess: factor by which the five most active must also exceed their share in a crowd of the same
            size whose activity follows Zipf's law, as that of crowds does.
        few_accounts: number of accounts up to which an episode is the work of a few, when they make nine tenths of it.
        strong_share: share (0..1) from which a reason counts twice.
        min_known: posts with a known account creation date needed before the share of new accounts is judged.
        innocent_share: share (0..1) from which replies or native reposts explain a burst.
    What is said again:
        growth: an open alert is said again when its posts have grown by this factor.
    """

    bucket_minutes: int = 5
    cooldown_minutes: int = 30
    min_posts: int = 20
    min_ratio: float = 4.0
    min_surprise: float = 5.0
    wave_posts: int = 60
    wave_history_hours: float = 72.0
    min_history_hours: float = 1.0
    short_history_hours: float = 24.0
    short_history_ratio: float = 2.0
    forget_days: float = 30.0
    copy_accounts: int = 3
    new_account_days: float = 30.0
    heavy_posts: int = 10
    copies_share: float = 0.3
    new_share: float = 0.3
    new_usual: float = 0.15
    few_share: float = 0.5
    few_excess: float = 1.15
    source_share: float = 0.6
    few_accounts: int = 8
    strong_share: float = 0.6
    min_known: int = 20
    innocent_share: float = 0.6
    growth: float = 1.2


class AuthorParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Accounts that post at an inhuman pace (`pipeline.detect.authors`).

    When an account is looked at:
        pace_posts: posts in one UTC hour from which the pace is high.
        habit_ratio: and at least this multiple of the account's own usual busy hour.
        extreme_posts: posts in one UTC hour that no hand makes.
        quiet_posts: posts in one hour; a waking stretch that never reached it teaches nothing about habits.
        habit_half_life_days: days after which a past busy stretch, or a platform's day, weighs half.
        forget_days: days without a busy stretch after which an account's habit is forgotten, and without any post
            a platform's.
    What is usual on the platform:
        platform_share: share (0..1) of a platform's accounts whose pace counts as rare there. The pace is high from
            `pace_posts`, but neither below the posts an hour that such a share reach, nor above `platform_ratio`
            times that.
        platform_ratio: see above.
        pace_least: posts in one UTC hour below which no pace is high anywhere.
        platform_top: accounts a day that must reach what counts as usual; half as many hardly move it.
        platform_accounts: accounts a day below which a platform is not known, and `pace_posts` and
            `sleepless_hours` hold.
        platform_days: days of them below which it is not.
        even_share: share (0..1) of a platform's accounts from which regular posting is usual there.
    What is like a machine:
        sleep_hours: silent UTC hours in a row that count as a sleep and end a waking stretch.
        regular_posts: posts in the stretch before its regularity is judged.
        regular_cv: standard deviation of the times between posts over their mean, up to which they are
            regular.
        strict_cv: the same where regular posting is usual on the platform.
        clock_lock: 0 (chance) to 1 (always the same minutes of the hour), from which posts follow a clock.
        sleepless_hours: of 24 UTC hours in a row, how many with posts mean that nobody slept; more where a platform's
            accounts are awake for that long.
    What is innocent:
        ticker_share: share (0..1) of the posts with links that lead to one domain, from which it is a news
            ticker.
        ticker_links: share (0..1) of the posts that must carry links for that.
        innocent_share: share (0..1) from which replies, native reposts or a declared bot are named as an explanation.
        live_hours: length in hours up to which an irregular stretch is like somebody following an event live.
    What is said again:
        growth: an open alert is said again when its posts have grown by this factor.
    """

    pace_posts: int = 30
    habit_ratio: float = 2.0
    extreme_posts: int = 240
    quiet_posts: int = 8
    habit_half_life_days: float = 14.0
    forget_days: float = 30.0
    platform_share: float = 0.001
    platform_ratio: float = 2.0
    pace_least: int = 15
    platform_top: int = 20
    platform_accounts: int = 500
    platform_days: int = 3
    even_share: float = 0.01
    sleep_hours: int = 5
    regular_posts: int = 40
    regular_cv: float = 0.5
    strict_cv: float = 0.25
    clock_lock: float = 0.5
    sleepless_hours: int = 20
    ticker_share: float = 0.8
    ticker_links: float = 0.5
    innocent_share: float = 0.6
    live_hours: int = 8
    growth: float = 1.2

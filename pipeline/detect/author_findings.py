"""From the figures of a waking stretch, and what is usual on its platform, to a finding: how bad, why, and which
innocent explanations were checked.
"""

from __future__ import annotations

from math import log
from typing import NamedTuple

import msgspec

from pipeline.detect.author_days import LADDER, rung
from pipeline.detect.author_habits import PlatformHabit
from pipeline.detect.author_runs import Stretch
from pipeline.detect.finding import Evidence, Finding, members, reason
from pipeline.detect.parameters_volume import AuthorParameters
from schemas.alerts import Detector, Reason, Severity, Subject, alert_id
from schemas.times import HOUR, format_time

VERSION = "4"


def pace_limit(p: AuthorParameters, habit: PlatformHabit) -> float:
    """Posts an hour from which a pace is high on this platform."""
    if not habit.known:
        return float(p.pace_posts)
    wide = LADDER[rung(p.platform_ratio * habit.high)]
    limit = max(habit.high, min(p.pace_posts, wide), min(p.pace_least, p.pace_posts))
    return float(min(limit, p.extreme_posts))


def sleepless_limit(p: AuthorParameters, habit: PlatformHabit) -> int:
    """Hours of 24 with posts from which nobody slept. Nobody needs less sleep for a platform's sake, but where many
    accounts are awake for longer there are several people behind them."""
    return min(24, max(p.sleepless_hours, habit.hours + 1)) if habit.known else p.sleepless_hours


class Judged(NamedTuple):
    """A stretch, and what it is by the habits of account and platform.

    threshold: posts an hour from which the pace is high. fast: an hour was above that. extreme: an hour that no hand
    makes. fast_even: fast and evenly spaced. machine: evenly spaced and sleepless.
    """

    p: AuthorParameters
    stretch: Stretch
    habit: PlatformHabit
    threshold: float
    fast: bool
    extreme: bool
    fast_even: bool
    machine: bool

    @classmethod
    def by(cls, p: AuthorParameters, stretch: Stretch, habit: PlatformHabit) -> Judged:
        """Judges. What is so stays so while the stretch goes on, by the same habit."""
        threshold = max(pace_limit(p, habit), p.habit_ratio * stretch.usual)
        strict = habit.known and habit.even
        peak, awake = (
            (stretch.strict_peak, stretch.strict_awake) if strict else (stretch.even_peak, stretch.even_awake)
        )
        return cls(
            p,
            stretch,
            habit,
            threshold,
            stretch.peak >= threshold,
            stretch.peak >= p.extreme_posts,
            peak >= threshold,
            awake >= sleepless_limit(p, habit),
        )

    @property
    def flagged(self) -> bool:
        """There is something to say."""
        return self.fast or self.machine

    @property
    def explained(self) -> bool:
        """It is a news ticker or a declared bot."""
        return self.stretch.ticker(self.p) or self.stretch.declared(self.p)

    @property
    def severity(self) -> Severity:
        """`info` for pace alone, for tickers and declared bots, `warning` for a machine's spacing, `error` for
        that beyond any hand.

        An hour beyond any hand is a warning by itself, unless it is made of replies or native reposts: a button
        can be pressed that fast.
        """
        one = self.stretch
        if self.explained:
            return "info"
        if self.machine:
            return "error" if self.fast or self.extreme else "warning"
        if self.fast_even:
            return "error" if self.extreme else "warning"
        if self.extreme and max(one.replies, one.reposts) < self.p.innocent_share * one.posts:
            return "warning"
        return "info"

    @property
    def score(self) -> float:
        """How much it looks like a machine that hides what it is, 0..1.

        Even spacing at a pace tells most, the more the closer to a clock's: a timer scatters far less than a programme
        or a diligent person. Slow posts by day and night tell as much only where they come like a clock's. Pace alone
        tells little, however high. Next to nothing is left for what is explained.
        """
        one, p = self.stretch, self.p
        evenness = 1.0 if one.lock >= p.clock_lock else max(0.0, 1 - one.cv / p.regular_cv)
        if self.fast_even:
            score = 0.55 + 0.1 * self._above + 0.1 * self.machine + 0.25 * evenness**2
        elif self.machine:
            score = 0.15 + 0.4 * evenness**2
        else:
            score = 0.25 + 0.1 * self._above
        return round(min(score, 0.1 if self.explained else 1.0), 4)

    @property
    def _above(self) -> float:
        """How far the pace lies on the way (in factors) from what is high here, 0, to what no hand makes, 1."""
        if not self.fast or self.extreme:
            return float(self.extreme)
        return log(self.stretch.peak / self.threshold) / log(self.p.extreme_posts / self.threshold)

    def _reasons(self) -> list[Reason]:
        one, habit = self.stretch, self.habit
        said: list[Reason] = []
        if self.fast:
            said.append(
                reason(
                    "pace",
                    posts_per_hour=one.peak,
                    threshold=round(self.threshold, 1),
                    at=format_time(one.peak_hour * HOUR),
                    extreme=self.extreme,
                )
            )
        if self.machine or self.fast_even:
            said.append(
                reason("regular_spacing", cv=round(one.cv, 3), clock_lock=round(one.lock, 3), posts=one.posts)
            )
        if self.machine:
            hours = one.last - one.first + 1
            said.append(reason("sleepless", active_hours=one.active, hours=hours, last_24_hours=one.awake))
        if one.usual:
            said.append(reason("habit", posts_per_hour=round(one.usual, 1)))
        else:
            said.append(reason("habit_unknown", at_most=self._at_most))
        if habit.known:
            said.append(
                reason(
                    "platform_habit",
                    posts_per_hour=one.peak,
                    median=habit.median,
                    high=habit.high,
                    share=self.p.platform_share,
                    awake_hours=habit.hours,
                    even_spacing_usual=habit.even,
                    accounts=round(habit.accounts),
                    days=habit.days,
                )
            )
        else:
            said.append(reason("platform_unknown", accounts=round(habit.accounts), days=habit.days))
        return said

    @property
    def _at_most(self) -> float:
        """Posts an hour beyond which nothing shows that an account of which little is known usually goes."""
        return self.p.pace_posts / self.p.habit_ratio

    def _checked(self) -> list[Reason]:
        """Innocent explanations that were looked into; `holds` says whether the figures bear them out."""
        p, one = self.p, self.stretch
        hours, regular = one.last - one.first + 1, self.machine or self.fast_even or self.extreme
        return [
            reason(
                "news_ticker",
                holds=one.ticker(p),
                domain=one.domain,
                share_of_links=round(one.domain_posts / one.linked, 3) if one.linked else 0.0,
                linked=round(one.linked / one.posts, 3),
            ),
            reason("declared_bot", holds=one.declared(p), share=round(one.bots / one.posts, 3)),
            reason(
                "live_commentary",
                holds=hours <= p.live_hours and not regular,
                hours=hours,
                cv=round(one.cv, 3),
            ),
            reason(
                "conversation",
                holds=one.replies >= p.innocent_share * one.posts,
                share=round(one.replies / one.posts, 3),
            ),
            reason(
                "native_reposts",
                holds=one.reposts >= p.innocent_share * one.posts,
                share=round(one.reposts / one.posts, 3),
            ),
        ]

    def finding(self, closed: bool) -> Finding:
        """Its window is the stretch, whole UTC hours. `observed`: posts in its fullest hour."""
        one = self.stretch
        start, end = one.first * HOUR, (one.last + 1) * HOUR - 1
        return Finding(
            alert_id=alert_id("author_burst", one.platform, one.author, format_time(start)),
            kind="author_burst",
            severity=self.severity,
            score=self.score,
            subject=Subject(one.platform, one.author),
            first_seen=one.first_seen,
            last_seen=one.last_seen,
            start=start,
            end=end,
            accounts=members((one.author,)),
            posts=members(one.ids, one.posts),
            observed=float(one.peak),
            expected=round(one.usual or self._at_most, 1),
            reasons=tuple(self._reasons()),
            ruled_out=tuple(self._checked()),
            evidence=Evidence("posts", {"platform": one.platform, "author_id": one.author}, start, end),
            detector=Detector("authors", VERSION, msgspec.structs.asdict(self.p)),
            closed=closed,
        )

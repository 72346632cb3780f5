"""From the figures of a waking stretch to a finding: how bad, why, and which innocent explanations were
checked.
"""

from __future__ import annotations

import msgspec

from pipeline.detect.author_runs import Run
from pipeline.detect.finding import Evidence, Finding, members, reason
from pipeline.detect.parameters_volume import AuthorParameters
from schemas.alerts import Detector, Members, Reason, Severity, Subject, alert_id
from schemas.times import HOUR, format_time

VERSION = "3"


def flagged(run: Run) -> bool:
    """There is something to say."""
    return run.fast or run.machine


def _ticker(p: AuthorParameters, run: Run) -> bool:
    """Nearly all links lead to one place, links are most of what it posts, and the posts are its own."""
    return (
        run.posts >= p.pace_posts
        and run.reposts < p.innocent_share * run.posts
        and run.linked >= p.ticker_links * run.posts
        and run.source()[1] >= p.ticker_share * run.linked
    )


def _declared(p: AuthorParameters, run: Run) -> bool:
    """It makes no secret of being a bot: nobody is deceived by its pace."""
    return run.bots >= p.innocent_share * run.posts


def rate(p: AuthorParameters, run: Run) -> Severity:
    """`info` for pace alone, for tickers and declared bots, `warning` for a machine's spacing, `error` for
    that beyond any hand.

    An hour beyond any hand is a warning by itself, unless it is made of replies or native reposts: a button
    can be pressed that fast.
    """
    if _ticker(p, run) or _declared(p, run):
        return "info"
    if run.machine:
        return "error" if run.fast or run.extreme else "warning"
    if run.fast_regular:
        return "error" if run.extreme else "warning"
    if run.extreme and max(run.replies, run.reposts) < p.innocent_share * run.posts:
        return "warning"
    return "info"


def _usual(p: AuthorParameters, run: Run) -> float | None:
    """The account's usual busy hour, where it is known to lie above what any account may do."""
    return run.threshold / p.habit_ratio if run.threshold > p.pace_posts else None


def _reasons(p: AuthorParameters, run: Run) -> list[Reason]:
    said: list[Reason] = []
    if run.fast:
        said.append(
            reason(
                "pace",
                posts_per_hour=run.peak,
                threshold=round(run.threshold, 1),
                at=format_time(run.peak_hour * HOUR),
                extreme=run.extreme,
            )
        )
    if run.machine or run.fast_regular:
        said.append(
            reason("regular_spacing", cv=round(run.cv(), 3), clock_lock=round(run.lock(), 3), posts=run.posts)
        )
    if run.machine:
        hours = run.last - run.first + 1
        said.append(reason("sleepless", active_hours=run.active, hours=hours, last_24_hours=run.awake()))
    usual = _usual(p, run)
    if usual is None:
        said.append(reason("habit_unknown", at_most=p.pace_posts / p.habit_ratio))
    else:
        said.append(reason("habit", posts_per_hour=round(usual, 1)))
    return said


def _checked(p: AuthorParameters, run: Run) -> list[Reason]:
    """Innocent explanations that were looked into; `holds` says whether the figures bear them out."""
    hours, cv = run.last - run.first + 1, run.cv()
    domain, links = run.source()
    return [
        reason(
            "news_ticker",
            holds=_ticker(p, run),
            domain=domain,
            share_of_links=round(links / run.linked, 3) if run.linked else 0.0,
            linked=round(run.linked / run.posts, 3),
        ),
        reason("declared_bot", holds=_declared(p, run), share=round(run.bots / run.posts, 3)),
        reason(
            "live_commentary",
            holds=hours <= p.live_hours and not (run.machine or run.fast_regular or run.extreme),
            hours=hours,
            cv=round(cv, 3),
        ),
        reason(
            "conversation",
            holds=run.replies >= p.innocent_share * run.posts,
            share=round(run.replies / run.posts, 3),
        ),
        reason(
            "native_reposts",
            holds=run.reposts >= p.innocent_share * run.posts,
            share=round(run.reposts / run.posts, 3),
        ),
    ]


def _score(p: AuthorParameters, run: Run) -> float:
    """0.2 to 0.5 by pace; 0.3 more for even spacing, 0.2 more for no sleep; 0.3 at most for tickers and bots."""
    pace = min(1.0, run.peak / p.extreme_posts)
    score = 0.2 + 0.3 * pace + 0.3 * (run.machine or run.fast_regular) + 0.2 * run.machine
    return round(min(score, 0.3) if _ticker(p, run) or _declared(p, run) else score, 4)


def describe(p: AuthorParameters, key: tuple[str, str], run: Run, closed: bool) -> Finding:
    """The finding; its window is the stretch, whole UTC hours. `observed`: posts in its fullest hour."""
    platform, author = key
    start, end = run.first * HOUR, (run.last + 1) * HOUR - 1
    usual = _usual(p, run)
    return Finding(
        alert_id=alert_id("author_burst", platform, author, format_time(start)),
        kind="author_burst",
        severity=rate(p, run),
        score=_score(p, run),
        subject=Subject(platform, author),
        first_seen=run.first_seen,
        last_seen=run.last_seen,
        start=start,
        end=end,
        accounts=Members(1, (author,)),
        posts=members(run.first_posts(), run.posts),
        observed=float(run.peak),
        expected=round(p.pace_posts / p.habit_ratio if usual is None else usual, 1),
        reasons=tuple(_reasons(p, run)),
        ruled_out=tuple(_checked(p, run)),
        evidence=Evidence("posts", {"platform": platform, "author_id": author}, start, end),
        detector=Detector("authors", VERSION, msgspec.structs.asdict(p)),
        closed=closed,
    )

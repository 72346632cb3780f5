"""From a swarm to a finding: what marks it as staged, and which innocent explanations were checked.

Without a mark a swarm is nobody's business: many people came. The last word is `pipeline.detect.pile_ons`'s, which
knows the other alerts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from pipeline.detect.finding import Evidence, Finding, members, reason
from pipeline.detect.odds import binomial_surprise, densest
from pipeline.detect.parameters_pages import PileOnParameters
from pipeline.detect.swarms import PANE, Habit, Swarm, Visitor
from schemas.alerts import MAX_IDS, Detector, Reason, Severity, Subject, alert_id
from schemas.times import DAY, Micros, format_time

NAME = "pile_on"
VERSION = "1"
WEIGHTS = {"common_other_page": 2, "members_of_alerts": 2, "created_together": 2, "empty_profiles": 1}
"""Marks of staging and what they weigh: 2 is enough for a warning."""
_PRIOR = 20.0
"""Visits that a page is taken to have had beside those that were seen, one of them on any other page."""
_RIVALS = 5
_YOUNG: Micros = 60 * DAY
_INNOCENT = 0.6


def rate(p: PileOnParameters, reasons: Sequence[Reason], accounts: int) -> tuple[Severity, float]:
    """Severity, and the detector's own figure (0..1)."""
    points = [WEIGHTS[code] for code in dict.fromkeys(one.code for one in reasons) if code in WEIGHTS]
    total = sum(points)
    figure = round((1 - 0.5 ** (accounts / p.accounts)) * (1 - 0.5**total), 4)
    if total < 2:
        return "info", figure
    strong = sum(point == 2 for point in points)
    return ("error" if strong >= 2 and accounts >= p.error_accounts else "warning"), figure


def marked(p: PileOnParameters, count: int, of: int, usual: float) -> bool:
    """So many of so many are a mark where this share is usual."""
    return count >= max(p.least, p.mark_share * of) and binomial_surprise(count, of, usual) >= p.mark_surprise


def _usual(habit: float, visits: float) -> float:
    return (habit + 1) / (visits + _PRIOR)


def _ids(visitors: Iterable[Visitor]) -> list[str]:
    return [visitor.account for visitor in visitors][:MAX_IDS]


def _rivals(p: PileOnParameters, habit: Habit, visitors: Sequence[Visitor]) -> list[Reason]:
    """Pages on which surprisingly many post by what is usual here; whether that is so on other pages too at the time is
    known where partitions meet."""
    pages = Counter(page for visitor in visitors for page in visitor.others)
    said = []
    for page, count in sorted(pages.items(), key=lambda item: (-item[1], item[0]))[:_RIVALS]:
        usual, share = _usual(habit.elsewhere.get(page, 0.0), habit.visits), count / len(visitors)
        if share >= p.rival_share and marked(p, count, len(visitors), usual):
            ids = _ids(visitor for visitor in visitors if page in visitor.others)
            said.append(
                reason(
                    "common_other_page",
                    page=page,
                    accounts=count,
                    share=round(share, 3),
                    usual=round(usual, 3),
                    account_ids=ids,
                )
            )
    return said


def _cohort(p: PileOnParameters, habit: Habit, visitors: Sequence[Visitor]) -> tuple[Reason | None, Reason]:
    dated = [visitor for visitor in visitors if visitor.created is not None]
    width = round(p.cohort_days * DAY)
    start, count = densest([visitor.created or 0 for visitor in dated], width)
    share = count / len(dated) if dated else 0.0
    # Every page has young visitors, and they were created lately, together.
    recent = start >= visitors[0].at - _YOUNG - width
    usual = max(_usual(habit.young, habit.dated) if recent else 0.0, 1 / _PRIOR)
    found = marked(p, count, len(dated), usual)
    checked = reason("varied_ages", holds=not found, share=round(share, 3), known=len(dated))
    if not found:
        return None, checked
    said = reason(
        "created_together",
        accounts=count,
        share=round(share, 3),
        start=format_time(start),
        end=format_time(start + width),
        usual=round(usual, 3),
        account_ids=_ids(one for one in dated if start <= (one.created or 0) < start + width),
    )
    return said, checked


def _empty(p: PileOnParameters, habit: Habit, visitors: Sequence[Visitor]) -> tuple[Reason | None, Reason]:
    known = [visitor.followers for visitor in visitors if visitor.followers is not None]
    count = sum(followers <= p.empty_followers for followers in known)
    share, usual = count / len(known) if known else 0.0, _usual(habit.empty, habit.profiles)
    found = marked(p, count, len(known), usual)
    checked = reason("established_profiles", holds=not found, share=round(share, 3), known=len(known))
    if not found:
        return None, checked
    return reason("empty_profiles", accounts=count, share=round(share, 3), usual=round(usual, 3)), checked


def describe(p: PileOnParameters, key: tuple[str, str], swarm: Swarm, habit: Habit, closed: bool) -> Finding:
    """The finding; severity info where nothing marks it. Shares are of the newcomers who are looked at."""
    platform, target = key
    visitors = swarm.visitors()
    posts = sorted(post for visitor in visitors for post in visitor.posts)
    start = swarm.start * PANE
    marks: list[Reason] = _rivals(p, habit, visitors)
    checked: list[Reason] = []
    for judge in (_cohort, _empty):
        mark, check = judge(p, habit, visitors)
        checked.append(check)
        if mark is not None:
            marks.append(mark)
    replies = sum(visitor.replies for visitor in visitors) / len(posts)
    others = max(0.0, 1 - len(posts) / max(swarm.posts, len(posts)))
    checked.append(reason("conversation", holds=replies >= _INNOCENT, share=round(replies, 3)))
    checked.append(reason("regulars", holds=others >= _INNOCENT, share=round(others, 3)))
    came = reason(
        "newcomers",
        accounts=swarm.newcomers,
        usual=round(swarm.usual, 1),
        minutes=p.window_minutes,
        days=p.memory_days,
    )
    reasons = (came, *marks)
    severity, figure = rate(p, reasons, len(visitors))
    accounts = [visitor.account for visitor in visitors]
    return Finding(
        alert_id=alert_id(NAME, platform, target, format_time(start)),
        kind="pile_on",
        severity=severity,
        score=figure,
        subject=Subject(platform, target),
        first_seen=posts[0][0],
        last_seen=posts[-1][0],
        start=start,
        end=posts[-1][0],
        accounts=members(accounts),
        posts=members(name for _, name in posts),
        observed=float(swarm.newcomers),
        expected=round(swarm.usual, 2),
        reasons=reasons,
        ruled_out=tuple(checked),
        evidence=Evidence(
            "posts", {"platform": platform, "target": target}, start, posts[-1][0], accounts=tuple(accounts)
        ),
        detector=Detector(NAME, VERSION, msgspec.structs.asdict(p)),
        closed=closed,
    )

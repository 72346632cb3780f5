"""From the figures of a burst to a finding: how bad, why, and which innocent explanations were checked."""

from __future__ import annotations

from collections.abc import Sequence
from math import log

import msgspec

from pipeline.detect.finding import Evidence, Finding, members, reason
from pipeline.detect.novelty import novelty_score
from pipeline.detect.parameters_volume import BurstParameters
from pipeline.detect.series import Expectation, surprise
from pipeline.detect.volume_tally import Course, Makeup, Tally, wilson
from pipeline.detect.waves import Wave
from schemas.alerts import Detector, Reason, Severity, Subject, alert_id
from schemas.times import DAY, HOUR, MINUTE, format_time

VERSION = "4"

_CHANCE = 3.09
"""Standard deviations that chance exceeds once in a thousand times, as thousands of bursts are looked at."""


def _few(p: BurstParameters, m: Makeup) -> bool:
    """A handful of accounts and some bystanders, or more of which five do more than five of a crowd do."""
    if m.core <= p.few_accounts:
        return True
    crowd = sum(1 / rank for rank in range(1, 6)) / (log(m.accounts) + 0.5772)  # harmonic numbers: Zipf's law
    return m.top5 >= max(p.few_share, p.few_excess * crowd)


def _fresh(p: BurstParameters, m: Makeup) -> bool:
    """More new accounts than a crowd has, beyond what chance makes of few posts."""
    if m.known < p.min_known or m.new < p.new_share:
        return False
    judged = m.effective * m.known / m.posts
    return wilson(m.new * judged, judged, _CHANCE)[0] >= p.new_usual


def _points(p: BurstParameters, m: Makeup) -> dict[str, int]:
    """The marks of staging, each with its weight: 1, or 2 when it is strong."""
    points: dict[str, int] = {}
    if m.posts < p.min_posts:
        return points  # the first minutes of a slow wave: too few posts to say who makes it
    if m.copies >= p.copies_share:
        points["copies"] = 2 if m.copies >= p.strong_share else 1
    if _fresh(p, m):
        points["new_accounts"] = 2 if m.new >= p.strong_share else 1
    if _few(p, m):
        points["few_accounts"] = 2 if m.top5 >= p.strong_share else 1
    if m.source >= p.source_share:
        points["one_source"] = 0  # many people pass on one article: telling only beside other marks
    return points


def organic(p: BurstParameters, m: Makeup) -> float:
    """Share of the posts without a mark: no copy, no new account, no heavy one where few accounts are a mark.

    An upper estimate: what bears no mark may still be staged.
    """
    return 1 - (m.suspect if _few(p, m) else m.marked)


def rate(p: BurstParameters, m: Makeup) -> Severity:
    """`info` for a wave without a mark, `warning` for one mark, `error` for several of which one is strong.

    A few people in a conversation are a conversation; a wave of native reposts has few voices by nature, but
    not five. There the number of accounts is told, and raises nothing.
    """
    points = _points(p, m)
    points.pop("one_source", None)
    passed_on = m.reposts if m.top5 < p.strong_share else 0.0
    if points.keys() == {"few_accounts"} and max(m.replies, passed_on) >= p.innocent_share:
        return "info"
    if not points:
        return "info"
    return "error" if len(points) >= 2 and max(points.values()) == 2 else "warning"


def _reasons(
    p: BurstParameters,
    m: Makeup,
    exceeded: Sequence[tuple[int, int, Expectation]],
    waves: Sequence[tuple[int, Wave]],
    expected: float,
    novelty: float,
) -> list[Reason]:
    width = p.bucket_minutes * MINUTE
    peak, peak_posts, peak_usual = max(exceeded, key=lambda bucket: (bucket[1], -bucket[0]))
    said = [
        reason(
            "volume_above_baseline",
            observed=m.posts,
            expected=round(expected, 2),
            ratio=round(m.posts / max(expected, 0.01), 1),
            peak_posts=peak_posts,
            peak_expected=round(peak_usual.mean, 2),
            peak_at=format_time(peak * width),
            surprise=round(surprise(peak_posts, peak_usual), 1),
            novelty=round(novelty_score(novelty), 4),
        )
    ]
    if waves:
        end, wave = max(waves, key=lambda item: (item[1].posts, -item[0]))
        said.append(
            reason(
                "sustained",
                posts=round(wave.posts),
                expected=round(wave.expected, 2),
                ratio=round(wave.posts / max(wave.expected, 0.01), 1),
                until=format_time((end + 1) * width),
            )
        )
    hours = min(usual.history_buckets for *_, usual in exceeded) * width / HOUR
    if hours < p.short_history_hours:
        said.append(reason("history_short", hours=round(hours, 1)))
    points = _points(p, m)
    if "copies" in points:
        said.append(reason("copies", share=round(m.copies, 3), accounts=p.copy_accounts))
    if "new_accounts" in points:
        said.append(reason("new_accounts", share=round(m.new, 3), known=m.known, days=p.new_account_days))
    if "few_accounts" in points:
        said.append(
            reason(
                "few_accounts", accounts=m.accounts, top5=round(m.top5, 3), top_tenth=round(m.top_tenth, 3)
            )
        )
    if "one_source" in points:
        said.append(reason("one_source", domain=m.domain, share=round(m.source, 3)))
    share = organic(p, m)
    low, high = wilson(share * m.effective, m.effective)
    said.append(
        reason(
            "organic_share",
            share=round(share, 3),
            low=round(low, 3),
            high=round(high, 3),
            known_ages=m.known,
            effective_posts=round(m.effective, 1),
        )
    )
    return said


def _course(course: Course) -> list[Reason]:
    """Who started, who carried, and how much of it bears a mark, hour by hour."""
    return [
        reason(
            "course",
            start=format_time(course.start),
            hours=course.hours,
            posts=list(course.posts),
            marked=list(course.marked),
        ),
        reason("started", account_ids=list(course.started)),
        reason(
            "carried",
            account_ids=[who for who, _ in course.carried],
            posts=[posts for _, posts in course.carried],
        ),
    ]


def _checked(p: BurstParameters, m: Makeup, usual: Expectation) -> list[Reason]:
    """Innocent explanations that were looked into; `holds` says whether the figures bear them out."""
    checked = [
        reason(
            "many_distinct_accounts",
            holds=not _few(p, m),
            accounts=m.accounts,
            posts_per_account=round(m.posts / m.accounts, 2),
            top5=round(m.top5, 3),
        ),
        reason("own_words", holds=m.copies < p.copies_share, copies=round(m.copies, 3)),
        reason("varied_sources", holds=m.source < p.source_share, domain=m.domain, share=round(m.source, 3)),
        reason("native_reposts", holds=m.reposts >= p.innocent_share, share=round(m.reposts, 3)),
        reason("conversation", holds=m.replies >= p.innocent_share, share=round(m.replies, 3)),
    ]
    days = usual.history_buckets * p.bucket_minutes * MINUTE / DAY
    if days >= 2:  # below that no day has been seen to repeat itself
        checked.insert(
            1,
            reason(
                "known_rhythm",
                holds=False,  # else the bucket would not be above its threshold
                expected_at_this_hour=round(usual.mean, 2),
                level=round(usual.level, 2),
                days=round(days, 1),
                weekly=days >= 14,
            ),
        )
    if m.known >= p.min_known:
        checked.append(
            reason("established_accounts", holds=not _fresh(p, m), new_share=round(m.new, 3), known=m.known)
        )
    return checked


def describe(
    p: BurstParameters,
    key: tuple[str, str],
    exceeded: Sequence[tuple[int, int, Expectation]],
    waves: Sequence[tuple[int, Wave]],
    tally: Tally,
    m: Makeup,
    novelty: float,
    closed: bool,
) -> Finding:
    """The finding. `exceeded`: bucket number, posts and expectation of the buckets above threshold, in
    order. `waves`: slow waves among them, each with the bucket that its hour ends with. `novelty`: the largest
    of the episode (`pipeline.detect.novelty`).
    """
    platform, target = key
    width = p.bucket_minutes * MINUTE
    start, end = exceeded[0][0] * width, (exceeded[-1][0] + 1) * width
    mean = sum(usual.mean for *_, usual in exceeded) / len(exceeded)
    expected = mean * (end - start) / width
    severity = rate(p, m)
    staged = 0.0 if severity == "info" else 1 - organic(p, m)
    course = tally.course()
    return Finding(
        alert_id=alert_id("burst", platform, target, format_time(start)),
        kind="burst",
        severity=severity,
        score=round(0.4 * novelty_score(novelty) + 0.6 * staged, 4),
        subject=Subject(platform, target),
        first_seen=tally.first_seen,
        last_seen=tally.last_seen,
        start=start,
        end=end - 1,
        accounts=members(tally.first_accounts(), m.accounts),
        posts=members(tally.first_posts(), m.posts),
        observed=float(m.posts),
        expected=round(expected, 2),
        reasons=(*_reasons(p, m, exceeded, waves, expected, novelty), *_course(course)),
        ruled_out=tuple(_checked(p, m, exceeded[0][2])),
        evidence=Evidence("posts", {"platform": platform, "target": target}, start, end - 1),
        detector=Detector("bursts", VERSION, msgspec.structs.asdict(p)),
        closed=closed,
        company=course.marked_accounts,
    )

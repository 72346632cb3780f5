"""From the figures of a page's most active fans to a finding."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import msgspec

from pipeline.detect.finding import Evidence, Finding, members, reason
from pipeline.detect.odds import binomial_surprise
from pipeline.detect.parameters_pages import FakeFanParameters
from pipeline.detect.top_fans import Bench
from schemas.alerts import Detector, Reason, Subject, alert_id
from schemas.times import DAY, Micros, format_time

NAME = "fake_fans"
VERSION = "1"
_EVEN = 0.3
"""Standard deviation over mean up to which numbers of posts are nearly the same."""


def _reasons(p: FakeFanParameters, bench: Bench) -> list[Reason]:
    suspects, marks = len(bench.suspects), bench.marks
    said = [
        reason(
            "fans_that_look_fake",
            accounts=suspects,
            fans=bench.fans,
            share=round(suspects / bench.fans, 3),
            days=p.window_days,
        ),
        reason(
            "concentration",
            top_share=round(bench.top_share, 3),
            gini=round(bench.gini, 3),
            accounts=bench.accounts,
            posts=bench.total,
        ),
    ]
    if marks["age"]:
        count, start = bench.cohort
        end = start + round(p.cohort_days * DAY)
        together = count >= max(p.cohort_accounts, p.cohort_share * bench.known_ages)
        said.append(
            reason(
                "created_together",
                accounts=marks["age"],
                cohort=count,
                start=format_time(start),
                end=format_time(end),
                known=bench.known_ages,
            )
            if together
            else reason("young_accounts", accounts=marks["age"], days=p.young_days)
        )
    if marks["profile"]:
        said.append(reason("empty_profiles", accounts=marks["profile"], known=bench.known_profiles))
    if marks["name"]:
        said.append(reason("sequential_names", accounts=marks["name"]))
    if marks["words"]:
        said.append(reason("same_words", accounts=marks["words"]))
    if marks["step"]:
        said.append(reason("lock_step", accounts=marks["step"], minutes=p.slot_minutes))
    if bench.even <= _EVEN:
        said.append(reason("even_activity", spread=round(bench.even, 3)))
    return said


def describe(
    p: FakeFanParameters, key: tuple[str, str], first: Micros, bench: Bench, closed: bool
) -> Finding:
    """The finding of an episode whose first step ended at `first`; severity and comparison are `compared`'s."""
    platform, target = key
    start, end = bench.end - p.window_days * DAY, bench.end - 1
    accounts = tuple(one.account for one in bench.suspects)
    marks = bench.marks
    return Finding(
        alert_id=alert_id(NAME, platform, target, format_time(first)),
        kind="fake_fans",
        severity="info",
        score=round(
            (1 - 0.5 ** (len(accounts) / p.fakes)) * min(1.0, sum(marks.values()) / len(accounts) / 3), 4
        ),
        subject=Subject(platform, target),
        first_seen=bench.posts[0][0],
        last_seen=bench.posts[-1][0],
        start=start,
        end=end,
        accounts=members(accounts),
        posts=members(name for _, name in bench.posts),
        observed=float(len(accounts)),
        expected=0.0,
        reasons=tuple(_reasons(p, bench)),
        ruled_out=(
            reason("varied_ages", holds=not marks["age"], accounts=marks["age"]),
            reason("established_profiles", holds=not marks["profile"], accounts=marks["profile"]),
            reason("own_words", holds=not marks["words"], accounts=marks["words"]),
            reason("own_hours", holds=not marks["step"], accounts=marks["step"]),
        ),
        evidence=Evidence("posts", {"platform": platform, "target": target}, start, end, accounts=accounts),
        detector=Detector(NAME, VERSION, msgspec.structs.asdict(p)),
        closed=closed,
    )


def compared(p: FakeFanParameters, finding: Finding, others: Sequence[tuple[int, int]]) -> Finding:
    """The finding as it stands beside comparable pages. others: for each of them its fans who were looked at, and how
    many of those look fake. The median page says what is usual: another workshop on one of them changes nothing."""
    said = finding.reasons[0].values
    if len(others) < p.pages:
        check = reason("comparable_pages_unknown", pages=len(others))
        usual, unusual = 0.0, True
    else:
        share = median((suspects + 0.5) / (fans + 1) for fans, suspects in others)
        usual = share * said["fans"]
        unusual = binomial_surprise(said["accounts"], said["fans"], share) >= p.usual_surprise
        check = reason(
            "comparable_pages",
            holds=not unusual,
            pages=len(others),
            share=round(share, 3),
            fans=sum(fans for fans, _ in others),
        )
    severe = said["accounts"] >= p.error_accounts and said["share"] >= p.error_share
    return msgspec.structs.replace(
        finding,
        severity=("error" if severe else "warning") if unusual else "info",
        score=finding.score if unusual else round(0.3 * finding.score, 4),
        expected=round(usual, 2),
        ruled_out=(*finding.ruled_out, check),
    )

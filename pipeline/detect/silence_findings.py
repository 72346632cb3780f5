"""From a source's quiet hours to a finding."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from pipeline.detect.finding import Evidence, Finding, reason
from pipeline.detect.parameters_silence import SilenceParameters
from schemas.alerts import Detector, Members, Subject, alert_id
from schemas.times import HOUR, Micros, format_time

VERSION = "2"


class Quiet(NamedTuple):
    """A quiet stretch. key: `SourceKey`; posts are records where it is about fans. first, last: its hours since 1970.
    posts, usual: how many came and how many should have. figure: the surprise. before: the last post before it. back:
    the first one after it, if any came. gone: the source is given up. others_posts, others_usual: of all other sources
    that are known, in these hours; others: how many these are."""

    key: tuple[str, str]
    first: int
    last: int
    posts: int
    usual: float
    figure: float
    before: Micros
    back: Micros | None
    gone: bool
    closed: bool
    others_posts: int
    others_usual: float
    others: int


def describe(quiet: Quiet, p: SilenceParameters) -> Finding:
    """Of posts, as it stands."""
    platform, source = quiet.key
    finding = _described(quiet, p, "posts", "last_post", "posts")
    return msgspec.structs.replace(
        finding,
        alert_id=alert_id("source_silent", platform, source, quiet.first),
        # without a connector's name it may be a file, or what many have collected: nobody's fault can be told from it
        severity=finding.severity if source else "info",
        subject=Subject(platform, source or platform),
        posts=Members(quiet.posts),
        evidence=msgspec.structs.replace(finding.evidence, equal={"platform": platform, "source": source}),
    )


def describe_fans(quiet: Quiet, p: SilenceParameters) -> Finding:
    """Of fan records, as it stands; the source's name is that of their table, and the subject's id as well."""
    return _described(quiet, p, "records", "last_record", quiet.key[1])


def _described(quiet: Quiet, p: SilenceParameters, unit: str, before: str, table: str) -> Finding:
    """`unit` and `before` name what is counted, and the last one; `table` is where it lies."""
    platform, name = quiet.key
    start, end = quiet.first * HOUR, (quiet.last + 1) * HOUR - 1
    hours = quiet.last - quiet.first + 1
    figures = {unit: quiet.posts, "expected": round(quiet.usual, 1), "surprise": round(quiet.figure, 2)}
    reasons = [reason("silence", hours=hours, **figures, **{before: format_time(quiet.before)})]
    if quiet.back is not None:
        reasons.append(reason("back", at=format_time(quiet.back)))
    if quiet.gone:
        reasons.append(reason("given_up", days=p.forget_days))
    whole = quiet.others > 0 and quiet.others_posts <= p.quiet_share * quiet.others_usual
    others = {unit: quiet.others_posts, "expected": round(quiet.others_usual, 1)}
    return Finding(
        # a connector may have any name: what is about no posts says so
        alert_id=alert_id("source_silent", platform, "", name, quiet.first),
        kind="source_silent",
        severity="error" if hours >= p.error_hours else "warning",
        score=round(quiet.figure / (quiet.figure + p.surprise), 4),
        subject=Subject(platform, name),
        first_seen=start,
        last_seen=end,
        start=start,
        end=end,
        accounts=Members(0),
        posts=Members(0),
        observed=float(quiet.posts),
        expected=round(quiet.usual, 1),
        reasons=tuple(reasons),
        ruled_out=(
            reason("known_rhythm", holds=False, expected=round(quiet.usual, 1), hours=hours),
            reason("whole_stream", holds=whole, sources=quiet.others, **others),
        ),
        evidence=Evidence(table, {"platform": platform}, start, end),
        detector=Detector("source_silence", VERSION, msgspec.to_builtins(p)),
        closed=quiet.closed,
    )

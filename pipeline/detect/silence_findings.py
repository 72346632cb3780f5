"""From a source's quiet hours to a finding."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from pipeline.detect.finding import Evidence, Finding, reason
from pipeline.detect.parameters_silence import SilenceParameters
from schemas.alerts import Detector, Members, Subject, alert_id
from schemas.times import HOUR, Micros, format_time

VERSION = "1"


class Quiet(NamedTuple):
    """A quiet stretch. key: platform and connector. first, last: its hours since 1970. posts, usual: how many came
    and how many should have. figure: the surprise. before: the last post before it. back: the first one after it, if
    any came.
    gone: the source is given up. others_posts, others_usual: of all other sources that are known, in these hours;
    others: how many these are."""

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
    """As it stands."""
    platform, source = quiet.key
    start, end = quiet.first * HOUR, (quiet.last + 1) * HOUR - 1
    hours = quiet.last - quiet.first + 1
    reasons = [
        reason(
            "silence",
            hours=hours,
            posts=quiet.posts,
            expected=round(quiet.usual, 1),
            surprise=round(quiet.figure, 2),
            last_post=format_time(quiet.before),
        )
    ]
    if quiet.back is not None:
        reasons.append(reason("back", at=format_time(quiet.back)))
    if quiet.gone:
        reasons.append(reason("given_up", days=p.forget_days))
    whole = quiet.others > 0 and quiet.others_posts <= p.quiet_share * quiet.others_usual
    ruled_out = (
        reason("known_rhythm", holds=False, expected=round(quiet.usual, 1), hours=hours),
        reason(
            "whole_stream",
            holds=whole,
            sources=quiet.others,
            posts=quiet.others_posts,
            expected=round(quiet.others_usual, 1),
        ),
    )
    return Finding(
        alert_id=alert_id("source_silent", platform, source, quiet.first),
        kind="source_silent",
        # without a connector's name it may be a file, or what many have collected: nobody's fault can be told from it
        severity="info" if not source else "error" if hours >= p.error_hours else "warning",
        score=round(quiet.figure / (quiet.figure + p.surprise), 4),
        subject=Subject(platform, source or platform),
        first_seen=start,
        last_seen=end,
        start=start,
        end=end,
        accounts=Members(0),
        posts=Members(quiet.posts),
        observed=float(quiet.posts),
        expected=round(quiet.usual, 1),
        reasons=tuple(reasons),
        ruled_out=ruled_out,
        evidence=Evidence("posts", {"platform": platform, "source": source}, start, end),
        detector=Detector("source_silence", VERSION, msgspec.to_builtins(p)),
        closed=quiet.closed,
    )

"""From findings to words, in French and English, and to the SQL that shows the evidence."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.detect.finding import Finding
from pipeline.explain import authors, bursts, copies, fake_fans, fans, pile_ons, rings, silence
from schemas.alerts import Summary

_SUMMARIES: dict[str, Callable[[Finding], Summary]] = {
    "copy_paste": copies.summary,
    "burst": bursts.summary,
    "author_burst": authors.summary,
    "fan_spike": fans.summary,
    "coordinated_accounts": rings.summary,
    "source_silent": silence.summary,
    "fake_fans": fake_fans.summary,
    "pile_on": pile_ons.summary,
}


def summary(finding: Finding) -> Summary:
    """The paragraph for people."""
    return _SUMMARIES[finding.kind](finding)

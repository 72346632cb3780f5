"""What a rise of fans is put down to: one word, from what the finding itself says. It is what the figures are
consistent with, never more."""

from __future__ import annotations

import msgspec

from pipeline.detect.finding import Finding, reason

_BY_REASON = (
    ("same_accounts_elsewhere", "bought"),
    ("arrival_even", "advertised"),
    ("arrival_fades", "viral"),
)
"""The first of these reasons that a finding has decides; who came decides before how they came."""


def cause(finding: Finding) -> str:
    """bought, advertised, viral, or unknown. Where nobody knows who came, and where
    varied accounts came in no shape that tells, it is unknown."""
    codes = {one.code for one in finding.reasons}
    for code, word in _BY_REASON:
        if code in codes:
            return word
    known = "who_came_unknown" not in codes and "varied_accounts" not in codes
    return "bought" if known else "unknown"


def attributed(finding: Finding) -> Finding:
    """The finding with its cause. A move of the whole platform says itself what it is."""
    if finding.reasons[0].code in ("platform_wide_loss", "platform_wide_gain"):
        return finding
    return msgspec.structs.replace(
        finding, reasons=(*finding.reasons, reason("attribution", cause=cause(finding)))
    )

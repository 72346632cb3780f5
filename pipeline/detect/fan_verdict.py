"""What a rise of fans is put down to: one word, from what the finding itself says. It is what the figures are
consistent with, never more."""

from __future__ import annotations

import msgspec

from pipeline.detect.fan_causes import ANSWERED, BURST, GIVEAWAY
from pipeline.detect.finding import Finding, reason

_EXPLAINED = frozenset({ANSWERED, BURST})


def cause(finding: Finding) -> str:
    """bought, giveaway, advertised, viral, or unknown. Who came decides first; then what the page itself announced;
    then how they came; then what was posted meanwhile. Where nobody knows who came, only a rise that dies away is put
    down to a post: one that stops dead, as deliveries do, stays unknown, whatever was posted."""
    codes = {one.code for one in finding.reasons}
    unseen, varied = "who_came_unknown" in codes, "varied_accounts" in codes
    if "same_accounts_elsewhere" in codes or not (unseen or varied):
        return "bought"
    attention = varied or "gradual_decay" in codes
    if GIVEAWAY in codes and attention:
        return "giveaway"
    if "arrival_even" in codes:
        return "advertised"
    if "arrival_fades" in codes or (attention and codes & _EXPLAINED):
        return "viral"
    return "unknown"


def attributed(finding: Finding) -> Finding:
    """The finding with its cause. A move of the whole platform says itself what it is."""
    if finding.reasons[0].code in ("platform_wide_loss", "platform_wide_gain"):
        return finding
    return msgspec.structs.replace(
        finding, reasons=(*finding.reasons, reason("attribution", cause=cause(finding)))
    )

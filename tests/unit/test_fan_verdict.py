"""What a rise of fans is put down to."""

from __future__ import annotations

import pytest

from pipeline.detect.fan_verdict import attributed, cause
from pipeline.detect.finding import reason
from tests.unit.test_fan_explain import _finding


@pytest.mark.parametrize(
    ("codes", "word"),
    [
        (["growth_above_baseline", "empty_profiles"], "bought"),
        (["growth_above_baseline", "varied_accounts", "same_accounts_elsewhere"], "bought"),
        (["growth_above_baseline", "varied_accounts", "arrival_even"], "advertised"),
        (["growth_above_baseline", "varied_accounts", "arrival_fades"], "viral"),
        (["growth_above_baseline", "varied_accounts"], "unknown"),
        (["growth_above_baseline", "sharp_step", "who_came_unknown"], "unknown"),
        (["growth_above_baseline", "varied_accounts", "giveaway_post"], "giveaway"),
        (["growth_above_baseline", "varied_accounts", "arrival_even", "giveaway_post"], "giveaway"),
        (["growth_above_baseline", "varied_accounts", "arrival_even", "answered_post"], "advertised"),
        (["growth_above_baseline", "varied_accounts", "answered_post"], "viral"),
        (["growth_above_baseline", "varied_accounts", "burst_meanwhile"], "viral"),
        (["growth_above_baseline", "gradual_decay", "who_came_unknown", "giveaway_post"], "giveaway"),
        (["growth_above_baseline", "gradual_decay", "who_came_unknown", "burst_meanwhile"], "viral"),
        (["growth_above_baseline", "gradual_decay", "who_came_unknown"], "unknown"),
        (["growth_above_baseline", "sharp_step", "who_came_unknown", "giveaway_post"], "unknown"),
        (["growth_above_baseline", "sharp_step", "who_came_unknown", "burst_meanwhile"], "unknown"),
        (["growth_above_baseline", "empty_profiles", "giveaway_post"], "bought"),
        (["growth_above_baseline", "varied_accounts", "same_accounts_elsewhere", "giveaway_post"], "bought"),
    ],
)
def test_cause(codes: list[str], word: str) -> None:
    """Who came decides before how they came; nobody saw them, nobody knows."""
    finding = _finding(*(reason(code) for code in codes))
    assert cause(finding) == word
    assert attributed(finding).reasons == (*finding.reasons, reason("attribution", cause=word))


def test_a_purge_is_its_own_word() -> None:
    """The platform did it; nothing is added."""
    finding = _finding(reason("platform_wide_loss"), reason("partly_undone"))
    assert attributed(finding) == finding

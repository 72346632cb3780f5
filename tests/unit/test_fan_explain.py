"""The words of a fan spike say what is known, and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.detect.finding import Evidence, Finding, reason
from pipeline.explain.fans import summary
from schemas.alerts import Detector, Members, Reason, Subject
from schemas.times import DAY, parse_time

START = parse_time("2024-03-01T09:00:00Z")


def _finding(*reasons: Reason, **changes: Any) -> Finding:
    fields: dict[str, Any] = {
        "alert_id": "fan_spike-1",
        "kind": "fan_spike",
        "severity": "warning",
        "score": 0.9,
        "subject": Subject("x", "42", "La page"),
        "first_seen": START,
        "last_seen": START + 2 * DAY,
        "start": START,
        "end": START + 2 * DAY,
        "accounts": Members(1200),
        "posts": Members(0),
        "observed": 1500.0,
        "expected": 40.0,
        "reasons": reasons,
        "ruled_out": (),
        "evidence": Evidence("fan_counts", {"platform": "x", "page_id": "42"}, START, START + 2 * DAY),
        "detector": Detector("fan_spike", "1", {}),
    }
    return Finding(**(fields | changes))


def test_figures_are_said_in_both_languages() -> None:
    """Page, gain, usual gain and both ends of the window."""
    said = summary(_finding(reason("sharp_step", afterglow=0.01), reason("who_came_unknown")))
    assert said.fr.startswith(
        "La page La page (x) a gagné 1\u202f500 fans entre le 1er mars 2024 à 9 h 00 UTC et le "
        "3 mars 2024 à 9 h 00 UTC"
    )
    assert "environ 40" in said.fr
    assert said.en.startswith(
        "The page La page (x) gained 1,500 fans between 1 March 2024 at 09:00 UTC and "
        "3 March 2024 at 09:00 UTC"
    )
    assert "about 40" in said.en


@pytest.mark.parametrize(
    ("codes", "fr", "en"),
    [
        (["sharp_step", "who_came_unknown"], "ne le prouve pas", "does not prove it"),
        (["gradual_decay", "who_came_unknown"], "s’éteint peu à peu", "dies away"),
        (["sustained_growth", "who_came_unknown"], "plus vite qu’avant", "growing faster"),
        (["who_came_unknown"], "ni qui est venu", "neither who came"),
        (["varied_accounts"], "plutôt qu’un achat", "rather than a purchase"),
        ([], "compatible avec un achat de fans", "consistent with bought fans"),
    ],
)
def test_the_verdict_is_no_surer_than_the_finding(codes: list[str], fr: str, en: str) -> None:
    """Each state of knowledge has its own last sentence."""
    said = summary(_finding(*(reason(code) for code in codes)))
    assert fr in said.fr
    assert en in said.en


def test_what_the_newcomers_share_is_said() -> None:
    """Cohort with its dates, empty and young accounts beside the page's usual share, numbered names."""
    said = summary(
        _finding(
            reason("creation_cohort", share=0.64, start="2022-06-06T00:00:00Z", end="2022-06-20T00:00:00Z"),
            reason("empty_profiles", share=0.57, usual=0.07),
            reason("young_accounts", share=0.9, usual=0.2),
            reason("sequential_names", share=0.5, stem="julie_fan\n<b>"),
        )
    )
    assert (
        "Sur 1\u202f200 comptes arrivés, 64\u202f% ont été créés entre le 6 juin 2022 et le 20 juin 2022"
        in said.fr
    )
    assert "57\u202f% sont des profils vides (7\u202f% d’habitude)" in said.fr
    assert "90% are less than a month old (usually 20%)" in said.en
    assert "\n" not in said.fr + said.en


def test_a_page_without_a_name_goes_by_its_id_and_may_usually_gain_nothing() -> None:
    """No name, nothing usual: neither « None » nor a negative number is said."""
    said = summary(_finding(reason("who_came_unknown"), subject=Subject("x", "42"), expected=-12.0))
    assert "La page 42 (x)" in said.fr
    assert "presque aucun" in said.fr
    assert "hardly any" in said.en

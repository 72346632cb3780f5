"""Two backtests side by side."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.compare import CompareError, compare, read_alerts, to_lines
from schemas.alerts import (
    SEVERITIES,
    Alert,
    Detector,
    Members,
    Reason,
    Subject,
    Summary,
    alert_id,
    encode_alert,
    window,
)
from schemas.times import HOUR, format_time

NOON = 1_772_535_600_000_000


def alert(subject: str, start: int, hours: int, severity: int = 1, accounts: int = 5) -> Alert:
    """An alert on a subject, `hours` long, `start` hours after noon."""
    first, last = NOON + start * HOUR, NOON + (start + hours) * HOUR
    return Alert(
        alert_id("burst", subject, start),
        "burst",
        1,
        "closed",
        SEVERITIES[severity],
        0.5,
        Subject("forum", subject),
        format_time(first),
        format_time(last),
        window(first, last),
        Members(accounts),
        Members(accounts),
        float(accounts),
        1.0,
        (Reason("volume", {"posts": accounts}),),
        (),
        Summary("fr", "en"),
        "SELECT 1",
        Detector("burst", "1", {}),
    )


alerts = st.lists(
    st.builds(
        alert,
        st.sampled_from("ab"),
        st.integers(0, 6),
        st.integers(0, 3),
        st.integers(0, 3),
        st.integers(1, 9),
    ),
    max_size=8,
    unique_by=lambda one: one.alert_id,
)


@given(alerts, alerts)
def test_every_alert_has_one_place(old: list[Alert], new: list[Alert]) -> None:
    """Each alert of either run is the same, changed, added or dropped, and only one of these."""
    result = compare(old, new)
    pairs = result.same + len(result.changed)
    assert pairs + len(result.dropped) == len(old)
    assert pairs + len(result.added) == len(new)
    seen = [one.alert_id for one in result.added] + [pair.new.alert_id for pair in result.changed]
    assert len(seen) == len(set(seen))
    assert set(seen) <= {one.alert_id for one in new}
    for pair in result.changed:
        assert pair.fields
        assert pair.old.subject == pair.new.subject
    left = {(one.subject, one.window.start) for one in result.dropped}
    assert left.isdisjoint({(one.subject, one.window.start) for one in result.added})
    assert len(to_lines(result)) == len(result.added) + len(result.dropped) + len(result.changed) + 1


@given(alerts, st.integers(2, 9))
def test_a_run_against_itself(run: list[Alert], revision: int) -> None:
    """Nothing differs; how often something was told on the way is no difference."""
    again = [msgspec.structs.replace(one, revision=revision) for one in run]
    assert compare(run, again) == ([], [], [], len(run))


@given(alerts, alerts)
def test_the_other_way_round(old: list[Alert], new: list[Alert]) -> None:
    """What one direction adds the other drops, where ids alone decide."""
    there, back = compare(old, new), compare(new, old)
    assert (len(there.added), len(there.dropped)) == (len(back.dropped), len(back.added))


def test_what_a_change_is() -> None:
    """A later start is the same alert; its figures are told with old and new."""
    (changed,) = compare([alert("a", 0, 4, accounts=5)], [alert("a", 1, 4, severity=2, accounts=7)]).changed
    assert changed.fields["severity"] == ("warning", "error")
    line, total = to_lines(compare([changed.old], [changed.new]))
    assert "severity warning → error" in line
    assert "accounts 5 → 7" in line
    assert total == "0 added, 0 dropped, 1 changed, 0 the same"


def test_what_people_post_steers_no_terminal() -> None:
    """Names come out without control characters."""
    line, _ = to_lines(compare([], [alert("a\x1b[2J\n+ b", 0, 1)]))
    assert line.isprintable()


def test_folders_that_are_none(tmp_path: Path) -> None:
    """What is no backtest's folder, or damaged, is named with the line."""
    with pytest.raises(CompareError, match=r"alerts\.jsonl"):
        read_alerts(tmp_path)
    (tmp_path / "alerts.jsonl").write_bytes(encode_alert(alert("a", 0, 1)) + b"\n{}\n")
    with pytest.raises(CompareError, match="line 2"):
        read_alerts(tmp_path)

"""The book of alerts: one alert is one evolving thing, not a stream of repeats."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detect.book import AlertBook, Withdrawn
from pipeline.detect.finding import Evidence, Finding, members, reason
from schemas.alerts import MAX_IDS, Alert, Detector, Subject, decode_alert, encode_alert
from schemas.cloudevents import envelope, open_envelope
from schemas.times import HOUR, Micros, format_time

START: Micros = 1_772_535_600_000_000


def finding(name: str = "copy_paste-1", accounts: int = 5, closed: bool = False) -> Finding:
    ids = [f"a{n}" for n in range(accounts)]
    return Finding(
        alert_id=name,
        kind="copy_paste",
        severity="warning",
        score=0.5,
        subject=Subject("forum", "copies-1"),
        first_seen=START,
        last_seen=START + HOUR,
        start=START,
        end=START + HOUR,
        accounts=members(ids),
        posts=members(ids),
        observed=float(accounts),
        expected=1.0,
        reasons=(
            reason("copies", posts=accounts, accounts=accounts, sample="le parfum"),
            reason("accounts_in_span", accounts=accounts, minutes=60.0, start="", end=""),
        ),
        ruled_out=(reason("giveaway", characters=9, holds=False),),
        evidence=Evidence("copy_posts", {"cluster_id": "copies-1"}, START, START + HOUR),
        detector=Detector("copy_paste", "1", {}),
        closed=closed,
    )


def withdrawn(name: str = "copy_paste-1") -> Finding:
    return msgspec.structs.replace(finding(name), withdrawn=True)


def told(book: AlertBook, *findings: Finding) -> list[tuple[str, int, str]]:
    """(id, revision, status) of what the book says; a withdrawal is ("…", 0, "withdrawn")."""
    return [
        (alert.alert_id, 0, "withdrawn")
        if isinstance(alert, Withdrawn)
        else (alert.alert_id, alert.revision, alert.status)
        for alert in book.apply(findings)
    ]


def test_revisions_count_up_until_it_is_closed() -> None:
    """open, updated, closed: 1, 2, 3."""
    book = AlertBook()
    assert told(book, finding()) == [("copy_paste-1", 1, "open")]
    assert told(book, finding(accounts=6)) == [("copy_paste-1", 2, "updated")]
    assert len(book) == 1
    assert told(book, finding(accounts=6, closed=True)) == [("copy_paste-1", 3, "closed")]
    assert len(book) == 0


def test_the_same_finding_again_says_nothing() -> None:
    """Open or closed, a repeat makes no revision, and later changes go on counting."""
    book = AlertBook()
    assert len(told(book, finding(), finding())) == 1
    assert told(book, finding()) == []
    assert told(book, finding(closed=True), finding(closed=True)) == [("copy_paste-1", 2, "closed")]
    assert told(book, finding(closed=True)) == []
    assert told(book, finding(accounts=9, closed=True)) == [("copy_paste-1", 3, "closed")]


def test_what_is_closed_at_once_is_told_once() -> None:
    """A finding may be complete when it is first told."""
    assert told(AlertBook(), finding(closed=True)) == [("copy_paste-1", 1, "closed")]


def test_withdrawing() -> None:
    """A told alert is withdrawn once; one that was never told needs no withdrawal."""
    book = AlertBook()
    assert told(book, withdrawn()) == []
    told(book, finding(), finding("copy_paste-2"))
    assert told(book, withdrawn()) == [("copy_paste-1", 0, "withdrawn")]
    assert told(book, withdrawn()) == []
    assert len(book) == 1
    assert told(book, finding()) == [("copy_paste-1", 1, "open")]


names = st.sampled_from(["copy_paste-1", "copy_paste-2"])
findings = st.builds(finding, names, st.integers(5, 7), st.booleans()) | st.builds(withdrawn, names)


@given(st.lists(findings, max_size=20), st.integers(1, 5))
def test_revisions_rise_by_one_and_the_last_word_is_the_last_finding(rows: list[Finding], size: int) -> None:
    """Between withdrawals revisions are 1, 2, 3, …, whatever the batches; what stands is what was found last."""
    book, revision = AlertBook(), dict.fromkeys(["copy_paste-1", "copy_paste-2"], 0)
    standing: dict[str, tuple[int, bool]] = {}
    for start in range(0, len(rows), size):
        for alert in book.apply(rows[start : start + size]):
            if isinstance(alert, Withdrawn):
                assert revision[alert.alert_id] > 0
                revision[alert.alert_id] = 0
                del standing[alert.alert_id]
            else:
                assert alert.revision == revision[alert.alert_id] + 1
                revision[alert.alert_id] = alert.revision
                standing[alert.alert_id] = (alert.accounts.count, alert.status == "closed")
    last = {row.alert_id: row for row in rows}
    assert standing == {
        name: (row.accounts.count, row.closed) for name, row in last.items() if not row.withdrawn
    }


def test_an_alert_says_what_the_finding_says() -> None:
    """Times in RFC 3339, at most a hundred ids, words in both languages, and it travels in its envelope unchanged."""
    (alert,) = AlertBook().apply([finding(accounts=250)])
    assert isinstance(alert, Alert)
    assert (alert.first_seen, alert.window.end) == (format_time(START), format_time(START + HOUR))
    assert (alert.accounts.count, len(alert.accounts.ids)) == (250, MAX_IDS)
    assert "250" in alert.summary.fr
    assert "250" in alert.summary.en
    assert "copies-1" in alert.evidence_sql
    assert decode_alert(encode_alert(alert)) == alert
    assert open_envelope(envelope(alert)) == alert

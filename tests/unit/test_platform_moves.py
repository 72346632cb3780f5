"""A purge of a whole platform is one alert, not one a page; so is a restoring. Dirt of collection is neither."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from pipeline.backtest import Backtest
from pipeline.connect.files import stamp
from pipeline.detect.alert_step import AlertStep
from pipeline.detect.clock import FINAL
from pipeline.detect.fan_days import FanDays
from pipeline.detect.fan_step import FanStep
from pipeline.detect.intake import Raw
from pipeline.detect.parameters import Parameters
from pipeline.detect.parameters_platform import PlatformParameters
from pipeline.detect.platform_moves import PlatformMoves
from schemas.alerts import Alert
from schemas.records import FanCount, event_time
from schemas.times import DAY, HOUR, MINUTE, Micros, parse_time
from tests.property.core_drive import items

START = parse_time("2018-05-01T00:00:00Z")
PAGES, DAYS, EVENT = 80, 70, 40
Change = Callable[[int, int, float], float]
"""(page, day, fans) -> fans as shown."""


def counts(
    change: Change, pages: int = PAGES, days: int = DAYS, step: Micros = DAY, at: Micros = 3 * HOUR
) -> list[FanCount]:
    """Clean growth of pages of all sizes, with noise, as `change` shows it."""
    rng, out = random.Random(4), []
    for page in range(pages):
        fans, pace = rng.randrange(3_000, 60_000), rng.uniform(2, 25)
        for n in range(days * DAY // step):
            fans += max(0, round(rng.gauss(pace, pace / 4) * step / DAY))
            when = START + n * step + at + page * MINUTE // 2
            shown = round(change(page, n * step // DAY, fans))
            out.append(FanCount("x", f"p{page}", when, shown))
    return sorted(out, key=lambda one: (one.observed_at, one.page_id))


def run(records: Sequence[FanCount]) -> list[Alert]:
    """The alerts of a backtest."""
    test = Backtest(Parameters())
    test.feed(list(stamp(items(records))))
    test.feed([], end=True)
    assert all(alert.status == "closed" for alert in test.alerts.values())
    return list(test.alerts.values())


def notes(records: Sequence[FanCount]) -> dict[str, int]:
    """What the merge passed over."""
    days, moves = FanDays(PlatformParameters()), PlatformMoves(PlatformParameters())
    days.add(records)
    moves.add(*days.advance(FINAL))
    assert all({finding.alert_id: finding.withdrawn for finding in moves.advance(FINAL)}.values())
    return dict(moves.quality_notes)


def _purge(page: int, day: int, fans: float) -> float:
    return fans * 0.98 if day >= EVENT and page % 4 else fans


def test_a_purge_is_one_alert_that_names_pages_and_share() -> None:
    """Three pages in four lose 2 % on one day: one alert of the platform, info, with its figures in both languages."""
    (alert,) = run(counts(_purge))
    assert (alert.kind, alert.severity) == ("fan_spike", "info")
    assert (alert.subject.platform, alert.subject.id) == ("x", "x")
    assert alert.window.start.startswith("2018-06-09")
    assert alert.window.end.startswith("2018-06-10")
    (reason,) = alert.reasons
    assert reason.code == "platform_wide_loss"
    assert reason.values["pages"] == alert.observed == 60
    assert reason.values["judged"] == 80
    assert reason.values["share"] == pytest.approx(0.02, rel=0.05)
    assert reason.values["median_share"] == pytest.approx(0.02, rel=0.05)
    assert {one.code for one in alert.ruled_out} == {
        "usual_rhythm",
        "catch_up_after_stale",
        "reading_error_reverted",
    }
    assert "60 pages de x sur 80" in alert.summary.fr
    assert "la plateforme qui retire des comptes" in alert.summary.fr
    assert "2.0% of theirs" in alert.summary.en
    assert "page_id =" not in alert.evidence_sql


def test_a_purge_over_two_days_is_one_alert() -> None:
    """Half of the pages on one day, the other half on the next."""
    (alert,) = run(counts(lambda page, day, fans: fans * 0.98 if day >= EVENT + page % 2 else fans))
    assert alert.observed == 80
    assert alert.window.end.startswith("2018-06-11")


def test_a_restoring_is_one_alert_and_the_pages_rises_are_part_of_it() -> None:
    """All pages gain 6 % on one day, which each by itself would be told for: one alert."""
    given = counts(lambda page, day, fans: fans * (1.06 if day >= EVENT else 1.0))
    assert len(run([one for one in given if one.page_id in {"p1", "p2", "p3"}])) >= 2  # alone, each is told
    (alert,) = run(given)
    assert [reason.code for reason in alert.reasons] == ["platform_wide_gain"]
    assert alert.severity == "info"
    assert alert.observed == 80
    assert "rend des comptes" in alert.summary.fr
    assert "restores accounts" in alert.summary.en


def test_a_purchase_on_the_day_of_a_restoring_is_told_beside_it() -> None:
    """A page that gains ten times as much as the others on that day did something of its own."""
    given = counts(lambda page, day, fans: fans * (1.0 if day < EVENT else 1.4 if page == 7 else 1.04))
    alerts = {alert.subject.id: alert for alert in run(given)}
    assert alerts.keys() == {"x", "p7"}
    assert alerts["p7"].severity in ("warning", "error")


def test_what_comes_back_in_part_is_said() -> None:
    """A purge of which half is undone two days later: one alert that says so."""
    (alert,) = run(
        counts(lambda page, day, fans: fans * (1.0 if day < EVENT else 0.97 if day < EVENT + 2 else 0.985))
    )
    undone = next(reason.values for reason in alert.reasons if reason.code == "partly_undone")
    assert undone["share"] == pytest.approx(0.5, abs=0.06)
    assert "revenue dans les jours suivants" in alert.summary.fr
    assert "came back in the days after" in alert.summary.en


QUIET: dict[str, Change] = {
    "nothing": lambda page, day, fans: fans,
    "a purge on few pages": lambda page, day, fans: fans * 0.98 if day >= EVENT and page < 3 else fans,
    "all counts too low for a day": lambda page, day, fans: fans * 0.7 if day == EVENT else fans,
    "all counts too low for two days": lambda page, day, fans: (
        fans * 0.95 if day in (EVENT, EVENT + 1) else fans
    ),
    "all counts too high for a day": lambda page, day, fans: fans * 1.2 if day == EVENT else fans,
    "zeros everywhere for a day": lambda page, day, fans: 0 if day == EVENT else fans,
    "rounded to three digits": lambda page, day, fans: fans // 100 * 100,
}


@pytest.mark.parametrize("kind", QUIET)
def test_neither_dirt_nor_a_few_pages_are_an_event(kind: str) -> None:
    """Wrong readings on all pages, and losses on a few of them, raise nothing."""
    assert run(counts(QUIET[kind])) == []


@pytest.mark.parametrize(
    ("kind", "note"),
    [
        ("all counts too low for a day", {"platform_reverted": 1}),
        ("all counts too low for two days", {"platform_reverted": 1}),
        ("all counts too high for a day", {"platform_reverted": 1}),
        ("nothing", {}),
    ],
)
def test_what_was_passed_over_is_noted(kind: str, note: dict[str, int]) -> None:
    """A wrong reading of all pages is counted as one."""
    assert notes(counts(QUIET[kind])) == note


def test_the_report_of_a_backtest_shows_what_was_passed_over() -> None:
    """Zeros of single pages and a wrong reading of all of them stand in one table of notes, and no alert does."""
    test = Backtest(Parameters())
    wrong = counts(QUIET["all counts too low for a day"])
    zeros = counts(QUIET["zeros everywhere for a day"])
    shown = [FanCount("y", one.page_id, one.observed_at, one.followers) for one in zeros]
    test.feed(list(stamp(items(sorted([*wrong, *shown], key=event_time)))))
    test.feed([], end=True)
    assert test.alerts == {}
    assert test.fan_quality["zero"] == PAGES
    assert test.fan_quality["platform_reverted"] == 1


def test_counters_that_stood_still_and_catch_up_are_no_restoring() -> None:
    """A collector that repeated old counts for twelve days, for all pages, and then told the truth."""
    truth = counts(QUIET["nothing"])
    frozen = {one.page_id: one.followers for one in truth if (one.observed_at - START) // DAY == EVENT - 12}
    stale = [
        FanCount("x", one.page_id, one.observed_at, frozen[one.page_id])
        if EVENT - 12 < (one.observed_at - START) // DAY < EVENT
        else one
        for one in truth
    ]
    assert run(stale) == []


def test_missing_days_are_no_event() -> None:
    """The collector was off for five days: all pages grow at once by the gap, which is what is told."""
    kept = [
        one for one in counts(QUIET["nothing"]) if not EVENT - 5 <= (one.observed_at - START) // DAY < EVENT
    ]
    (gap,) = run(kept)
    assert (gap.kind, gap.subject.id) == ("source_silent", "fan_counts")


def test_few_pages_are_no_platform() -> None:
    """Of twenty pages nothing is said about the platform."""
    assert run(counts(_purge, pages=20)) == []


def test_another_platform_is_judged_by_itself() -> None:
    """A purge on x is none on y."""
    calm = [FanCount("y", one.page_id, one.observed_at, one.followers) for one in counts(QUIET["nothing"])]
    both = sorted(counts(_purge) + calm, key=lambda one: one.observed_at)
    assert [alert.subject.id for alert in run(both)] == ["x"]


def test_a_purge_is_told_on_its_day_and_the_first_pages_of_a_restoring_are_taken_back() -> None:
    """Counts by the hour, a gain of 8 % at one in the afternoon: the platform is told within two hours of counts, and
    what was told of pages before that is withdrawn at once."""
    hour = EVENT // 2 * 24 + 13
    given = counts(lambda page, day, fans: fans, days=24, step=HOUR, at=0)
    when = START + hour * HOUR
    parameters = Parameters()
    step, alerts = FanStep(parameters, 0), AlertStep(parameters, 1, 1)
    told_at, standing = None, set()
    for one in given:
        shown = round(one.followers * (1.08 if one.observed_at >= when else 1.0))
        (item,) = items([FanCount("x", one.page_id, one.observed_at, shown)])
        for out in step.feed([Raw(item.raw, one.observed_at)]):
            told = [alert for signal in out.signals for alert in alerts.feed(signal, 0.0).alerts]
            for alert in told:
                if not isinstance(alert, Alert):
                    standing.discard(alert.alert_id)
                    continue
                standing.add(alert.alert_id)
                if alert.subject.id == "x" and told_at is None:
                    told_at = one.observed_at
    assert told_at is not None
    assert told_at - when <= 2 * HOUR
    assert len(standing) == 1

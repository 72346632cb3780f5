"""Sources that go quiet: what is a silence, what is none, and what is said of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import pytest

from pipeline.detect.finding import Finding
from pipeline.detect.parameters_silence import SilenceParameters
from pipeline.detect.source_counts import SourceCount
from pipeline.detect.source_silence import surprise
from pipeline.explain import summary
from pipeline.explain.evidence import evidence_sql
from pipeline.scenario.generate import START
from schemas.times import DAY, HOUR, MINUTE, SECOND, format_time
from tests.source_watch import SourceWatch

Rhythm = Callable[[int], int]
"""Hour since the start -> posts."""


def steady(posts: int) -> Rhythm:
    """The same every hour."""
    return lambda _: posts


def daily(hour: int) -> int:
    """A hundred an hour from 7 to 23, next to nothing at night."""
    return 100 if 7 <= hour % 24 < 23 else hour % 3 == 0


def without(rhythm: Rhythm, first: int, last: int) -> Rhythm:
    """The rhythm, but nothing from hour `first` to before hour `last`."""
    return lambda hour: 0 if first <= hour < last else rhythm(hour)


def counts(hour: int, rhythms: dict[str, Rhythm]) -> Iterator[SourceCount]:
    """What comes in one hour: the first post a minute after its beginning, the last a minute before its end."""
    at = START + hour * HOUR
    for source, rhythm in rhythms.items():
        if posts := rhythm(hour):
            yield SourceCount("forum", source, at // HOUR, posts, at + MINUTE, at + 59 * MINUTE)


def watched(
    rhythms: dict[str, Rhythm], hours: int, parameters: SilenceParameters | None = None
) -> SourceWatch:
    """A stream of so many hours; time goes on with the posts, whosever they are."""
    watch = SourceWatch(parameters or SilenceParameters())
    for hour in range(hours):
        came = list(counts(hour, rhythms))
        if came:
            watch.count(came, max(one.last for one in came))
        watch.upto(max((one.last for one in came), default=0))
    return watch


WEEKS = 24 * 21
BUSY = {"rss": steady(50), "api": steady(40)}


def test_posts_of_no_connector_are_nobodys_fault() -> None:
    """The same silence is told without alarm where posts name no connector."""
    streams = {name: without(BUSY["rss"], WEEKS, WEEKS + 10) for name in ("", "rss")} | {"api": BUSY["api"]}
    told = watched(streams, WEEKS + 15).standing()
    assert sorted((one.subject.id, one.severity) for one in told) == [("forum", "info"), ("rss", "error")]


def test_a_source_that_stops_and_comes_back() -> None:
    """Opened after an hour or two, raised when it lasts, closed when it is back, with what was missed."""
    gap = {**BUSY, "rss": without(BUSY["rss"], WEEKS, WEEKS + 10)}
    opened = watched(gap, WEEKS + 3).standing()
    assert [(one.severity, one.closed) for one in opened] == [("warning", False)]
    assert [(one.severity, one.closed) for one in watched(gap, WEEKS + 9).standing()] == [("error", False)]
    (found,) = watched(gap, WEEKS + 15).standing()
    assert (found.kind, found.subject.platform, found.subject.id) == ("source_silent", "forum", "rss")
    assert found.closed
    assert found.alert_id == opened[0].alert_id
    assert (found.start, found.end) == (START + WEEKS * HOUR, START + (WEEKS + 10) * HOUR - 1)
    assert (found.observed, found.posts.count) == (0.0, 0)
    assert found.expected == pytest.approx(500, rel=0.1)
    codes = {one.code: one.values for one in found.reasons}
    assert codes["silence"]["hours"] == 10
    assert codes["silence"]["last_post"] == format_time(START + (WEEKS - 1) * HOUR + 59 * MINUTE)
    assert codes["back"]["at"] == format_time(START + (WEEKS + 10) * HOUR + MINUTE)
    checked = {one.code: one.values for one in found.ruled_out}
    assert not checked["whole_stream"]["holds"]
    assert checked["whole_stream"]["posts"] == 400


def test_a_night_is_no_silence() -> None:
    """Nor is a night without a single post; but an evening is."""
    other = {"other": steady(20)}
    assert watched({"day": daily, **other}, 24 * 40).end() == []
    dark: Rhythm = lambda hour: 0 if 24 * 25 - 4 <= hour < 24 * 25 + 7 else daily(hour)  # noqa: E731
    assert [one.subject.id for one in watched({"day": dark, **other}, 24 * 30).end()] == ["day"]
    night = without(daily, 24 * 25, 24 * 25 + 7)
    assert watched({"day": night, **other}, 24 * 30).end() == []


def test_a_weekly_batch_is_no_silence() -> None:
    """Five hundred posts every Monday morning, nothing else."""
    batch: Rhythm = lambda hour: 500 if hour % 168 == 9 else 0  # noqa: E731
    assert watched({"batch": batch, "other": steady(20)}, 24 * 7 * 10).end() == []


def test_without_history_nothing_is_said() -> None:
    """A source of a week that stops is not known well enough; nor is one of three posts a day within a day."""
    assert watched({**BUSY, "new": without(steady(50), 24 * 7, 10**6)}, WEEKS).end() == []
    rare: Rhythm = lambda hour: hour % 8 == 0 and hour < WEEKS  # noqa: E731
    assert watched({**BUSY, "rare": rare}, WEEKS + 24).end() == []


def test_a_trickle_that_is_left_counts() -> None:
    """One post in a hundred still comes, and it is a silence; half of them, and it is none."""
    trickle: Rhythm = lambda hour: 2 if WEEKS <= hour < WEEKS + 12 else 200  # noqa: E731
    (found,) = watched({**BUSY, "most": trickle}, WEEKS + 20).end()
    assert (found.observed, found.posts.count) == (24.0, 24)
    half: Rhythm = lambda hour: 100 if WEEKS <= hour < WEEKS + 12 else 200  # noqa: E731
    assert watched({**BUSY, "most": half}, WEEKS + 20).end() == []


def test_the_end_of_a_replay_is_no_silence() -> None:
    """All sources end together; the last hours of one that ended before the others did are told."""
    assert watched(BUSY, WEEKS).end() == []
    (found,) = watched({**BUSY, "rss": without(BUSY["rss"], WEEKS, 10**6)}, WEEKS + 8).end()
    assert found.closed
    assert "back" not in {one.code for one in found.reasons}


def test_all_at_once() -> None:
    """The whole stream stops for some hours: seen afterwards, of each source, each beside the others."""
    stopped = {name: without(rhythm, WEEKS, WEEKS + 10) for name, rhythm in BUSY.items()}
    found = watched(stopped, WEEKS + 20).standing()
    assert sorted(one.subject.id for one in found) == ["api", "rss"]
    for one in found:
        assert {each.code: each.values["holds"] for each in one.ruled_out}["whole_stream"]
        assert "autres sources se taisent aussi" in summary(one).fr


def test_a_source_is_given_up() -> None:
    """After two weeks the alert closes; when it comes back then, it is a new source."""
    gone = {**BUSY, "rss": without(BUSY["rss"], WEEKS, WEEKS + 24 * 15)}
    (found,) = watched(gone, WEEKS + 24 * 17).end()
    assert found.closed
    assert {one.code for one in found.reasons} == {"silence", "given_up"}
    assert "n’est plus attendue" in summary(found).fr


def _live(watch: SourceWatch, first: int, last: int, lag: int = 20) -> list[Finding]:
    """Five-second looks from hour `first` to hour `last` of the wall clock."""
    found = []
    for second in range(first * 3600, last * 3600, 30):
        found += watch.look(START / SECOND + second + lag)
    return found


def test_a_stream_that_stands_still_is_seen_by_the_wall_clock() -> None:
    """The only source stops: no event time passes. The clock on the wall opens an alert; posts close it, or, if they
    were only late, withdraw it."""
    for delayed in (False, True):
        rhythms = {"only": without(steady(60), WEEKS, WEEKS + 8)}
        watch = watched(rhythms, WEEKS)
        now = START / SECOND + WEEKS * 3600 - 60
        watch.upto(START + WEEKS * HOUR - MINUTE, now)
        found = _live(watch, WEEKS - 1, WEEKS + 8)
        assert [(one.closed, one.observed) for one in found] == [(False, 0.0)]
        assert "est muette" in summary(found[0]).fr
        real = {"only": steady(60)} if delayed else rhythms
        came = [one for hour in range(WEEKS, WEEKS + 9) for one in counts(hour, real)]
        watch.count(came, START + (WEEKS + 8) * HOUR + 59 * MINUTE)
        watch.upto(START + (WEEKS + 9) * HOUR - 1)
        later = list(counts(WEEKS + 9, rhythms))
        watch.count(later, later[0].last)
        watch.upto(START + (WEEKS + 10) * HOUR)
        assert [one.closed for one in watch.standing()] == ([] if delayed else [True])
        assert watch.standing() == [] or watch.standing()[0].alert_id == found[0].alert_id


def test_the_wall_clock_says_nothing_of_old_records_or_of_time_nobody_watched() -> None:
    """A replay that paused without end markers is no silence; nor are the hours for which nobody looked."""
    old = watched({"only": steady(60)}, WEEKS)
    old.upto(START + WEEKS * HOUR, START / SECOND + WEEKS * 3600 + 10 * 86400)
    assert _live(old, WEEKS + 240, WEEKS + 250) == []
    down = watched({"only": steady(60)}, WEEKS)
    down.upto(START + WEEKS * HOUR, START / SECOND + WEEKS * 3600)
    down.look(START / SECOND + WEEKS * 3600)
    assert down.look(START / SECOND + (WEEKS + 30) * 3600 + 1) == []
    assert _live(down, WEEKS + 30, WEEKS + 31) == []


def test_an_ancient_date_costs_nothing() -> None:
    """One post of 1996 before all others: the years between are not gone through, and nothing is said."""
    watch = SourceWatch(SilenceParameters())
    ancient = 835_000_000 * SECOND
    watch.count([SourceCount("forum", "x", ancient // HOUR, 1, ancient, ancient)], ancient)
    came = list(counts(0, BUSY))
    watch.count(came, came[0].last)
    assert watch.upto(START + 2 * HOUR) == []
    assert watch.end() == []


def test_names_that_anybody_invents_are_bounded() -> None:
    """Beyond `max_sources` no source is watched; the ones there go on."""
    parameters = SilenceParameters(max_sources=2)
    rhythms = {**BUSY, "zzz": without(steady(50), WEEKS, 10**6)}
    assert watched(rhythms, WEEKS + 10, parameters).standing() == []
    assert len(watched(rhythms, WEEKS + 10).standing()) == 1


def test_surprise_is_the_lower_tail() -> None:
    """Against the distribution itself, summed up."""
    mean, dispersion = 20.0, 0.3
    size = 1 / dispersion
    total = 0.0
    for k in range(6):
        total += math.exp(
            math.lgamma(k + size) - math.lgamma(size) - math.lgamma(k + 1)
            + size * math.log(size / (size + mean)) + k * math.log(mean / (size + mean))
        )  # fmt: skip
    assert surprise(5, mean, dispersion) == pytest.approx(-math.log10(total), rel=1e-6)
    assert surprise(0, 0.0, 0.3) == 0.0


def test_words_and_evidence() -> None:
    """French and English, the source's name cut and on one line; the query asks for exactly its silent hours."""
    name = "r\nss" + "x" * 100
    rhythms = {"api": BUSY["api"], name: without(steady(50), WEEKS, WEEKS + 10)}
    (found,) = watched(rhythms, WEEKS + 15).standing()
    said = summary(found)
    assert said.fr.startswith("La source r ss")
    assert "a été muette\u202f: en 10 heures à partir du" in said.fr
    assert "0 message au lieu de" in said.fr
    assert "was silent: in 10 hours from" in said.en
    assert "0 posts where about" in said.en
    assert "The other sources go on." in said.en
    assert "It came back on" in said.en
    assert "\n" not in said.fr + said.en
    query = evidence_sql(found.evidence)
    assert "FROM vigie.posts FINAL WHERE platform = 'forum' AND source = 'r\\nss" in query
    assert format_time(found.start) in query
    assert format_time(found.end) in query


def test_posts_without_a_connector_are_a_source_of_their_platform() -> None:
    """The platform's name stands for it."""
    (found,) = watched({"": without(steady(50), WEEKS, WEEKS + 10), "api": steady(9)}, WEEKS + 15).standing()
    assert found.subject.id == "forum"
    assert summary(found).fr.startswith("La source forum a été")
    assert "source = ''" in evidence_sql(found.evidence)
    assert found.last_seen - found.first_seen == 10 * HOUR - 1 < DAY

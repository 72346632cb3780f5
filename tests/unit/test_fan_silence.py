"""Records of fans that stop coming: found, by kind and platform; what is irregular or new is not."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import pytest

from pipeline.detect.alert_step import AlertStep
from pipeline.detect.book import Withdrawn
from pipeline.detect.fan_step import FanStep
from pipeline.detect.intake import Raw
from pipeline.detect.messages import decode_signal, encode
from pipeline.detect.parameters import Parameters
from pipeline.detect.parameters_silence import SilenceParameters
from pipeline.scenario.generate import START
from schemas.alerts import Alert
from schemas.records import FanCount, Follow, Record
from schemas.times import HOUR, MINUTE, SECOND, format_time
from tests.property.core_drive import alerts_of, backtested, items, lived

WEEKS = 24 * 16
GONE, BACK, END = WEEKS, WEEKS + 9, WEEKS + 14

Rhythm = Callable[[int], int]
"""Hour since the start -> records."""


def counts(platform: str, rhythm: Rhythm, hours: int = END) -> list[Record]:
    """Looks at some pages, each of which has the fans that it always had."""
    return [
        FanCount(platform, f"page{n}", START + hour * HOUR + n * MINUTE, 1_000 + n)
        for hour in range(hours)
        for n in range(rhythm(hour))
    ]


def follows(platform: str, rhythm: Rhythm, hours: int = END) -> list[Record]:
    """Somebody comes to a page, somebody goes."""
    return [
        Follow(
            platform, "page0", f"a{hour}-{n}", START + hour * HOUR + n * MINUTE, ("follow", "unfollow")[n % 2]
        )
        for hour in range(hours)
        for n in range(rhythm(hour))
    ]


def in_order(*parts: Iterable[Record]) -> list[Record]:
    """All of them, by time."""
    return sorted(
        (record for part in parts for record in part),
        key=lambda one: (
            one.observed_at if isinstance(one, FanCount) else one.at if isinstance(one, Follow) else 0
        ),
    )


def silences(records: list[Record], parameters: Parameters | None = None) -> list[Alert]:
    """What a backtest tells of sources, in order of subject."""
    found = backtested([items(records)], parameters or Parameters(), 1_000).alerts.values()
    return sorted(
        (one for one in found if one.kind == "source_silent"),
        key=lambda one: (one.subject.platform, one.subject.id),
    )


def without(rhythm: Rhythm, first: int = GONE, last: int = BACK) -> Rhythm:
    """The rhythm, but nothing from hour `first` to before hour `last`."""
    return lambda hour: 0 if first <= hour < last else rhythm(hour)


def steady(number: int) -> Rhythm:
    """The same every hour."""
    return lambda _: number


def pausing(number: int, silent: set[int]) -> Rhythm:
    """The same every hour but for some."""
    return lambda hour: 0 if hour in silent else number


def only(one: int) -> Rhythm:
    """Eight in this hour."""
    return lambda hour: 8 * (hour == one)


@pytest.mark.parametrize("kind", ["fan_counts", "follows"])
def test_one_kind_that_stops_is_told(kind: str) -> None:
    """Which kind, of which platform, since when, that the others go on; and its rows are the evidence."""
    quiet, steadily = without(steady(8)), steady(8)
    made = in_order(
        counts("forum", quiet if kind == "fan_counts" else steadily),
        follows("forum", quiet if kind == "follows" else steadily),
        counts("video", steadily),
    )
    (alert,) = silences(made)
    assert (alert.subject.platform, alert.subject.id) == ("forum", kind)
    assert (alert.status, alert.severity, alert.observed, alert.posts.count) == ("closed", "error", 0.0, 0)
    assert alert.expected == pytest.approx(72, rel=0.1)
    assert alert.window.start == format_time(START + GONE * HOUR)
    reasons = {one.code: one.values for one in alert.reasons}
    assert (reasons["silence"]["hours"], reasons["silence"]["records"]) == (9, 0)
    assert reasons["silence"]["last_record"] == format_time(START + (GONE - 1) * HOUR + 7 * MINUTE)
    assert reasons["back"]["at"] == format_time(START + BACK * HOUR)
    checked = {one.code: one.values for one in alert.ruled_out}
    assert checked["whole_stream"] == {"holds": False, "sources": 2, "records": 144, "expected": 144.0}
    assert not checked["known_rhythm"]["holds"]
    assert f"FROM vigie.{kind} FINAL WHERE platform = 'forum' AND " in alert.evidence_sql
    words = {
        "fan_counts": ("Les relevés d’abonnés de forum ont manqué", "Fan counts of forum were missing"),
        "follows": ("Les abonnements et désabonnements de forum ont manqué", "Follow events of forum were"),
    }
    for text, wanted in zip((alert.summary.fr, alert.summary.en), words[kind], strict=True):
        assert text.startswith(wanted)
    assert "arrivent toujours" in alert.summary.fr
    assert "They came back on" in alert.summary.en


def test_all_that_stop_are_told_as_such() -> None:
    """Each of them, with the remark that the others are missing too; the posts' sources are none of their business."""
    found = silences(in_order(counts("forum", without(steady(8))), counts("video", without(steady(9)))))
    assert [one.subject.platform for one in found] == ["forum", "video"]
    for alert in found:
        assert next(one.values for one in alert.ruled_out if one.code == "whole_stream")["holds"]
        assert "manquent aussi" in alert.summary.fr
        assert "missing too" in alert.summary.en


def test_irregular_and_new_sources_are_not_told() -> None:
    """One that looks on Mondays, one that looks at night, one known for a week, one that hardly looks at all."""
    other = follows("forum", steady(8))
    assert silences(in_order(other, counts("weekly", lambda hour: 200 * (hour % 168 == 9)))) == []
    assert silences(in_order(other, counts("nightly", lambda hour: 20 * (hour % 24 < 6)))) == []
    assert silences(in_order(other, counts("new", without(lambda hour: 8 * (hour >= 24 * 9))))) == []
    assert silences(in_order(other, counts("rare", without(lambda hour: int(hour % 12 == 0))))) == []


QUICK = Parameters(
    silence=SilenceParameters(
        history_days=0.5, surprise=1.0, habit_ratio=1.0, error_hours=3, forget_days=1.0, quiet_share=0.1
    )
)


def restless(seed: int) -> list[Record]:
    """Two days of three sources, each of which stops for some hours now and then."""
    rng, parts = random.Random(seed), []
    for make, platform in ((counts, "forum"), (follows, "forum"), (counts, "video")):
        silent = {
            hour for at in rng.sample(range(14, 46), 2) for hour in range(at, at + rng.choice((2, 5, 30)))
        }
        many = rng.choice((2, 4))
        parts.append(make(platform, pausing(many, silent), 48))
    return in_order(*parts)


@pytest.mark.parametrize("seed", range(8))
def test_live_equals_backtest(seed: int) -> None:
    """Over partitions, in batches, ahead of each other: the alerts are those of a backtest."""
    stream = items(restless(seed))
    expected = backtested([stream], QUICK, 7 + seed)
    live = lived([stream], QUICK, 1 + seed % 4, 1 + seed % 2, seed, 1 + 9 * seed)
    assert alerts_of(live) == alerts_of(expected)
    assert any(one.kind == "source_silent" for one in expected.alerts.values())


class Steps:
    """One live partition of fan records, at a wall clock that is told; `size` records are read at once."""

    def __init__(self, size: int = 100) -> None:
        self._fans, self._alerts = FanStep(Parameters(), 0), AlertStep(Parameters(), 1, 1)
        self._size = size
        self._offset = 0
        self.told: list[Alert | Withdrawn] = []

    def hours(self, first: int, last: int) -> None:
        """Counts as they come."""
        for hour in range(first, last):
            made = items(counts("forum", only(hour), hour + 1))
            raws = [Raw(item.raw, offset=self._offset + n) for n, item in enumerate(made)]
            self._offset += len(raws)
            now = (START + hour * HOUR + 59 * MINUTE) / SECOND
            for start in range(0, len(raws), self._size):
                for out in self._fans.feed(raws[start : start + self._size]):
                    self._hear(map(encode, out.signals), now)
            self._hear([encode(self._fans.quiet())], now)

    def watch(self, first: int, last: int) -> None:
        """Nothing comes from one hour to another."""
        for minute in range(first * 60, last * 60):
            self._hear([encode(self._fans.quiet())], (START + minute * MINUTE) / SECOND)

    def _hear(self, signals: Iterable[bytes], now: float) -> None:
        for signal in signals:
            self.told += self._alerts.feed(decode_signal(signal), now).alerts


@pytest.mark.parametrize("size", [1, 100])
def test_a_live_poller_that_dies(size: int) -> None:
    """Told by the wall clock while nothing comes at all, closed when counts come again; no word before, one alert."""
    steps = Steps(size)
    steps.hours(0, GONE)
    assert steps.told == []
    steps.watch(GONE, BACK)
    (opened,) = steps.told
    assert isinstance(opened, Alert)
    assert (opened.status, opened.subject.id, opened.kind) == ("open", "fan_counts", "source_silent")
    assert "passerait inaperçu" in opened.summary.fr
    steps.hours(BACK, BACK + 3)
    closed = steps.told[-1]
    assert isinstance(closed, Alert)
    assert (closed.status, closed.alert_id) == ("closed", opened.alert_id)
    assert {one.alert_id for one in steps.told} == {opened.alert_id}

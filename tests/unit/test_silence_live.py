"""A live source that stops, through all steps: the alert comes by the wall clock, and goes by the posts."""

from __future__ import annotations

import orjson

from pipeline.detect.alert_step import AlertStep
from pipeline.detect.book import Withdrawn
from pipeline.detect.fan_step import FanStep
from pipeline.detect.intake import Raw
from pipeline.detect.messages import decode_shuffled, decode_signal, encode
from pipeline.detect.parameters import Parameters
from pipeline.detect.post_step import PostStep
from pipeline.detect.shuffle_step import ShuffleStep
from pipeline.scenario.generate import START
from schemas.alerts import Alert
from schemas.records import Post, to_dict
from schemas.times import HOUR, MINUTE, SECOND, Micros

WEEKS = 15 * 24


class Steps:
    """One partition of everything, at a wall clock that is told."""

    def __init__(self) -> None:
        parameters = Parameters()
        self._posts, self._fans = PostStep(parameters, 0, 1), FanStep(parameters, 0)
        self._shuffle, self._alerts = ShuffleStep(parameters, 0, 1), AlertStep(parameters, 1, 1)
        self._offset = 0
        self.told: list[Alert | Withdrawn] = []

    def hour(self, hour: int, posts: int = 40) -> None:
        """An hour of posts, which come as they are written; then five-second words that nothing is waiting."""
        at = START + hour * HOUR
        made = [
            Post(f"{hour}-{n}", "forum", f"a{n}", at + n * MINUTE, f"Bonjour numéro {hour} {n}", source="rss")
            for n in range(posts)
        ]
        raws = [Raw(orjson.dumps(to_dict(post)), offset=self._offset + n) for n, post in enumerate(made)]
        self._offset += len(raws)
        now = (at + 59 * MINUTE) / SECOND
        for posted in self._posts.feed(raws) if raws else []:
            for message in posted.shuffled:
                self._pass(encode(message), now)
        for second in range(0, 60, 30):
            self._quiet(at + 59 * MINUTE + second * SECOND)

    def _quiet(self, at: Micros) -> None:
        self._pass(encode(self._posts.quiet()), at / SECOND)
        self._hear(encode(self._fans.quiet()), at / SECOND)

    def watch(self, first: int, last: int) -> None:
        """Nothing comes from one hour to another."""
        for minute in range(first * 60, last * 60):
            self._quiet(START + minute * MINUTE)

    def _pass(self, message: bytes, now: float) -> None:
        for signal in self._shuffle.feed(decode_shuffled(message), now):
            self._hear(encode(signal), now)

    def _hear(self, signal: bytes, now: float) -> None:
        alerts = self._alerts.feed(decode_signal(signal), now).alerts
        self.told += [one for one in alerts if isinstance(one, Withdrawn) or one.kind == "source_silent"]


def test_a_live_source_that_stops() -> None:
    """Open while nothing comes, closed when posts do; no word before, and one alert."""
    steps = Steps()
    for hour in range(WEEKS):
        steps.hour(hour)
    assert steps.told == []
    steps.watch(WEEKS, WEEKS + 9)
    (opened,) = steps.told
    assert isinstance(opened, Alert)
    assert (opened.status, opened.subject.id, opened.observed) == ("open", "rss", 0.0)
    for hour in range(WEEKS + 9, WEEKS + 12):
        steps.hour(hour)
    closed = steps.told[-1]
    assert isinstance(closed, Alert)
    assert (closed.status, closed.alert_id) == ("closed", opened.alert_id)
    assert {reason.code for reason in closed.reasons} == {"silence", "back"}
    assert {one.alert_id for one in steps.told} == {opened.alert_id}


def test_posts_that_were_only_late_withdraw_it() -> None:
    """A connector that catches up brings the posts of the silent hours: there was no silence."""
    steps = Steps()
    for hour in range(WEEKS):
        steps.hour(hour)
    steps.watch(WEEKS, WEEKS + 9)
    assert [type(one) for one in steps.told] == [Alert]
    for hour in range(WEEKS, WEEKS + 12):
        steps.hour(hour)
    assert [type(one) for one in steps.told] == [Alert, Withdrawn]

"""Drives the detection core as the agents do, without a broker: every message encoded, every order that Kafka allows.

What Kafka promises is kept and nothing more: one partition keeps its order; partitions, batch sizes and the moments at
which steps run are drawn at random.
"""

from __future__ import annotations

import random
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence, Sized

import orjson

from pipeline.backtest import Backtest
from pipeline.bus import partition_of
from pipeline.connect.files import stamp
from pipeline.connect.items import Item
from pipeline.connect.replay import topic_of
from pipeline.detect.alert_step import AlertStep
from pipeline.detect.book import Withdrawn
from pipeline.detect.campaigns import Closed
from pipeline.detect.fan_step import FanStep
from pipeline.detect.intake import Counts, Raw
from pipeline.detect.messages import decode_shuffled, decode_signal, encode
from pipeline.detect.parameters import Parameters
from pipeline.detect.post_step import PostStep
from pipeline.detect.shuffle_step import ShuffleStep
from schemas.alerts import Alert, encode_alert
from schemas.records import Record, event_time, record_key, record_kind, to_dict
from schemas.topics import POSTS_RAW

NO_KEY = 0
"""Where records without a readable key go; any fixed partition will do."""


def items(records: Iterable[Record]) -> list[Item]:
    """Records as a file reader would hand them on, in this order."""
    return [
        Item(orjson.dumps(to_dict(r)), event_time(r), record_key(r), record_kind(r), "made", n)
        for n, r in enumerate(records, 1)
    ]


class Said:
    """What came out: the last word on every alert, finished clusters, the last word on every post's cluster."""

    def __init__(self) -> None:
        self.alerts: dict[str, Alert] = {}
        self.revisions: dict[str, list[int]] = defaultdict(list)
        self.closed: list[Closed] = []
        self.home: dict[tuple[str, str], str] = {}
        self.counts = Counts()
        self.refused: dict[str, int] = defaultdict(int)


def backtested(streams: Sequence[Sequence[Item]], parameters: Parameters, batch: int) -> Said:
    """The same streams, one after the other, through `pipeline.backtest.Backtest`."""
    run, said = Backtest(parameters), Said()
    for stream in streams:
        stamped = list(stamp(stream))
        for start in range(0, len(stamped), batch):
            run.feed(stamped[start : start + batch])
        run.feed([], end=True)
    said.alerts, said.closed = run.alerts, run.copies
    for counts in run.counts.values():
        said.counts.add(counts)
    said.refused.update(run.refused)
    return said


class Live:
    """`sources` partitions of posts and of fans, `shuffles` shuffle partitions, one place for alerts."""

    def __init__(
        self, parameters: Parameters, sources: int, shuffles: int, rng: random.Random, most: int
    ) -> None:
        self._sources, self._shuffles, self._rng, self._most = sources, shuffles, rng, most
        self._posts = [PostStep(parameters, number, shuffles) for number in range(sources)]
        self._fans = [FanStep(parameters, number) for number in range(sources)]
        self._shuffle = [ShuffleStep(parameters, number, sources) for number in range(shuffles)]
        self._alerts = AlertStep(parameters, shuffles, sources)
        self._post_logs: list[deque[Raw]] = [deque() for _ in range(sources)]
        self._fan_logs: list[deque[Raw]] = [deque() for _ in range(sources)]
        self._shuffle_logs: list[deque[bytes]] = [deque() for _ in range(shuffles)]
        self._signals: deque[bytes] = deque()
        self.said = Said()

    def publish(self, stream: Sequence[Item]) -> None:
        """Replays one stream to its end markers."""
        for item, clock in stamp(stream):
            logs = self._post_logs if topic_of(item) == POSTS_RAW else self._fan_logs
            place = NO_KEY if item.key is None else partition_of(item.key, self._sources)
            logs[place].append(Raw(item.raw, clock))
            if self._rng.random() < 0.1:  # the source's word on the time alone, to everybody
                for log in [*self._post_logs, *self._fan_logs]:
                    log.append(Raw(None, clock))
        for log in [*self._post_logs, *self._fan_logs]:
            log.append(Raw(None, end=True))

    def run(self) -> Said:
        """Until nothing is left to read anywhere."""
        while ready := self._ready():
            step, number = self._rng.choice(ready)
            {
                "posts": self._run_posts,
                "fans": self._run_fans,
                "shuffle": self._run_shuffle,
                "alerts": self._run_alerts,
            }[step](number)
        return self.said

    def _ready(self) -> list[tuple[str, int]]:
        logs: dict[str, Sequence[Sized]] = {
            "posts": self._post_logs,
            "fans": self._fan_logs,
            "shuffle": self._shuffle_logs,
        }
        ready = [(step, n) for step, group in logs.items() for n, log in enumerate(group) if log]
        return [*ready, ("alerts", 0)] if self._signals else ready

    def _fetch(self, log: deque[Raw]) -> list[Raw]:
        return [log.popleft() for _ in range(min(len(log), self._rng.randint(1, self._most)))]

    def _run_posts(self, number: int) -> None:
        for posted in self._posts[number].feed(self._fetch(self._post_logs[number])):
            self.said.counts.add(posted.counts)
            for _, refusal in posted.refused:
                self.said.refused[refusal.code] += 1
            for place, message in enumerate(posted.shuffled):
                self._shuffle_logs[place].append(encode(message))
        if not self._post_logs[number] and self._rng.random() < 0.3:
            # Nothing is waiting, and no wall time has passed: saying so must change nothing.
            for log in self._shuffle_logs:
                log.append(encode(self._posts[number].quiet()))

    def _run_fans(self, number: int) -> None:
        for out in self._fans[number].feed(self._fetch(self._fan_logs[number])):
            self.said.counts.add(out.counts)
            for _, refusal in out.refused:
                self.said.refused[refusal.code] += 1
            self._signals += [encode(signal) for signal in out.signals]
        if not self._fan_logs[number] and self._rng.random() < 0.3:
            self._signals.append(encode(self._fans[number].quiet()))

    def _run_shuffle(self, number: int) -> None:
        log = self._shuffle_logs[number]
        for _ in range(min(len(log), self._rng.randint(1, self._most))):
            for signal in self._shuffle[number].feed(decode_shuffled(log.popleft()), 0.0):
                self._signals.append(encode(signal))

    def _run_alerts(self, _: int) -> None:
        told = self._alerts.feed(decode_signal(self._signals.popleft()), 0.0)
        for alert in told.alerts:
            if isinstance(alert, Withdrawn):
                self.said.alerts.pop(alert.alert_id, None)
                self.said.revisions.pop(alert.alert_id, None)
            else:
                self.said.alerts[alert.alert_id] = alert
                self.said.revisions[alert.alert_id].append(alert.revision)
        for member in told.memberships:
            self.said.home[member.platform, member.id] = member.cluster_id
        self.said.closed += told.closed


def lived(
    streams: Sequence[Sequence[Item]],
    parameters: Parameters,
    sources: int,
    shuffles: int,
    seed: int,
    most: int,
) -> Said:
    """The same streams through a live run whose every choice follows from `seed`; `most` records a fetch."""
    live = Live(parameters, sources, shuffles, random.Random(seed), most)
    for stream in streams:
        live.publish(stream)
    return live.run()


def alerts_of(said: Said) -> list[dict[str, object]]:
    """Every field but the revision, in order of id."""
    plain = [
        orjson.loads(encode_alert(alert)) for _, alert in sorted(said.alerts.items())
    ]  # as consumers see them
    return [{name: value for name, value in alert.items() if name != "revision"} for alert in plain]

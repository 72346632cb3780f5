"""Accounts that post at an inhuman pace: too fast, or too evenly and without sleep.

The unit is the waking stretch: UTC hours in which an account posts, until it is silent for a night's sleep.
It is one alert at most. Complete hours are folded in order of time, so the findings are a function of the
set of posts; an hour that is still going on is looked at early for one thing only, the number of its posts,
which cannot shrink. How fast is fast depends on the account's own past stretches, never on other accounts,
so it does not matter which accounts a worker has.

Sleep and spacing as marks of automation: Chu et al., "Detecting Automation of Twitter Accounts", IEEE TDSC
2012; Pozzana and Ferrara, "Measuring Bot and Human Behavioral Dynamics", Frontiers in Physics 2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

from pipeline.detect.activity import Activity
from pipeline.detect.author_findings import describe, flagged, rate
from pipeline.detect.author_runs import Habit, Run
from pipeline.detect.clock import Tick
from pipeline.detect.finding import Finding
from pipeline.detect.parameters_volume import AuthorParameters
from schemas.times import DAY, HOUR, Micros

Key = tuple[str, str]
"""Platform and author."""

_WORTH_A_LOOK = 1.05
"""Growth of what waits after which an account is looked at again ahead of time: a look costs a sort of all of it."""

_IN_ORDER = attrgetter("at", "post_id")


class _Account:
    """Posts of hours that are not complete, and the stretch so far."""

    __slots__ = ("looked", "pending", "run")

    def __init__(self) -> None:
        self.pending: list[Activity] = []
        self.run: Run | None = None
        self.looked = (0, 0)  # hour and posts waiting when it was last looked at ahead of time


class AuthorPace:
    """Finds inhuman pace (kind `author_burst`). `lateness` in microseconds, the stream's.

    When the stream has ended all is said, and the next stream begins from nothing.
    """

    def __init__(self, parameters: AuthorParameters, lateness: Micros) -> None:
        self.parameters = parameters
        self.lateness = lateness
        self._half_life = round(parameters.habit_half_life_days * DAY)
        self._forget = round(parameters.forget_days * DAY)
        self._clear()

    def _clear(self) -> None:
        self._accounts: dict[Key, _Account] = {}
        self._habits: dict[Key, Habit] = {}
        self._hot: set[Key] = set()  # so many posts that it may be worth looking before the hour is complete
        self._fresh: set[Key] = set()  # those of them that got posts since they were looked at
        self._complete = 0  # hours before this one are complete
        self._sweep: Micros = 0

    def __len__(self) -> int:
        """Accounts in memory."""
        return len(self._accounts.keys() | self._habits.keys())

    def add(self, rows: Sequence[Activity]) -> None:
        """Takes posts, in any order. Costs O(1) a post."""
        accounts, floor = self._accounts, self.parameters.pace_posts
        for row in rows:
            key = (row.platform, row.author_id)
            account = accounts.get(key)
            if account is None:
                account = accounts[key] = _Account()
            pending = account.pending
            pending.append(row)
            if len(pending) >= floor:
                self._hot.add(key)
                self._fresh.add(key)

    def advance(self, tick: Tick) -> list[Finding]:
        """What is new to say at `tick`, in order of (first_seen, alert_id)."""
        found: list[Finding] = []
        complete = tick.watermark // HOUR
        look = self._fresh if complete == self._complete else self._hot
        if complete != self._complete:
            self._complete = complete
            for key, account in list(self._accounts.items()):
                found += self._settle(key, account)
                if account.run is None and not account.pending:
                    del self._accounts[key]
        for key in list(look):
            self._fresh.discard(key)
            hot = self._accounts.get(key)
            if hot is None or len(hot.pending) < self.parameters.pace_posts:
                self._hot.discard(key)
            elif finding := self._ahead(key, hot, tick):
                found.append(finding)
        if tick.ended:
            self._clear()
        elif tick.watermark >= self._sweep:
            self._sweep = tick.watermark + DAY
            limit = tick.watermark - self._forget - HOUR
            for key in [key for key, habit in self._habits.items() if habit.last < limit]:
                del self._habits[key]
        found.sort(key=lambda finding: (finding.first_seen, finding.alert_id))
        return found

    def _settle(self, key: Key, account: _Account) -> list[Finding]:
        """Folds the hours that have become complete."""
        found: list[Finding] = []
        border = self._complete * HOUR
        if account.pending:
            ready = sorted((row for row in account.pending if row.at < border), key=_IN_ORDER)
            if ready:
                account.pending = [row for row in account.pending if row.at >= border]
            for hour, rows in groupby(ready, key=lambda row: row.at // HOUR):
                if account.run is not None and hour - account.run.last > self.parameters.sleep_hours:
                    found += self._finish(key, account.run)
                    account.run = None
                if account.run is None:
                    account.run = Run(hour, self._threshold(key, hour))
                account.run.fold(self.parameters, hour, list(rows))
        run = account.run
        if run is not None and self._complete > run.last + self.parameters.sleep_hours:
            found += self._finish(key, run)
            account.run = None
        elif run is not None and (finding := self._say(key, run, run)):
            found.append(finding)
        return found

    def _threshold(self, key: Key, hour: int) -> float:
        habit = self._habits.get(key)
        if habit is None or hour * HOUR - habit.last > self._forget:
            return float(self.parameters.pace_posts)
        return max(float(self.parameters.pace_posts), self.parameters.habit_ratio * habit.pace())

    def _finish(self, key: Key, run: Run) -> list[Finding]:
        """The stretch is over: its last word, and what it teaches about the account."""
        p, at = self.parameters, (run.last + 1) * HOUR
        found = [describe(p, key, run, closed=True)] if flagged(run) else []
        if run.peak >= p.quiet_posts:
            habit = self._habits.get(key)
            if habit is None or at - habit.last > self._forget:
                habit = self._habits[key] = Habit()
            habit.learn(at, run.posts, run.square, self._half_life)
        return found

    def _ahead(self, key: Key, account: _Account, tick: Tick) -> Finding | None:
        """Looks at the first incomplete hour, where the stretch that it belongs to is already certain."""
        hour, waiting = self._complete, len(account.pending)
        if account.looked[0] == hour and waiting < _WORTH_A_LOOK * account.looked[1]:
            return None
        rows = sorted((row for row in account.pending if row.at // HOUR == hour), key=_IN_ORDER)
        if rows and tick.progress < rows[0].at:
            self._fresh.add(key)
            return None
        account.looked = hour, waiting
        if len(rows) < self.parameters.pace_posts:
            return None
        run = account.run or Run(hour, self._threshold(key, hour))
        if len(rows) < run.threshold:
            return None
        account.run = run
        return self._say(key, run, run.peek(self.parameters, hour, rows))

    def _say(self, key: Key, run: Run, state: Run) -> Finding | None:
        """The finding, if it differs enough from what was said of this stretch before."""
        if not flagged(state):
            return None
        said = run.said
        if (
            said is not None
            and rate(self.parameters, state) == said.severity
            and state.posts < self.parameters.growth * said.posts.count
        ):
            return None
        run.said = describe(self.parameters, key, state, closed=False)
        return run.said

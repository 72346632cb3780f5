"""Accounts that post at an inhuman pace: too fast, or too evenly and without sleep.

The unit is the waking stretch: UTC hours in which an account posts, until it is silent for a night's sleep.
It is one alert at most. Complete hours are folded in order of time, so what is told is a function of the
set of posts; an hour that is still going on is looked at early for one thing only, the number of its posts,
which cannot shrink. Here an account is held against its own past stretches alone, so it does not matter which
accounts a worker has. What is usual on the platform is told by the day (`author_days`), and `AuthorMerge`, where
all partitions meet, judges the stretches that are told here because they might be worth an alert somewhere.

Sleep and spacing as marks of automation: Chu et al., "Detecting Automation of Twitter Accounts", IEEE TDSC
2012; Pozzana and Ferrara, "Measuring Bot and Human Behavioral Dynamics", Frontiers in Physics 2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

from pipeline.detect.activity import Activity
from pipeline.detect.author_days import AuthorDay, AuthorDays, AuthorWord, rung
from pipeline.detect.author_runs import Habit, Run, Stretch
from pipeline.detect.clock import Tick
from pipeline.detect.parameters_volume import AuthorParameters
from schemas.times import DAY, HOUR, Micros

Key = tuple[str, str]
"""Platform and author."""


_IN_ORDER = attrgetter("at", "post_id")


class _Account:
    """Posts of hours that are not complete, and the stretch so far."""

    __slots__ = ("looked", "pending", "run")

    def __init__(self) -> None:
        self.pending: list[Activity] = []
        self.run: Run | None = None
        self.looked = (0, 0)  # hour and posts waiting when it was last looked at ahead of time


class AuthorPace:
    """Looks for inhuman pace (kind `author_burst`) among the accounts of one partition, `source` by number.

    When the stream has ended all is said, and the next stream begins from nothing.
    """

    def __init__(self, parameters: AuthorParameters, source: int) -> None:
        self.parameters = parameters
        self._source = source
        self._floor = min(parameters.pace_least, parameters.pace_posts)
        self._half_life = round(parameters.habit_half_life_days * DAY)
        self._forget = round(parameters.forget_days * DAY)
        self._clear()

    def _clear(self) -> None:
        self._accounts: dict[Key, _Account] = {}
        self._habits: dict[Key, Habit] = {}
        self._days = AuthorDays()
        self._hot: set[Key] = set()  # so many posts that it may be worth looking before the hour is complete
        self._fresh: set[Key] = set()  # those of them that got posts since they were looked at
        self._complete = 0  # hours before this one are complete
        self._sweep: Micros = 0
        self._next: Micros = 0  # watermark at which there is something to do, whatever came

    def __len__(self) -> int:
        """Accounts in memory."""
        return len(self._accounts.keys() | self._habits.keys())

    def add(self, rows: Sequence[Activity]) -> None:
        """Takes posts, in any order. Costs O(1) a post."""
        accounts, floor = self._accounts, self._floor
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

    def due(self, watermark: Micros) -> bool:
        """Whether `advance` has anything to do: it is asked after every post, and for most there is nothing."""
        return bool(self._fresh) or watermark >= self._next

    def advance(self, tick: Tick) -> AuthorWord | None:
        """What is new to tell at `tick`: stretches that may be worth an alert, and days that are complete."""
        told: list[Stretch] = []
        complete = tick.watermark // HOUR
        look = self._fresh if complete == self._complete else self._hot
        days: list[AuthorDay] = []
        if complete != self._complete:
            self._complete = complete
            for key, account in list(self._accounts.items()):
                told += self._settle(key, account)
                if account.run is None and not account.pending:
                    del self._accounts[key]
            days = self._days.take(tick.watermark // DAY)
        for key in sorted(look):  # messages are the same whatever the hash seed
            self._fresh.discard(key)
            hot = self._accounts.get(key)
            if hot is None or len(hot.pending) < self._floor:
                self._hot.discard(key)
            else:
                told += self._ahead(key, hot, tick)
        if tick.ended:
            self._clear()
        elif tick.watermark >= self._sweep:
            self._sweep = tick.watermark + DAY
            limit = tick.watermark - self._forget - HOUR
            for key in [key for key, habit in self._habits.items() if habit.last < limit]:
                del self._habits[key]
        self._next = min((self._complete + 1) * HOUR, self._sweep)
        return AuthorWord(self._source, days, told) if days or told else None

    def _settle(self, key: Key, account: _Account) -> list[Stretch]:
        """Folds the hours that have become complete."""
        told: list[Stretch] = []
        border = self._complete * HOUR
        if account.pending:
            ready = sorted((row for row in account.pending if row.at < border), key=_IN_ORDER)
            if ready:
                account.pending = [row for row in account.pending if row.at >= border]
            for hour, rows in groupby(ready, key=lambda row: row.at // HOUR):
                if account.run is not None and hour - account.run.last > self.parameters.sleep_hours:
                    told += self._finish(key, account.run)
                    account.run = None
                if account.run is None:
                    account.run = Run(hour, self._usual(key, hour))
                account.run.fold(self.parameters, hour, list(rows))
        run = account.run
        if run is not None and self._complete > run.last + self.parameters.sleep_hours:
            told += self._finish(key, run)
            account.run = None
        elif run is not None:
            told += self._say(key, run, run)
        return told

    def _usual(self, key: Key, hour: int) -> float:
        """The account's own usual busy hour in posts, 0 where it is not known."""
        habit = self._habits.get(key)
        return 0.0 if habit is None or hour * HOUR - habit.last > self._forget else habit.pace()

    def _finish(self, key: Key, run: Run) -> list[Stretch]:
        """The stretch is over: its last word, and what it teaches about the account and the platform."""
        p, at, told = self.parameters, (run.last + 1) * HOUR, list[Stretch]()
        ordinary = True
        if run.posts >= p.pace_posts or run.bots or self._remarkable(run):
            stretch = run.stretch(key, closed=True)
            ordinary = not (stretch.ticker(p) or stretch.declared(p))
            told = [stretch] if self._remarkable(run) else []
        if ordinary:
            day = (at + p.sleep_hours * HOUR) // DAY  # when it is known to be over
            self._days.add(day, key, run.peak, run.most_awake, run.even_peak > 0)
        if run.peak >= p.quiet_posts:
            habit = self._habits.get(key)
            if habit is None or at - habit.last > self._forget:
                habit = self._habits[key] = Habit()
            habit.learn(at, run.posts, run.square, self._half_life)
        return told

    def _ahead(self, key: Key, account: _Account, tick: Tick) -> list[Stretch]:
        """Looks at the first incomplete hour, where the stretch that it belongs to is already certain."""
        hour, waiting = self._complete, len(account.pending)
        usual = account.run.usual if account.run is not None else self._usual(key, hour)
        if account.looked[0] == hour and self._step(waiting, usual) == self._step(account.looked[1], usual):
            return []  # no more than what was looked at, as far as judgements go
        rows = sorted((row for row in account.pending if row.at // HOUR == hour), key=_IN_ORDER)
        if rows and tick.progress < rows[0].at:
            self._fresh.add(key)
            return []
        account.looked = hour, waiting
        if len(rows) < self._floor:
            return []
        run = account.run or Run(hour, self._usual(key, hour))
        state = run.peek(hour, rows)
        if not self._remarkable(state):
            return []
        account.run = run
        return self._say(key, run, state)

    def _step(self, posts: int, usual: float) -> tuple[int, ...]:
        """How far so many posts in an hour reach, in steps that may change a judgement: some twenty up to a hundred
        posts, so that an account of thousands is not looked at for each of them."""
        p = self.parameters
        limits = (p.pace_posts, p.extreme_posts, p.habit_ratio * usual)
        return (rung(posts), *(posts >= limit for limit in limits))

    def _remarkable(self, run: Run) -> bool:
        """Whether it would be worth an alert on some platform."""
        p = self.parameters
        return run.peak >= max(self._floor, p.habit_ratio * run.usual) or run.even_awake >= p.sleepless_hours

    def _say(self, key: Key, run: Run, state: Run) -> list[Stretch]:
        """The stretch, if it may be judged differently than what was told of it before, or has grown."""
        if not self._remarkable(state):
            return []
        said, now = run.said, state.stretch(key, closed=False)
        if (
            said is not None
            and self._marks(now) == self._marks(said)
            and now.posts < self.parameters.growth * said.posts
        ):
            return []
        run.said = now
        return [now]

    def _marks(self, stretch: Stretch) -> tuple[object, ...]:
        """What a judgement turns on, as far as a step of it could change one."""
        p, least = self.parameters, self.parameters.sleepless_hours - 1
        paces = (stretch.peak, stretch.even_peak, stretch.strict_peak)
        limits = (p.pace_posts, p.extreme_posts, p.habit_ratio * stretch.usual)
        return (
            *(rung(pace) for pace in paces),
            *(pace >= limit for pace in paces for limit in limits),
            max(stretch.even_awake, least),
            max(stretch.strict_awake, least),
            stretch.ticker(p),
            stretch.declared(p),
            max(stretch.replies, stretch.reposts) < p.innocent_share * stretch.posts,
        )

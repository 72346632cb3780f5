"""Fans come and go: follow events of the pages that are tracked, and hourly counts of all pages."""

from __future__ import annotations

from bisect import bisect_right

from pipeline.scenario.authors import join_date, recruit
from pipeline.scenario.pages import Page
from pipeline.scenario.rhythm import awake, poisson
from pipeline.scenario.world import World
from schemas.records import FanCount
from schemas.times import HOUR, MINUTE, SECOND, Micros

_PER_HOUR = 0.00045
"""New fans an hour for each fan there is, on average."""

_LEAVING = 0.35
"""Fans lost for each one gained."""


def come_and_go(world: World) -> None:
    """Adds the ordinary follow events of tracked pages."""
    for page in world.pages:
        if not page.tracked:
            continue
        rng = world.stream(f"fans/{page.platform}/{page.id}")
        zone = "paris" if page.lang == "fr" else "london"
        for hour in range(world.start, world.end, HOUR):
            rate = page.followers * _PER_HOUR * awake(hour, zone) * rng.gammavariate(6, 1 / 6)
            for _ in range(poisson(rate, rng)):
                at = hour + int(rng.random() * HOUR)
                actor = recruit(rng, page.platform, zone, join_date(page.platform, world.start, rng))
                world.follow(page, actor, at, posts=int(rng.lognormvariate(5, 1.6)))
                if rng.random() < _LEAVING:
                    leaver = recruit(rng, page.platform, zone, join_date(page.platform, world.start, rng))
                    world.follow(page, leaver, at + int(rng.random() * 10 * MINUTE), 3, "unfollow")


def _net(world: World, page: Page) -> tuple[list[Micros], list[int]]:
    """Moments of a page's follow events, and the net gain up to each."""
    events = sorted(
        (event.at, 1 if event.action == "follow" else -1)
        for event in world.follows
        if (event.platform, event.page_id) == (page.platform, page.id)
    )
    gains, total = [], 0
    for _, step in events:
        total += step
        gains.append(total)
    return [at for at, _ in events], gains


def count(world: World) -> None:
    """Adds an hourly reading of every page that has fans, after all follow events are there."""
    for page in world.pages:
        if not page.followers:
            continue
        rng = world.stream(f"readings/{page.platform}/{page.id}")
        zone = "paris" if page.lang == "fr" else "london"
        minute = rng.randrange(60) * MINUTE
        times, gains = _net(world, page) if page.tracked else ([], [])
        followers, posts = page.followers, 200 + rng.randrange(4000)
        shown = followers
        for hour in range(world.start, world.end, HOUR):
            at = hour + minute + int(rng.random() * 20 * SECOND)
            if page.tracked:
                done = bisect_right(times, at)
                followers = page.followers + (gains[done - 1] if done else 0)
            else:
                rate = page.followers * _PER_HOUR * awake(at, zone)
                followers += poisson(rate * rng.gammavariate(6, 1 / 6), rng) - poisson(rate * _LEAVING, rng)
            posts += rng.random() < 0.15
            fault = next((f for f in world.faults if f.page is page and f.start <= at < f.end), None)
            shown = followers if fault is None else shown if fault.value is None else fault.value
            world.readings.append(
                FanCount(
                    page.platform, page.id, at, shown, page.name, following=page.followers % 613, posts=posts
                )
            )

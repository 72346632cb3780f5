"""Operations and look-alikes of varied strength: from ones that anybody would see to ones that nobody can tell apart.

Each world holds two of each kind of operation and two of each kind of look-alike, on pages and with accounts of their
own. What they are like is drawn at random, evenly on a logarithmic scale where it is a size. Some look-alikes are hard
on purpose: slogans of fans, an association that declared nothing, a scheduled programme account, readers of one feed.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from pipeline.scenario.authors import Author, join_date, recruit
from pipeline.scenario.pages import Page
from pipeline.scenario.plants import Plant
from pipeline.scenario.plants.base import authors_of, crowd, grown
from pipeline.scenario.plants.news_ticker import article_url
from pipeline.scenario.rhythm import poisson
from pipeline.scenario.truth import Expected, Planted
from pipeline.scenario.world import World, moments
from schemas.alerts import AlertKind
from schemas.times import DAY, HOUR, SECOND, Micros
from tests.eval.varied_posts import (
    ON_PAGES,
    Made,
    begin,
    busy_person,
    copied,
    flood,
    machine,
    outcry,
    passed_on,
    size_between,
    spread,
    text_of,
)

# Fans.


def _fans(
    world: World, rng: Random, page: Page, times: list[Micros], actors: list[Author], said: list[int]
) -> Made:
    for at, actor, posts in zip(times, actors, said, strict=True):
        world.follow(page, actor, at, posts)
    return page.id, []


def _tracked(world: World, place: int) -> Page:
    pages = [page for page in world.pages if page.tracked]
    return pages[place % len(pages)]


def bought(world: World, rng: Random, place: int) -> Made:
    page, start, size = _tracked(world, place), begin(world, rng), round(size_between(rng, 60, 4000))
    empty, batch = rng.uniform(0.05, 1), world.start - int(rng.uniform(20, 400) * DAY)
    width = size_between(rng, 3, 900) * DAY
    times = moments(start, start + round(size_between(rng, 0.3, 20) * HOUR), size, rng)
    actors = [
        recruit(rng, page.platform, "paris", min(world.start, batch - int(rng.random() * width)))
        for _ in times
    ]
    return _fans(
        world, rng, page, times, actors,
        [0 if rng.random() < empty else int(rng.lognormvariate(4, 1.6)) for _ in times],
    )  # fmt: skip


def broadcast(world: World, rng: Random, place: int) -> Made:
    """Fans after a broadcast, or because the platform recommends the page to those who have just joined."""
    page, start, size = _tracked(world, place), begin(world, rng), round(size_between(rng, 60, 4000))
    fresh = 0.5 * rng.random() ** 2
    times = spread(start, round(size_between(rng, 2, 20) * HOUR), size, rng)
    actors = [
        recruit(rng, page.platform, "paris", world.start - int(rng.random() * 20 * DAY))
        if rng.random() < fresh
        else recruit(rng, page.platform, "paris", join_date(page.platform, world.start, rng))
        for _ in times
    ]
    return _fans(
        world, rng, page, times, actors, [poisson(0.5 + rng.lognormvariate(2, 2), rng) for _ in times]
    )


# Groups that share the same things.


def _ring(
    world: World, rng: Random, people: list[Author], links: list[str], gap: float, missing: float
) -> Made:
    start, posts = begin(world, rng), []
    for link in links:
        at = start + int(rng.random() * 14 * HOUR)
        for person in people:
            if rng.random() >= missing:
                moment = at + int(rng.random() * gap * SECOND)
                posts.append(world.say(person, moment, f"{text_of(rng, 1)[:140]} {link}", rng))
    return "", posts


def ring(world: World, rng: Random, place: int) -> Made:
    people = [grown(world, "twitter", rng) for _ in range(round(size_between(rng, 3, 25)))]
    links = [article_url(f"site-{rng.randrange(200)}", rng) for _ in range(round(size_between(rng, 3, 30)))]
    return _ring(world, rng, people, links, size_between(rng, 2, 200), rng.uniform(0, 0.6))


def readers(world: World, rng: Random, place: int) -> Made:
    """Outlets of one publisher, readers of one paper, or people whose tool posts what one feed brings."""
    people = crowd(world, "twitter", "fr", round(size_between(rng, 3, 25)), rng)
    sites = rng.choice((1, 1, 2, 200))
    links = [
        article_url(f"journal-{rng.randrange(sites)}", rng) for _ in range(round(size_between(rng, 3, 15)))
    ]
    return _ring(world, rng, people, links, size_between(rng, 10, 1000), rng.uniform(0.1, 0.7))


Maker = Callable[[World, Random, int], Made]

MAKERS: tuple[tuple[str, AlertKind, Expected, Maker], ...] = (
    ("copied", "copy_paste", "alert", copied),
    ("passed_on", "copy_paste", "no_warning", passed_on),
    ("flood", "burst", "alert", flood),
    ("outcry", "burst", "no_warning", outcry),
    ("machine", "author_burst", "alert", machine),
    ("busy_person", "author_burst", "no_warning", busy_person),
    ("bought", "fan_spike", "alert", bought),
    ("broadcast", "fan_spike", "no_warning", broadcast),
    ("ring", "coordinated_accounts", "alert", ring),
    ("readers", "coordinated_accounts", "no_warning", readers),
)
TIMES = 2
"""How often each stands in one world."""


def _plant(name: str, kind: AlertKind, expected: Expected, maker: Maker, place: int) -> Plant:
    def plant(world: World, rng: Random) -> Planted:
        before = len(world.follows)
        subject, posts = maker(world, rng, place)
        posts.sort(key=lambda post: (post.created_at, post.id))
        follows = world.follows[before:]
        times = [post.created_at for post in posts] + [follow.at for follow in follows]
        accounts = authors_of(posts) or tuple(follow.actor_id for follow in follows)
        platform = follows[0].platform if follows else "twitter"
        return Planted(
            name, kind, expected, "warning" if expected == "alert" else "info", platform, subject, accounts,
            tuple(post.id for post in posts), min(times), max(times), name, name,
        )  # fmt: skip

    return plant


def plants(seed: int) -> dict[str, Plant]:
    """What one world holds. No page has two waves or two rushes of fans."""
    rng = Random(seed)
    pages, tracked = rng.sample(range(len(ON_PAGES)), 2 * TIMES), rng.sample(range(8), 2 * TIMES)
    out: dict[str, Plant] = {}
    for name, kind, expected, maker in MAKERS:
        for turn in range(TIMES):
            second = turn + TIMES * (expected == "no_warning")
            place = {"burst": pages, "fan_spike": tracked}.get(kind, pages)[second]
            out[f"{name}/{turn}"] = _plant(name, kind, expected, maker, place)
    return out

"""Pile-ons and fake fans of varied size and manner, and crowds that only look like them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random

import msgspec

from pipeline.scenario.authors import Author, join_date, recruit
from pipeline.scenario.pages import Page
from pipeline.scenario.plants import Plant, giveaway
from pipeline.scenario.plants.base import crowd, grown, of_posts
from pipeline.scenario.plants.copying import disguise, own_hashtag
from pipeline.scenario.truth import Expected, Planted
from pipeline.scenario.world import World, decaying, moments
from schemas.alerts import AlertKind
from schemas.records import Post
from schemas.times import DAY, HOUR, MINUTE, Micros
from tests.eval.varied_posts import size_between, text_of

PACKS = ("rival", "batch", "campaign")
VICTIMS = ("kazapro", "lunaria-boutique", "velocea", "chef-solenn")
RIVAL = "norelia"
CHANNELS = ("tuto-maison", "serie-club", "tribune-nord", "la-cuisine-de-babou")
MARKS = ("age", "profile", "name", "words", "step")


def _told(name: str, kind: AlertKind, expected: Expected, page: Page, posts: list[Post], how: str) -> Planted:
    posts.sort(key=lambda post: (post.created_at, post.id))
    return of_posts(name, kind, expected, page.platform, page.id, posts, how, how)


# Pile-ons.


def pack(world: World, rng: Random, name: str, style: str, victim: str) -> Planted:
    """15 to 60 accounts that fall upon a page within half an hour to four hours, one to four posts each. By style most
    of them praise one rival in the days before, were created together, or copy one text."""
    page, rival = world.page("twitter", victim), world.page("twitter", RIVAL)
    start, span = world.at(2, rng.uniform(8, 40)), round(size_between(rng, 0.5, 4) * HOUR)
    size, part = round(size_between(rng, 15, 60)), rng.uniform(0.7, 1)
    batch = world.start - int(rng.uniform(30, 600) * DAY)
    core, posts = text_of(rng, 2), list[Post]()
    accounts = [grown(world, page.platform, rng) for _ in range(size)]
    if style == "batch":
        accounts = [
            recruit(rng, page.platform, "paris", batch + int(rng.random() * 20 * DAY))
            if rng.random() < part
            else one
            for one in accounts
        ]
    friends = [account.handle for account in accounts]
    for account in accounts:
        if style == "rival" and rng.random() < part:
            for at in moments(start - 20 * HOUR, start - HOUR, rng.randrange(1, 4), rng):
                world.say(account, max(at, world.start), text_of(rng, 1), rng, rival)
        for at in moments(start, start + span, rng.randrange(1, 5), rng):
            copies = style == "campaign" and rng.random() < part
            text = disguise(core, account, own_hashtag(rng), friends, rng) if copies else text_of(rng, 1)
            posts.append(world.say(account, at, text, rng, page))
    return _told(name, "pile_on", "alert", page, posts, style)


# Fake fans.


def _member(
    world: World, rng: Random, page: Page, marks: tuple[str, ...], batch: Micros, sure: float
) -> Author:
    """One account of a workshop; each of its marks is there with probability `sure`."""

    def has(mark: str) -> bool:
        return mark in marks and rng.random() < sure

    created = (
        batch + int(rng.random() * 21 * DAY) if has("age") else join_date(page.platform, world.start, rng)
    )
    followers = rng.randrange(8) if has("profile") else None
    author = recruit(rng, page.platform, "paris", created, followers)
    return replace(author, name=f"{marks[0]}fan{rng.randrange(10, 9999)}") if has("name") else author


def workshop(world: World, rng: Random, name: str, channel: str) -> Planted:
    """8 to 40 accounts with two to four of the marks, four to ten posts each over two days."""
    page = world.page("youtube", channel)
    size, sure = round(size_between(rng, 8, 40)), rng.uniform(0.9, 1)
    marks = tuple(rng.sample(MARKS, rng.randrange(2, 5)))
    batch = world.start - int(rng.uniform(60, 900) * DAY)
    sessions = [world.at(day, rng.uniform(7, 22)) for day in (2, 2, 2, 3, 3, 3)]
    pool, posts = [text_of(rng, 1) for _ in range(8)], list[Post]()
    for _ in range(size):
        account = _member(world, rng, page, marks, batch, sure)
        if "step" in marks:
            times = [at + int(rng.random() * 8 * MINUTE) for at in sessions if rng.random() < sure]
        else:
            times = [world.at(day, rng.uniform(7, 22)) for day in (2, 3)]
        while len(times) < 4 or rng.random() < 0.6:
            times.append(world.at(rng.choice((2, 3)), rng.uniform(7, 22)))
        copies = "words" in marks
        for at in times:
            text = rng.choice(pool) if copies and rng.random() < 0.7 else text_of(rng, 1)
            posts.append(world.say(account, at, text, rng, page))
    return _told(name, "fake_fans", "alert", page, posts, f"{len(marks)} marks")


# Crowds.


def _people(world: World, rng: Random, page: Page, size: int, fresh: float) -> list[Author]:
    """Ordinary people, of whom a share joined in the last twenty days."""
    new = round(size * fresh)
    people = crowd(world, page.platform, page.lang, size - new, rng)
    people += [
        recruit(rng, page.platform, "paris", world.start - int(rng.random() * 20 * DAY)) for _ in range(new)
    ]
    rng.shuffle(people)
    return people


def _wave(world: World, rng: Random, page: Page, fresh: float, replies: float) -> list[Post]:
    start, size = world.at(2, rng.uniform(8, 38)), size_between(rng, 40, 400)
    fall = size_between(rng, 0.4, 2)
    times = decaying(start, start + 6 * HOUR, [(start, size / fall, round(fall * HOUR))], 1.0, rng)
    people = _people(world, rng, page, max(20, len(times)), fresh)
    first = world.say(people[0], start, text_of(rng, 1), rng, page)
    return [first] + [
        world.say(
            author, at, text_of(rng, 1), rng, page, reply_to=first.id if rng.random() < replies else None
        )
        for author, at in zip(people, times, strict=False)
    ]


def outage(world: World, rng: Random, name: str) -> Planted:
    """Customers of all ages, many of whom were there before."""
    page = world.page("twitter", "fibralto")
    return _told(
        name, "pile_on", "no_warning", page, _wave(world, rng, page, 0.04, rng.uniform(0.2, 0.7)), name
    )


def television(world: World, rng: Random, name: str) -> Planted:
    """Nearly all for the first time; the platform recommends the page to people who have just joined."""
    page = world.page("bluesky", "librairie-des-quais.example")
    return _told(name, "pile_on", "no_warning", page, _wave(world, rng, page, rng.uniform(0, 0.2), 0.1), name)


def prize_draw(world: World, rng: Random, name: str) -> Planted:
    """A giveaway: reposts and copies by people who take part."""
    planted = giveaway.plant(world, rng)
    return msgspec.structs.replace(planted, name=name, kind="pile_on", fr=name, en=name)


def club(world: World, rng: Random, name: str, channel: str, meets: bool) -> Planted:
    """15 to 60 enthusiasts, up to one in seven of them new; they meet at four appointments, or come when they like."""
    page = world.page("youtube", channel)
    evenings = [world.at(*when) for when in ((2, 13), (2, 20.5), (3, 13), (3, 20.5))]
    posts = []
    for fan in _people(world, rng, page, round(size_between(rng, 15, 60)), rng.uniform(0, 0.15)):
        for _ in range(4 + min(12, int(rng.expovariate(1 / 4)))):
            at = (
                rng.choice(evenings) + int(rng.expovariate(2) * HOUR)
                if meets
                else world.at(2, rng.uniform(8, 46))
            )
            posts.append(world.say(fan, at, text_of(rng, 1), rng, page))
    return _told(name, "fake_fans", "no_warning", page, posts, name)


def plants(seed: int) -> dict[str, Plant]:
    """What one world holds: no page has two things."""
    rng = Random(seed)
    victims, channels = rng.sample(VICTIMS, 2), rng.sample(CHANNELS, 4)
    styles = rng.sample(PACKS, 2)

    def named(name: str, make: Callable[..., Planted], **more: object) -> Plant:
        return partial(make, name=name, **more)

    return {
        "pack/0": named("pack/0", pack, style=styles[0], victim=victims[0]),
        "pack/1": named("pack/1", pack, style=styles[1], victim=victims[1]),
        "workshop/0": named("workshop/0", workshop, channel=channels[0]),
        "workshop/1": named("workshop/1", workshop, channel=channels[1]),
        "fan club that meets": named("fan club that meets", club, channel=channels[2], meets=True),
        "fan club": named("fan club", club, channel=channels[3], meets=False),
        "outage": named("outage", outage),
        "televised page": named("televised page", television),
        "giveaway": named("giveaway", prize_draw),
    }

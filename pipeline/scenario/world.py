"""The world of a scenario: who and what there is, and what has been recorded of it so far."""

from __future__ import annotations

from collections.abc import Iterable
from math import exp
from random import Random
from typing import NamedTuple

from pipeline.scenario.authors import Author, Population
from pipeline.scenario.pages import ALOOF, Page, catalogue
from pipeline.scenario.rhythm import awake, interest, midnight, stream
from pipeline.scenario.speech import form, grammar, marks, speak
from schemas.records import FanCount, Follow, Post
from schemas.times import DAY, HOUR, MINUTE, Micros

POSTS_A_DAY = 17_200.0
"""Ordinary posts a day at scale 1."""

MEAN_AWAKE = 0.807  # mean of rhythm.awake over a day
_LIMIT = {"twitter": 280, "bluesky": 300}


def record_id(author: Author, at: Micros, rng: Random) -> str:
    """A made-up post id in the platform's form; it holds the time, and random bits against collisions."""
    serial = rng.getrandbits(22)
    if author.platform == "twitter":
        return str((at // 1000 - 1_000_000_000_000) << 22 | serial)
    if author.platform == "bluesky":
        return f"at://{author.id}/app.bsky.feed.post/{at:x}{serial:06x}"
    return f"{'Ug' if author.platform == 'youtube' else 'p'}{at:x}{serial:06x}"


class Fault(NamedTuple):
    """A page's counter is out of order: from `start` to `end` it shows `value`, or its last good reading."""

    page: Page
    start: Micros
    end: Micros
    value: int | None


class World:
    """Times run from `start`, a midnight in Paris, over `days` days to `end`.

    `posts`, `follows`, `readings` and `faults` grow as the ordinary life and the plants add to them, in no
    order.
    """

    def __init__(self, seed: int, days: float, scale: float, start: Micros) -> None:
        self.seed, self.days, self.scale = seed, days, scale
        self.start = midnight(start)
        self.end = self.start + round(days * DAY)
        self.people = Population(seed, scale, self.start)
        self.pages = catalogue()
        self.posts: list[Post] = []
        self.follows: list[Follow] = []
        self.readings: list[FanCount] = []
        self.faults: list[Fault] = []
        self._pages = {(page.platform, page.id): page for page in self.pages}

    def stream(self, name: str) -> Random:
        """Random numbers for one purpose."""
        return stream(self.seed, name)

    def page(self, platform: str, page_id: str) -> Page:
        """One page of the catalogue.

        Raises:
            KeyError: it is not there.
        """
        return self._pages[platform, page_id]

    def at(self, day: int, hour: float) -> Micros:
        """A moment by the clock of Paris; day 1 is the first."""
        return self.start + (day - 1) * DAY + round(hour * HOUR)

    def say(
        self,
        author: Author,
        at: Micros,
        text: str,
        rng: Random,
        page: Page | None = None,
        reply_to: str | None = None,
        repost_of: str | None = None,
    ) -> Post:
        """Records a post; hashtags, mentions and links are read off its text."""
        limit = _LIMIT.get(author.platform, 10_000)
        if len(text) > limit:
            text = text[: limit - 1].rstrip() + "…"
        found = marks(text)
        post = Post(
            id=record_id(author, at, rng),
            platform=author.platform,
            author_id=author.id,
            created_at=at,
            text=text,
            lang=author.lang if author.platform in _LIMIT else None,
            target=page.id if page else None,
            author_name=author.name,
            author_created_at=author.created_at,
            author_followers=author.followers,
            reply_to=reply_to,
            repost_of=repost_of,
            is_repost=repost_of is not None,
            urls=found.urls,
            hashtags=found.hashtags,
            mentions=found.mentions,
        )
        self.posts.append(post)
        return post

    def chat(self, author: Author, at: Micros, rng: Random, page: Page | None = None) -> Post:
        """Records an ordinary post of somebody."""
        topic = page.topic if page else None
        text = speak(
            grammar(author.lang, topic),
            form(author.platform, author.manner, rng, False),
            author.lang,
            author.manner,
            rng,
        )
        return self.say(author, at, text, rng, page)

    def follow(self, page: Page, actor: Author, at: Micros, posts: int, action: str = "follow") -> Follow:
        """Records that somebody follows or leaves a page. `posts`: how many the actor has written."""
        event = Follow(
            page.platform, page.id, actor.id, at, action, actor.created_at, actor.name, actor.followers, posts
        )
        self.follows.append(event)
        return event

    def page_weights(
        self, platform: str, lang: str, at: Micros, zone: str
    ) -> list[tuple[Page | None, float]]:
        """The shares of attention of a platform's pages at a moment, None for posts on nobody's page."""
        pages = [page for page in self.pages if page.platform == platform and page.lang == lang]
        levels = [page.weight * interest(at, page.rhythm, zone) for page in pages]
        aloof = ALOOF[platform]
        nobody = sum(page.weight for page in pages) * aloof / (1 - aloof)
        return [(None, nobody), *zip(pages, levels, strict=True)]

    def volume(self, platform: str, lang: str, at: Micros) -> float:
        """Ordinary posts an hour that are expected on a platform in a language."""
        return sum(
            POSTS_A_DAY
            / 24
            * self.scale
            * circle.share
            * awake(at, circle.zone, circle.chronotype)
            / MEAN_AWAKE
            for circle in self.people.circles
            if circle.platform == platform and circle.lang == lang
        )

    def rate(self, page: Page, at: Micros) -> float:
        """Ordinary posts an hour that are expected on a page."""
        weights = self.page_weights(page.platform, page.lang, at, "paris" if page.lang == "fr" else "london")
        share = sum(weight for other, weight in weights if other is page) / sum(
            weight for _, weight in weights
        )
        return self.volume(page.platform, page.lang, at) * share


def moments(start: Micros, end: Micros, count: int, rng: Random) -> list[Micros]:
    """Moments spread evenly at random over [start, end), in order."""
    return sorted(start + int(rng.random() * (end - start)) for _ in range(count))


def decaying(
    start: Micros, end: Micros, levels: Iterable[tuple[Micros, float, Micros]], floor: float, rng: Random
) -> list[Micros]:
    """Moments whose density is a sum of outbreaks, by thinning.

    levels: for each outbreak when it begins, its summit in events an hour, and its time to fall by e. floor:
    events an hour in between.

    Method: Lewis and Shedler, "Simulation of nonhomogeneous Poisson processes by thinning", 1979.
    """
    outbreaks = list(levels)
    ceiling = (floor + sum(summit for _, summit, _ in outbreaks)) / HOUR
    out: list[Micros] = []
    at = float(start)
    while ceiling > 0:
        at += rng.expovariate(ceiling)
        if at >= end:
            break
        density = floor + sum(
            summit * exp(-(at - begin) / fall) for begin, summit, fall in outbreaks if at >= begin
        )
        if rng.random() * ceiling * HOUR < density:
            out.append(int(at))
    return out


def bystanders(world: World, platform: str, lang: str, count: int, rng: Random) -> list[Author]:
    """Different ordinary accounts, rather busy ones; all there are when fewer than `count`."""
    people = world.people.of(platform, lang)
    order = sorted(people, key=lambda author: rng.random() ** (1 / author.activity), reverse=True)
    return order[:count]


SLOT: Micros = 20 * MINUTE
"""The ordinary life's step: levels are constant within."""

"""What every plant has in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random
from typing import Protocol

from pipeline.scenario.authors import Author, join_date, recruit
from pipeline.scenario.truth import Expected, Planted
from pipeline.scenario.world import World, bystanders
from schemas.alerts import AlertKind
from schemas.records import Post
from schemas.times import DAY, Micros


class Plant(Protocol):
    """Adds one operation, or one innocent look-alike, to the world and says what it was.

    It runs after the ordinary posts and follow events are there and before fan counts are read off. `rng` is
    its own. What it plants lies a day or more after the world's start, so that detectors know what is usual.
    """

    def __call__(self, world: World, rng: Random) -> Planted: ...


def of_posts(
    name: str,
    kind: AlertKind,
    expected: Expected,
    platform: str,
    subject_id: str,
    posts: Sequence[Post],
    fr: str,
    en: str,
) -> Planted:
    """The entry of an operation that is made of posts, given in order of time."""
    return Planted(
        name=name,
        kind=kind,
        expected=expected,
        min_severity="warning" if expected == "alert" else "info",
        platform=platform,
        subject_id=subject_id,
        accounts=authors_of(posts),
        posts=tuple(post.id for post in posts),
        start=posts[0].created_at,
        end=posts[-1].created_at,
        fr=fr,
        en=en,
    )


def authors_of(posts: Iterable[Post]) -> tuple[str, ...]:
    """The ids of the authors, each once, in order of first appearance."""
    return tuple(dict.fromkeys(post.author_id for post in posts))


def young(world: World, platform: str, rng: Random, days: tuple[float, float], zone: str = "paris") -> Author:
    """An account made between `days[0]` and `days[1]` days before the start, with next to no followers."""
    created = world.start - int(rng.uniform(*days) * DAY)
    return recruit(rng, platform, zone, created, followers=int(rng.lognormvariate(2.0, 0.9)))


def grown(world: World, platform: str, rng: Random, zone: str = "paris") -> Author:
    """An ordinary account that has hardly posted so far."""
    return recruit(rng, platform, zone, join_date(platform, world.start, rng))


def crowd(world: World, platform: str, lang: str, count: int, rng: Random) -> list[Author]:
    """`count` different ordinary people in random order: half from the ordinary life, the rest passers-by."""
    known = bystanders(world, platform, lang, count // 2, rng)
    zone = "paris" if lang == "fr" else "london"
    people = known + [grown(world, platform, rng, zone) for _ in range(count - len(known))]
    rng.shuffle(people)
    return people


def camouflage(world: World, author: Author, until: Micros, rng: Random, most: int = 3) -> None:
    """Lets an account say up to `most` ordinary things before it gets to work."""
    for _ in range(rng.randrange(most + 1)):
        world.chat(author, world.start + int(rng.random() * (until - world.start)), rng)

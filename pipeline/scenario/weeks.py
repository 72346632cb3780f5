"""Three quiet weeks on four forums, in which a ring of ordinary profiles works for a brand, among groups of people that
have as much in common and are nobody's.

All groups are made by one function, `act`, and differ in their `Manner` alone. What a ring's `carefulness` does stands
in `ring`: 0 hides nothing, 1 leaves only what the work itself needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from random import Random

from pipeline.scenario.authors import Author, account_id, recruit
from pipeline.scenario.generate import START
from pipeline.scenario.names import FIRST_FR, LAST
from pipeline.scenario.rhythm import awake, poisson, stream
from pipeline.scenario.speech import grammar, marks, speak, without_accents
from schemas.records import Post
from schemas.times import DAY, HOUR, Micros

FORUMS = ("forum-auto", "forum-jardin", "forum-maison", "forum-voyage")
WEEKS: Micros = 21 * DAY
_BRANDS = tuple(
    f"{first}{last}" for first in ("Lun", "Vel", "Mar", "Sol", "Bor") for last in ("aria", "ovia", "exa")
)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a group behaves. Shares are 0..1 of its posts, or of its accounts for `batch` and `patterned`.

    a_day: least and most posts of an account on a day. batch, width: share of accounts made within so many days.
    office: share of posts in working hours. praise: name the brand. links: link to one of the `pages` pages of its
    site. threads: go to a thread that the group is in that day. within: of these, answer one of their own. copied: say
    again what one of them said. patterned: named by one pattern.
    """

    a_day: tuple[float, float] = (1.0, 3.0)
    batch: float = 0.0
    width: float = 20.0
    office: float = 0.0
    praise: float = 0.3
    links: float = 0.1
    pages: int = 20
    threads: float = 0.3
    within: float = 0.2
    copied: float = 0.0
    patterned: float = 0.0
    forums: int = 4
    days: tuple[int, int] = (0, 21)


def ring(carefulness: float, copies: bool) -> Manner:
    """The manner of a ring that hides itself so well."""
    c = carefulness
    return Manner(
        batch=1.0 - 0.7 * c, width=15 + 200 * c, office=1.0 - 0.8 * c, praise=0.7 - 0.4 * c, links=0.25 - 0.15 * c,
        threads=0.7 - 0.4 * c, within=0.4 - 0.3 * c, copied=0.3 * (1.0 - c) if copies else 0.0,
        patterned=0.8 * (1.0 - c),
    )  # fmt: skip


TWINS: dict[str, tuple[int, Manner]] = {
    "fan_club": (30, Manner(praise=0.8, links=0.15, threads=0.7, within=0.5, batch=0.1, forums=1)),
    "employees": (25, Manner(a_day=(0.5, 1.5), office=0.9, praise=0.6, links=0.4, batch=0.25, width=60)),
    "journalists": (20, Manner(praise=0.6, links=0.5, pages=60, office=0.5, threads=0.4, days=(4, 16))),
    "regulars": (30, Manner(a_day=(1.0, 4.0), praise=0.05, links=0.05, threads=0.9, within=0.6, forums=1)),
    "charity": (40, Manner(praise=0.7, links=0.5, pages=1, copied=0.5, days=(8, 16), batch=0.1)),
}
"""Accounts and manner of the innocent groups."""


@dataclass(frozen=True, slots=True)
class Weeks:
    """Posts in order of time; the accounts of each group, (platform, id)."""

    posts: list[Post]
    groups: dict[str, set[tuple[str, str]]]


class _Forums:
    """The four forums: threads that open and fade, and what is said in them."""

    def __init__(self, rng: Random, start: Micros) -> None:
        self.rng = rng
        self.start = start
        self.posts: list[Post] = []
        self.last: dict[tuple[str, str], list[Post]] = {}

    def thread(self, forum: str, day: int) -> str:
        """A thread that is open that day; fresh ones draw more."""
        opened = max(0, day - int(self.rng.expovariate(0.6)))
        return f"{forum}/{opened}-{int(8 * self.rng.random() ** 1.5)}"

    def say(self, who: Author, at: Micros, text: str, thread: str, answered: Post | None) -> Post:
        found = marks(text)
        post = Post(
            id=f"{who.platform}-{at:x}-{self.rng.getrandbits(24):x}", platform=who.platform, author_id=who.id,
            created_at=at, text=text, target=thread, author_name=who.name, author_created_at=who.created_at,
            reply_to=answered.id if answered else None, urls=found.urls, hashtags=found.hashtags,
        )  # fmt: skip
        self.posts.append(post)
        return post


def _moment(world: _Forums, day: int, office: bool) -> Micros:
    rng, midnight = world.rng, world.start + day * DAY
    while True:
        at = midnight + int(rng.random() * DAY)
        if office:
            return midnight + int(rng.uniform(9, 17.5) * HOUR)
        if rng.random() * 1.8 < awake(at, "paris"):
            return at


def _account(world: _Forums, forum: str, manner: Manner, batch: Micros) -> Author:
    rng = world.rng
    old = rng.random() >= manner.batch
    created = (
        world.start - int(rng.uniform(30, 4000) * DAY)
        if old
        else batch + int(rng.random() * manner.width * DAY)
    )
    who = recruit(rng, forum, "paris", created)
    if rng.random() >= manner.patterned:
        return who
    name = without_accents(f"{rng.choice(FIRST_FR)}{rng.choice(LAST)[0]}{rng.randrange(10, 100)}").lower()
    return Author(
        account_id(forum, created, rng), forum, who.lang, who.zone, name, name, created, who.followers, 1.0, who.manner
    )  # fmt: skip


def act(world: _Forums, count: int, manner: Manner, brand: str) -> set[tuple[str, str]]:
    """Lets a group live its weeks; returns its accounts."""
    rng = world.rng
    forums = rng.sample(FORUMS, manner.forums)
    batch = world.start - int(rng.uniform(60, 400) * DAY)
    people = [_account(world, forums[n % len(forums)], manner, batch) for n in range(count)]
    site = f"https://{brand.lower()}.example"
    speech, said = grammar("fr"), [f"Franchement {brand} c'est du solide depuis le début"]
    for day in range(*manner.days):
        meeting = {forum: [world.thread(forum, day) for _ in range(2)] for forum in forums}
        today: dict[str, list[Post]] = {}
        plan = [
            (_moment(world, day, rng.random() < manner.office), who)
            for who in people
            for _ in range(poisson(rng.uniform(*manner.a_day), rng))
        ]
        for at, who in sorted(plan, key=lambda one: (one[0], one[1].id)):
            met = rng.random() < manner.threads
            thread = rng.choice(meeting[who.platform]) if met else world.thread(who.platform, day)
            own = [post for post in today.get(thread, []) if post.author_id != who.id]
            answered = rng.choice(own[-6:]) if own and rng.random() < manner.within else None
            text = (
                rng.choice(said[-8:])
                if rng.random() < manner.copied
                else _text(rng, speech, who, brand, manner.praise)
            )
            said.append(text)
            if rng.random() < manner.links:
                text += f" {site}/p{rng.randrange(manner.pages)}"
            today.setdefault(thread, []).append(world.say(who, at, text, thread, answered))
    return {(who.platform, who.id) for who in people}


def _text(rng: Random, speech: object, who: Author, brand: str, praise: float) -> str:
    text = speak(grammar("fr"), "post", "fr", who.manner, rng)
    if rng.random() >= praise:
        return text
    return f"{text} {rng.choice(('avec', 'comme chez', 'merci', 'vive', 'pour moi'))} {brand}"


def _ordinary(world: _Forums, count: int) -> None:
    rng = world.rng
    recent: dict[str, Post] = {}
    people = [_account(world, rng.choice(FORUMS), Manner(), 0) for _ in range(count)]
    rates = [min(rng.lognormvariate(-1.6, 1.2), 6.0) for _ in people]
    for day in range(WEEKS // DAY):
        for who, rate in zip(people, rates, strict=True):
            for _ in range(poisson(rate, rng)):
                thread = world.thread(who.platform, day)
                text = speak(grammar("fr"), "post", "fr", who.manner, rng)
                if rng.random() < 0.06:
                    text += f" chez {rng.choice(_BRANDS)}"
                if rng.random() < 0.06:
                    text += f" https://site-{int(80 * rng.random() ** 2)}.example/a{rng.randrange(40)}"
                answered = recent.get(thread) if rng.random() < 0.5 else None
                recent[thread] = world.say(who, _moment(world, day, False), text, thread, answered)


def weeks(
    seed: int,
    sizes: Sequence[int] = (10, 30, 60),
    carefulness: float = 0.25,
    ordinary: int = 800,
    around: bool = False,
    start: Micros = START,
    twins: Mapping[str, tuple[int, Manner]] = TWINS,
) -> Weeks:
    """One world: the same arguments give the same posts.

    Args:
        seed: any whole number. Rings of odd seeds copy nothing.
        sizes: accounts of each ring; each works for a brand of its own.
        carefulness: 0..1, as `ring`.
        ordinary: accounts that belong to no group.
        around: the innocent groups care for the brands that the rings work for, not for others.
        start: midnight of the first day.
        twins: the innocent groups.
    """
    rng = stream(seed, "weeks")
    world = _Forums(rng, start)
    _ordinary(world, ordinary)
    brands = rng.sample(_BRANDS, len(sizes) + len(twins))[::-1]
    theirs, others = brands[: len(sizes)], brands[len(sizes) :]
    groups = {
        f"ring_{size}": act(world, size, ring(carefulness, seed % 2 == 0), brand)
        for size, brand in zip(sizes, theirs, strict=True)
    }
    groups |= {
        name: act(world, count, manner, brand)
        for (name, (count, manner)), brand in zip(
            twins.items(), cycle(theirs) if around else others, strict=False
        )
    }
    world.posts.sort(key=lambda post: (post.created_at, post.platform, post.id))
    return Weeks(world.posts, groups)

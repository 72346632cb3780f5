"""A shop draws a prize among those who follow it: fans come by the hundred, and nobody bought them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from pipeline.scenario.authors import join_date, recruit
from pipeline.scenario.grammar import words
from pipeline.scenario.plants.base import crowd
from pipeline.scenario.speech import extended, speak
from pipeline.scenario.truth import Planted
from pipeline.scenario.world import World, decaying
from schemas.times import DAY, HOUR

RULES = {
    "wish": words(
        "count me in | fingers crossed | done and followed | {who} would love this | for {who} please"
        " | following since {day} | I need {np} anyway | my old one died {day} | what about {town}?"
    ),
    "why": words(
        "{who} runs with one | it beats {np} | I walk {num} miles {time} | better than {np}"
        " | {first} never shares hers | {judge} | I lost mine {spot} | {who} owes me {np}"
    ),
    "hope": [
        "3*{wish}, {why}{end}",
        "{why}, {wish}{end}",
        "{open}, {wish}: {why}{end}",
        "{wish} {spot}, {why}{end}",
    ],
}

_PRIZES = ("Loop watches", "running vests", "gym bags", "yoga mats", "water bottles")


def plant(world: World, rng: Random) -> Planted:
    """The page's own post, some hundred reposts and answers, and 900 new fans of all ages who come ever more rarely."""
    page = world.page("twitter", "fitloop")
    start = world.at(2, 12) + int(rng.uniform(-0.2, 0.2) * HOUR)
    end = start + 14 * HOUR
    host = replace(
        recruit(rng, page.platform, "london", world.start - 2_000 * DAY, followers=page.followers),
        id=page.id,
        name=page.name,
        handle=page.id,
    )
    rule = (
        f"Prize draw! Follow @{page.id} and repost for a chance to win one of {rng.randrange(3, 60)} "
        f"{rng.choice(_PRIZES)}. Ends at {rng.randrange(6, 12)}.{rng.randrange(10, 60)} pm."
    )
    first = world.say(host, start, rule, rng, page)
    accounts = []
    times = decaying(start, end, [(start, 330.0, 2 * HOUR), (start + HOUR, 90.0, 3 * HOUR)], 3.0, rng)
    for at in times:
        actor = recruit(rng, page.platform, "london", join_date(page.platform, world.start, rng))
        world.follow(page, actor, at, posts=int(rng.lognormvariate(5, 1.6)))
        accounts.append(actor.id)
    moments = decaying(start, end, [(start, 50.0, 2 * HOUR)], 0.5, rng)
    grammar = extended("en", "health", RULES)
    posts = [first]
    for at, author in zip(moments, crowd(world, page.platform, "en", len(moments), rng), strict=True):
        if rng.random() < 0.6:
            posts.append(world.say(author, at, first.text, rng, page, repost_of=first.id))
        else:
            text = speak(grammar, "hope", "en", author.manner, rng)
            posts.append(world.say(author, at, text, rng, page, reply_to=first.id))
    return Planted(
        "tirage_au_sort", "fan_spike", "no_warning", "info", page.platform, page.id, tuple(accounts),
        tuple(post.id for post in posts), times[0], times[-1],
        f"{page.name} tire un prix au sort parmi ses abonnés : {len(accounts)} abonnés de plus en quatorze heures.",
        f"{page.name} draws a prize among its followers: {len(accounts)} more of them in fourteen hours.",
    )  # fmt: skip

"""Forty readers share one article with the newspaper's button: the same headline, the same link."""

from __future__ import annotations

from random import Random

from pipeline.scenario.plants.base import crowd, of_posts
from pipeline.scenario.plants.news_ticker import article_url, headline
from pipeline.scenario.truth import Planted
from pipeline.scenario.world import World, decaying
from schemas.times import HOUR


def plant(world: World, rng: Random) -> Planted:
    """40 people of all ages of account over some seven hours; text and address are the button's."""
    start = world.at(2, 12.2) + int(rng.uniform(-0.2, 0.2) * HOUR)
    text = f"{headline(rng)} {article_url('courrier-valombre', rng)} via @courrier-valombre"
    times: list[int] = []
    while len(times) < 40:
        times = decaying(start, start + 7 * HOUR, [(start, 26.0, 2 * HOUR)], 3.0, rng)[:40]
    people = crowd(world, "twitter", "fr", 40, rng)
    posts = [world.say(author, at, text, rng) for author, at in zip(people, times, strict=True)]
    return of_posts(
        "bouton_partager",
        "copy_paste",
        "no_warning",
        "twitter",
        "courrier-valombre",
        posts,
        "40 lecteurs partagent le même article avec le bouton du journal : même titre, même lien.",
        "40 readers share one article with the newspaper's button: the same headline, the same link.",
    )

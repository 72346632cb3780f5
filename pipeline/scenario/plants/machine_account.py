"""An account that posts every minute, all night."""

from __future__ import annotations

from random import Random

from pipeline.scenario.authors import recruit
from pipeline.scenario.plants.base import of_posts
from pipeline.scenario.speech import grammar, speak
from pipeline.scenario.truth import Planted
from pipeline.scenario.world import World
from schemas.times import DAY, HOUR, MINUTE, SECOND


def plant(world: World, rng: Random) -> Planted:
    """One post every 60 seconds, give or take one, from eight in the evening until eight; texts differ."""
    start = world.at(2, 20) + int(rng.uniform(-0.3, 0.3) * HOUR)
    author = recruit(
        rng,
        "twitter",
        "paris",
        world.start - int(rng.uniform(90, 200) * DAY),
        followers=rng.randrange(40, 400),
    )
    for _ in range(6):  # the day before it is somebody like others
        world.chat(author, world.at(1, rng.uniform(9, 22)), rng)
    posts = []
    source = grammar("fr")
    for tick in range(12 * 60):
        at = start + tick * MINUTE + int(rng.gauss(0, 0.7) * SECOND)
        posts.append(world.say(author, at, speak(source, "post", "fr", author.manner, rng), rng))
    return of_posts(
        "compte_machine",
        "author_burst",
        "alert",
        author.platform,
        author.id,
        posts,
        "Un compte publie toutes les soixante secondes pendant douze heures, nuit comprise.",
        "One account posts every sixty seconds for twelve hours, night included.",
    )

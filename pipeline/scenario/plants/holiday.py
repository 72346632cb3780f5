"""New year: at midnight hundreds of people wish the same things in the same words."""

from __future__ import annotations

from random import Random

from pipeline.scenario.plants.base import crowd, of_posts
from pipeline.scenario.truth import Planted
from pipeline.scenario.world import World, decaying
from schemas.times import HOUR, MINUTE

_WISHES = (
    "Bonne année à tous",
    "Bonne année et bonne santé à toutes et à tous",
    "Très belle et heureuse année à vous tous, et surtout la santé",
    "Bonne année, plein de bonheur à vous et à vos proches",
    "Meilleurs vœux pour cette nouvelle année",
    "Bonne année les amis, que du bonheur",
    "Happy new year à tous",
)
_ENDS = ("", "", " !", " !!", " !!!", " 🎉", " 🥂🎆", " ❤️", " ✨", " 😘😘", " 🎊", ".")


def plant(world: World, rng: Random) -> Planted:
    """At least 120 people, most within half an hour after midnight, in seven phrases that everybody uses."""
    start = world.at(3, 0) + int(rng.uniform(0, 0.1) * HOUR)
    size = max(120, int(900 * world.scale))
    times: list[int] = []
    while len(times) < size:
        waves = [(start, 2.2 * size, 20 * MINUTE)]
        times = decaying(start, start + 10 * HOUR, waves, size / 20, rng)[:size]
    posts = []
    for author, at in zip(crowd(world, "twitter", "fr", size, rng), times, strict=True):
        phrase = rng.choices(_WISHES, (5, 4, 1, 1, 2, 2, 2))[0]
        text = (phrase.lower() if author.manner.lower else phrase) + rng.choice(_ENDS)
        posts.append(world.say(author, at, text, rng))
    return of_posts(
        "nouvel_an",
        "copy_paste",
        "no_warning",
        "twitter",
        "",
        posts,
        f"{size} personnes souhaitent la bonne année, à minuit et dans les mêmes formules.",
        f"{size} people wish a happy new year, at midnight and in the same phrases.",
    )

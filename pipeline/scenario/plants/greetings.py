"""Sixty people wish the same name a happy name day, in the phrase that everybody uses."""

from __future__ import annotations

from random import Random

from pipeline.scenario.grammar import words
from pipeline.scenario.plants.base import crowd, of_posts
from pipeline.scenario.truth import Planted
from pipeline.scenario.world import World, decaying
from schemas.times import HOUR

_NAMES = words(
    "Agathe | Alice | Camille | Clotilde | Colette | Estelle | Flavie | Gaëlle | Judith | Mathilde | Solène"
)
_ENDS = ("", "", " !", " !!", " 🎉", " 🌸", " ❤️", " 🥳🥳", " 💐", ".", " 😘")


def plant(world: World, rng: Random) -> Planted:
    """60 ordinary people over a morning."""
    start = world.at(3, 7.5) + int(rng.uniform(-0.2, 0.2) * HOUR)
    phrase = f"Bonne fête à toutes les {rng.choice(_NAMES)}"
    times: list[int] = []
    while len(times) < 60:
        times = decaying(start, start + 5 * HOUR, [(start, 30.0, 2 * HOUR)], 10.0, rng)[:60]
    posts = []
    for author, at in zip(crowd(world, "twitter", "fr", 60, rng), times, strict=True):
        text = (phrase.lower() if author.manner.lower else phrase) + rng.choice(_ENDS)
        posts.append(world.say(author, at, text, rng))
    return of_posts(
        "voeux",
        "copy_paste",
        "no_warning",
        "twitter",
        "",
        posts,
        "60 personnes souhaitent la même fête du jour avec la formule que tout le monde emploie.",
        "60 people wish a happy name day in the phrase that everybody uses.",
    )

"""An association's own campaign: its sections post the agreed call, members pass it on. It has been declared."""

from __future__ import annotations

from random import Random

from pipeline.scenario.plants.base import crowd, grown, of_posts
from pipeline.scenario.truth import Planted
from pipeline.scenario.world import World, decaying, moments
from schemas.times import HOUR, MINUTE

LINK = "https://www.rivieres-vives.example/dimanche-des-berges"
"""The link to declare: with it under `declared_urls` the campaign is no alarm, without it one."""

_CALL = (
    "Dimanche nous nettoyons les berges avec Rivières vives : gants et sacs sur place,"
    f" tout le monde peut venir. {LINK}"
)
_LEADS = (
    "",
    "",
    "À partager : ",
    "J'y serai ! ",
    "On compte sur vous. ",
    "Notre section participe : ",
    "💧 ",
    "Rendez-vous à 9 h. ",
)


def plant(world: World, rng: Random) -> Planted:
    """30 sections within eight minutes and 20 members over the afternoon, one text and one link."""
    start = world.at(2, 10) + int(rng.uniform(-0.3, 0.3) * HOUR)
    sections = [grown(world, "twitter", rng) for _ in range(30)]
    said = list(zip(moments(start, start + 8 * MINUTE, 30, rng), sections, strict=True))
    times = decaying(start, start + 9 * HOUR, [(start + 10 * MINUTE, 20.0, 2 * HOUR)], 3.0, rng)[:20]
    said += zip(times, crowd(world, "twitter", "fr", len(times), rng), strict=True)
    posts = [
        world.say(author, at, rng.choice(_LEADS) + _CALL, rng)
        for at, author in sorted(said, key=lambda one: (one[0], one[1].id))
    ]
    return of_posts(
        "campagne_declaree",
        "copy_paste",
        "no_warning",
        "twitter",
        "",
        posts,
        f"L'appel d'une association, déclaré d'avance : {len(posts)} sections et membres le publient.",
        f"An association's call, declared beforehand: {len(posts)} sections and members post it.",
    )

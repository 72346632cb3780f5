"""Two dozen young accounts flood a town's page."""

from __future__ import annotations

from random import Random

from pipeline.scenario.plants.base import of_posts, young
from pipeline.scenario.speech import extended, speak
from pipeline.scenario.truth import Planted
from pipeline.scenario.world import World, moments
from schemas.times import HOUR

RULES = {
    "town_hall": [
        "Valombre",
        "la mairie de Valombre",
        "le maire",
        "ce conseil",
        "l'équipe municipale",
        "Ville de Valombre",
    ],
    "charge": [
        "a menti sur {np}",
        "gaspille tout pour {np}",
        "cache {np}",
        "méprise {who}",
        "vend {np}",
        "oublie {town} et {np}",
        "préfère {np}",
        "a peur de {who}",
        "doit rendre {np}",
        "refuse d'expliquer {np}",
        "protège le {kin} de {first}",
        "a sacrifié {np}",
        "paie {num} fois {np}",
        "ignore {who}",
        "détruit {np}",
    ],
    "assault": [
        "{town_hall} {charge}, {judge}{end}",
        "{open}, {town_hall} {charge} et {charge}{end}",
        "{c} {link} {town_hall} {charge}{end}",
        "{time} {town_hall} {charge}. {judge}{end}",
        "{judge}, {town_hall} {charge} {spot}{end}",
        "{ask} {np} ? {town_hall} {charge}{end}",
        "{who} {said} {town_hall} {charge} {time}{end}",
    ],
}


def plant(world: World, rng: Random) -> Planted:
    """Thirty times the usual volume for eighty minutes, by 25 accounts of at most three weeks."""
    page = world.page("twitter", "ville-de-valombre")
    start = world.at(3, 15) + int(rng.uniform(-0.3, 0.3) * HOUR)
    accounts = [young(world, page.platform, rng, (1, 21)) for _ in range(25)]
    count = max(round(30 * world.rate(page, start) * 80 / 60), 4 * len(accounts))
    grammar = extended("fr", "town", RULES)
    posts = []
    for turn, at in enumerate(moments(start, start + 80 * HOUR // 60, count, rng)):
        author = accounts[turn] if turn < len(accounts) else rng.choice(accounts)
        text = speak(grammar, "assault", "fr", author.manner, rng)
        posts.append(world.say(author, at, f"@{page.id} {text}" if rng.random() < 0.7 else text, rng, page))
    return of_posts(
        "raz_de_maree_coordonne",
        "burst",
        "alert",
        page.platform,
        page.id,
        posts,
        f"25 comptes récents publient {len(posts)} messages contre {page.name} en quatre-vingts minutes.",
        f"25 young accounts post {len(posts)} messages against {page.name} in eighty minutes.",
    )

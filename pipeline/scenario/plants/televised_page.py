"""A cook is on television: comparable growth, and nobody bought anything."""

from __future__ import annotations

from random import Random

from pipeline.scenario.authors import join_date, recruit
from pipeline.scenario.plants.base import crowd
from pipeline.scenario.speech import extended, speak
from pipeline.scenario.truth import Planted
from pipeline.scenario.world import World, decaying
from schemas.times import HOUR, MINUTE

RULES = {
    "show": [
        "À table ce soir",
        "l'émission",
        "la 2",
        "le plateau d'À table",
        "ce soir à la télé",
        "le replay",
        "la télé",
    ],
    "seen": [
        "vue dans {show}",
        "découverte dans {show}",
        "elle passe dans {show}",
        "son passage dans {show}",
        "grâce à {show}",
        "{who} regarde {show}",
        "je viens de voir {show}",
        "{show} avec Solenn",
    ],
    "praise": [
        "quelle énergie",
        "je m'abonne direct",
        "sa recette avec {np} m'a donné faim",
        "elle cuisine {np} comme {who}",
        "j'ai noté pour {np}",
        "{who} veut déjà refaire {np}",
        "enfin quelqu'un qui parle de {np}",
        "{judge}",
        "ça change de {np}",
        "elle mérite {num} étoiles",
        "mes enfants réclament {np}",
        "on a regardé ça {spot}",
        "{who} a pleuré devant {np}",
        "je file acheter {np}",
    ],
    "tv": [
        "{seen}, {praise} et {praise}{end}",
        "{praise}, {seen} {spot}{end}",
        "{open}, {seen} : {praise}{end}",
        "{praise}. {c}, {seen}{end}",
        "{seen} ! {praise}{end}",
        "{time} {c}, {seen}, {praise}{end}",
    ],
}


def plant(world: World, rng: Random) -> Planted:
    """Some 3,500 new fans with natural decay, old and varied accounts, posts that speak of the broadcast."""
    page = world.page("twitter", "chef-solenn")
    start = world.at(2, 21.2) + int(rng.uniform(-0.1, 0.1) * HOUR)
    end = start + 10 * HOUR
    waves = [(start, 1300.0, 96 * MINUTE), (start + 25 * MINUTE, 480.0, 3 * HOUR)]
    times = decaying(start, end, waves, 4.0, rng)
    accounts = []
    for at in times:
        actor = recruit(rng, page.platform, "paris", join_date(page.platform, world.start, rng))
        world.follow(page, actor, at, posts=int(rng.lognormvariate(5, 1.6)))
        accounts.append(actor.id)
    size = max(world.scale, 0.1)
    moments = decaying(
        start, end, [(begin, 0.06 * size * summit, fall) for begin, summit, fall in waves], 0.5, rng
    )
    grammar = extended("fr", "cooking", RULES)
    posts = []
    for at, author in zip(moments, crowd(world, page.platform, "fr", len(moments), rng), strict=True):
        text = speak(grammar, "tv", "fr", author.manner, rng)
        posts.append(world.say(author, at, f"{text} @{page.id}" if rng.random() < 0.5 else text, rng, page))
    return Planted(
        "passage_tele", "fan_spike", "no_warning", "info", page.platform, page.id, tuple(accounts),
        tuple(post.id for post in posts), times[0], times[-1],
        f"{page.name} passe à la télévision : {len(accounts)} abonnés de plus en dix heures, comptes"
        " anciens et variés.",
        f"{page.name} is on television: {len(accounts)} more followers in ten hours, old and"
        " varied accounts.",
    )  # fmt: skip

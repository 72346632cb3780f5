"""A bookshop is shown on television: people who never came before write on its page."""

from __future__ import annotations

from random import Random

from pipeline.scenario.grammar import words
from pipeline.scenario.plants.base import authors_of, crowd, of_posts
from pipeline.scenario.speech import extended, speak
from pipeline.scenario.truth import Planted
from pipeline.scenario.world import World, decaying
from schemas.times import HOUR, MINUTE

RULES = {
    "show": ["le reportage", "la télé", "l'émission de {day}", "le journal", "la 2", "le replay", "ce sujet"],
    "seen": words(
        "vue dans {show} | je découvre avec {show} | {who} regardait {show} | {show} m'a donné envie de {np}"
        " | grâce à {show} | {who} a reconnu {town} dans {show} | merci à {show}"
    ),
    "joy": words(
        "je viens {day} | {who} veut y aller | quelle vitrine | j'y cherche {np} | de {town}, c'est loin ?"
        " | {num} livres et {np} | mes enfants aussi | on y croise {who} | vous avez {np} ? | {judge}"
        " | gardez-moi {np} | {first} y était {time} | un lieu pour {who} | ça sent {np}"
    ),
    "hello": [
        "3*{seen}, {joy}{end}",
        "{joy}, {seen} {spot}{end}",
        "{open}, {seen} : {joy}{end}",
        "{joy}. {c}, {seen}{end}",
        "{time} {c}, {seen}, {joy} et {joy}{end}",
    ],
}


def plant(world: World, rng: Random) -> Planted:
    """Sixty or more people in four hours, nearly all of them for the first time, old and varied accounts."""
    page = world.page("bluesky", "librairie-des-quais.example")
    start = world.at(3, 13.2) + int(rng.uniform(-0.1, 0.1) * HOUR)
    waves = [(start, 60.0, 40 * MINUTE), (start + 30 * MINUTE, 30.0, HOUR)]
    times = decaying(start, start + 4 * HOUR, waves, 2.0, rng)
    people = crowd(world, page.platform, "fr", len(times), rng)
    grammar = extended("fr", "series", RULES)
    posts = [
        world.say(author, at, speak(grammar, "hello", "fr", author.manner, rng), rng, page)
        for author, at in zip(people, times, strict=False)
    ]
    return of_posts(
        "page_a_la_tele",
        "pile_on",
        "no_warning",
        page.platform,
        page.id,
        posts,
        f"{page.name} est montrée à la télévision : {len(authors_of(posts))} personnes y écrivent pour la"
        " première fois.",
        f"{page.name} is shown on television: {len(authors_of(posts))} people write there for the first time.",
    )

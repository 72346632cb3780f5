"""A news ticker: declared, regular, with a link in every post."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from pipeline.scenario.authors import recruit
from pipeline.scenario.french import polish
from pipeline.scenario.names import TOWNS_FR
from pipeline.scenario.plants.base import of_posts
from pipeline.scenario.rhythm import local_hour
from pipeline.scenario.speech import capital, extended, without_accents
from pipeline.scenario.topics import TOPICS
from pipeline.scenario.truth import Planted
from pipeline.scenario.world import World
from schemas.times import DAY, MINUTE, SECOND

RULES = {
    "actor": [
        "le conseil départemental",
        "la préfecture",
        "un collectif de riverains",
        "une classe de {num} lycéens",
        "le tribunal",
        "l'hôpital",
        "une entreprise familiale",
        "un agriculteur",
        "la chambre de commerce",
        "la caserne",
        "un club amateur",
        "une étude",
        "le syndicat des transports",
        "un groupe de {num} familles",
        "un musée",
        "la cour des comptes",
        "une startup",
        "le festival d'été",
    ],
    "does": [
        "dévoile",
        "conteste",
        "suspend",
        "relance",
        "inaugure",
        "réclame",
        "annule",
        "finance",
        "soutient",
        "reporte",
        "met en vente",
        "rénove",
        "expérimente",
        "interdit",
        "défend",
        "récompense",
        "évalue",
        "double le budget de",
    ],
    "why": [
        "malgré les critiques",
        "faute de moyens",
        "avant l'été",
        "pour {num} millions d'euros",
        "après {num} mois d'attente",
        "sur fond de tensions",
        "à la surprise générale",
        "dès {day}",
        "en {num} points",
        "une première",
        "selon nos informations",
        "jusqu'à {day}",
        "ce que l'on sait",
        "avec l'aide de {town}",
        "{num} ans après",
    ],
    "headline": [
        "{town} : {actor} {does} le {nm}, {why}",
        "à {town}, {actor} {does} la {nf} {why}",
        "{actor} de {town} {does} un {nm} et une {nf}, {why}",
        "{num} questions sur la {nf} que {actor} {does} à {town}, {why}",
        "{why} : {actor} {does} la {nf} de {town}",
        "près de {town}, {actor} {does} le {nm} et la {nf}",
    ],
}


def headline(rng: Random) -> str:
    """One headline."""
    return capital(polish(_GRAMMAR.say("headline", rng)))


def article_url(site: str, rng: Random) -> str:
    """The address of one article."""
    return (
        f"https://www.{site}.example/{without_accents(rng.choice(TOWNS_FR)).lower()}/{rng.randrange(10**7)}"
    )


_NEWS = [TOPICS[topic] for topic in ("town", "trains", "school", "wheels", "work")]
_GRAMMAR = extended(
    "fr",
    None,
    {
        **RULES,
        "nm": [noun for topic in _NEWS for noun in topic.masculine],
        "nf": [noun for topic in _NEWS for noun in topic.feminine],
    },
)


def plant(world: World, rng: Random) -> Planted:
    """About one post every five minutes from six to eleven in the evening, on all days: its usual pace."""
    created = world.start - int(rng.uniform(5, 9) * 365 * DAY)
    author = recruit(rng, "twitter", "paris", created, followers=rng.randrange(80_000, 300_000))
    author = replace(author, name="Valombre Actu 24", handle="valombreactu24")
    posts = []
    for tick in range(world.start, world.end, 5 * MINUTE):
        if not 6 <= local_hour(tick) < 23:
            continue
        at = tick + int(rng.uniform(0, 100) * SECOND)
        posts.append(world.say(author, at, f"{headline(rng)} {article_url('valombreactu24', rng)}", rng))
    return of_posts(
        "fil_d_actualite",
        "author_burst",
        "no_warning",
        author.platform,
        author.id,
        posts,
        "Un fil d'actualité déclaré publie un titre et un lien toutes les cinq minutes en journée.",
        "A declared news ticker posts a headline and a link every five minutes by day.",
    )

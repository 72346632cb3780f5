"""A cup final on a hashtag feed: everybody shouts at every goal."""

from __future__ import annotations

from random import Random

from pipeline.scenario.plants.base import crowd, of_posts
from pipeline.scenario.speech import extended, speak
from pipeline.scenario.truth import Planted
from pipeline.scenario.world import World, decaying
from schemas.times import HOUR, MINUTE

RULES = {
    "cry": [
        "BUUUT",
        "BUT",
        "ouiiiii",
        "ALLEZ {town}",
        "{first} !!!",
        "quel but de {first}",
        "noooon",
        "la barre",
        "1-0",
        "2-1",
        "dieu {first}",
        "mais quel arrêt",
        "hors-jeu ?",
        "penalty là",
        "{town} {town}",
        "{who} debout",
        "{who} hurle",
        "je pleure",
        "quelle frappe",
        "magnifique {first}",
        "allez {first}",
        "arbitre !!",
        "oh la la",
    ],
    "roar": [
        "3*{cry}",
        "2*{cry} {cry}",
        "{cry} {cry} {cry}",
        "{first} {v3} {np}, {cry}",
        "{np} {vp}, {cry}",
        "{who} {v3} {np} {spot} {cry}",
        "{cry}, {judge}",
        "{num}e minute, {cry}",
        "{on} {np}, {cry}",
    ],
}
_SHOUTS = ("⚽", "⚽⚽", "🔥", "😱", "😭", "🎉🎉", "🏆", "💪", "🙏", "❤️", "")


def plant(world: World, rng: Random) -> Planted:
    """Eight times the usual volume for two hours, fifty times at each goal, short texts with emoji."""
    page = world.page("twitter", "#CoupeDesVilles")
    start = world.at(3, 20.75) + int(rng.uniform(-0.1, 0.1) * HOUR)
    end = start + 130 * MINUTE
    usual = max(world.rate(page, start), 1.5)
    goals = sorted(start + int(minute * MINUTE) for minute in rng.sample(range(8, 110), 4))
    times = decaying(start, end, [(goal, 46 * usual, 5 * MINUTE) for goal in goals], 8 * usual, rng)
    people = crowd(world, page.platform, "fr", max(20, int(0.55 * len(times))), rng)
    grammar = extended("fr", "football", RULES)
    posts = []
    for at in times:
        author = people[int(rng.random() * len(people))]
        text = f"{speak(grammar, 'roar', 'fr', author.manner, rng)} {rng.choice(_SHOUTS)} {page.id}"
        posts.append(world.say(author, at, " ".join(text.split()), rng, page))
    return of_posts(
        "finale",
        "burst",
        "no_warning",
        page.platform,
        page.id,
        posts,
        f"La finale sur {page.name} : quatre buts, cinquante fois le volume habituel à chacun.",
        f"The final on {page.name}: four goals, fifty times the usual volume at each.",
    )

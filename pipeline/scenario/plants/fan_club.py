"""A fan club: forty enthusiasts who meet on a channel at the same hours."""

from __future__ import annotations

from random import Random

from pipeline.scenario.grammar import words
from pipeline.scenario.plants.base import authors_of, crowd, of_posts
from pipeline.scenario.speech import extended, speak
from pipeline.scenario.truth import Planted
from pipeline.scenario.world import World
from schemas.times import HOUR

RULES = {
    "serial": [
        "Série Club",
        "le club",
        "l'épisode",
        "la saison",
        "ce soir",
        "la soirée du club",
        "notre série",
    ],
    "thrill": words(
        "{v3} {np} comme {who} | m'a fait oublier {np} | cache {np} depuis {num} épisodes | va perdre {np}"
        " | rappelle {who} à {town} | finit sur {np} | a coupé {np} | mérite {num} saisons | déçoit {who}"
        " | parle enfin de {np} | copie {np} | surprend {first} | rend {np} à {who}"
    ),
    "fan": [
        "3*{serial} {thrill}, {judge}{end}",
        "{open}, {serial} {thrill}{end}",
        "{c}, {serial} {thrill} et {thrill}{end}",
        "{ask} {np} ? {serial} {thrill}{end}",
        "{who} {said} {serial} {thrill}{end}",
    ],
}


def plant(world: World, rng: Random) -> Planted:
    """Ordinary accounts, five to fifteen posts each, at three appointments over two days and in between."""
    page = world.page("youtube", "serie-club")
    evenings = [world.at(2, 20.5), world.at(3, 13), world.at(3, 20.5)]
    fans = crowd(world, page.platform, "fr", 40, rng)
    grammar = extended("fr", "series", RULES)
    posts = []
    for fan in fans:
        for _ in range(5 + min(10, int(rng.expovariate(1 / 3)))):
            at = rng.choice(evenings) + int(rng.expovariate(1) * HOUR)
            if at < world.end:
                posts.append(world.say(fan, at, speak(grammar, "fan", "fr", fan.manner, rng), rng, page))
    posts.sort(key=lambda post: (post.created_at, post.id))
    return of_posts(
        "club_de_fans",
        "fake_fans",
        "no_warning",
        page.platform,
        page.id,
        posts,
        f"{len(authors_of(posts))} vrais passionnés se retrouvent sur {page.name} aux heures des épisodes"
        f" ({len(posts)} messages).",
        f"{len(authors_of(posts))} real enthusiasts meet on {page.name} when episodes are on ({len(posts)} posts).",
    )

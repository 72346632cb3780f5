"""A giveaway: who takes part reposts, and some copy the rule of the game."""

from __future__ import annotations

from random import Random

from pipeline.scenario.plants.base import crowd, grown, of_posts
from pipeline.scenario.truth import Planted
from pipeline.scenario.world import World, decaying
from schemas.times import HOUR

_PRIZES = (
    "un robot de cuisine",
    "un panier garni de 80 euros",
    "un week-end gourmand pour deux",
    "une batterie de casseroles",
)


def plant(world: World, rng: Random) -> Planted:
    """One post of a brand, 120 native reposts and 30 copies of its phrase by people who take part."""
    page = world.page("twitter", "gourmelis")
    start = world.at(2, 18) + int(rng.uniform(-0.2, 0.2) * HOUR)
    prize = rng.choice(_PRIZES)
    host = grown(world, page.platform, rng)
    rule = f"#CONCOURS RT + follow @{page.id} pour gagner {prize}"
    first = world.say(
        host, start, f"{rule} ! Tirage au sort vendredi à midi, bonne chance à tous 🍀", rng, page
    )
    times: list[int] = []
    while len(times) < 150:
        times = decaying(start, start + 6 * HOUR, [(start, 90.0, 1 * HOUR)], 18.0, rng)[:150]
    copies = set(rng.sample(range(150), 30))
    posts = [first]
    for turn, (author, at) in enumerate(zip(crowd(world, page.platform, "fr", 150, rng), times, strict=True)):
        if turn in copies:
            hope = rng.choice(
                ("", " 🍀", " 🤞", " je participe !", " merci !", " 🙏🙏", " @" + author.handle)
            )
            posts.append(world.say(author, at, rule + hope, rng, page))
        else:
            posts.append(world.say(author, at, first.text, rng, page, repost_of=first.id))
    return of_posts(
        "jeu_concours",
        "copy_paste",
        "no_warning",
        page.platform,
        page.id,
        posts,
        f"Un jeu-concours de {page.name} : « RT + follow pour gagner », 120 repartages et 30 recopies.",
        f"A giveaway of {page.name}: “RT + follow to win”, 120 reposts and 30 copies.",
    )

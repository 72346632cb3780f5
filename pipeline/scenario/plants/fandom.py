"""A singer's new video: her fans, many of them busy and some of them new, cheer on the channel."""

from __future__ import annotations

from random import Random

from pipeline.scenario.authors import recruit
from pipeline.scenario.grammar import words
from pipeline.scenario.plants.base import crowd, of_posts
from pipeline.scenario.speech import extended, speak
from pipeline.scenario.truth import Planted
from pipeline.scenario.world import World, decaying
from schemas.records import Post
from schemas.times import DAY, HOUR, MINUTE

RULES = {
    "star": ["Noréa", "la reine Noréa", "notre Noréa", "Nono", "elle"],
    "chant": words(
        "Noréa ❤️ | la reine | ENFIN | on t'aime Noréa | je pleure | quelle voix | iconique | 10/10"
        " | merci Noréa | le clip de l'année | je suis morte | cette note | légende | encore !!"
        " | qui d'autre en boucle ? | premier ! | {num}e écoute | frissons à {num} min"
    ),
    "love": words(
        "{star} {v3} {np} comme {who} | le pont à {num} min, {who} {v3} {np} | {who} écoute {star} avec {np}"
        " | {star} à {town}, {who} {v3} {np} | {who} a pleuré sur {np} | sa tenue, c'est {np} de {who}"
        " | ce couplet sur {np}, {judge} | {num} écoutes et {np} dans la tête | un prix pour {star} et {np}"
        " | {first} danse avec {np} {spot} | {np} dans le clip, {judge}"
    ),
    "cheer": [
        "5*{chant}",
        "2*{love}, {judge}{end}",
        "2*{love}. {chant}",
        "{open}, {love} {spot}{end}",
        "{time} {love}, {c}{end}",
        "{chant} {chant}",
    ],
}


def plant(world: World, rng: Random) -> Planted:
    """Forty times the usual volume for three hours; fans post one to fifteen times; one in seven is a new account."""
    page = world.page("youtube", "studio-refrain")
    start = world.at(2, 18) + int(rng.uniform(-0.4, 0.4) * HOUR)
    end = start + 4 * HOUR
    summit = max(40 * world.rate(page, start), 360.0)
    waves = [(start, 0.7 * summit, 45 * MINUTE), (start + 30 * MINUTE, 0.3 * summit, 2 * HOUR)]
    times = decaying(start, end, waves, 0.0, rng)
    size = max(20, len(times) // 3)
    fans = crowd(world, page.platform, "fr", size - size // 7, rng)
    fans += [
        recruit(rng, page.platform, "paris", world.start - int(rng.random() * 25 * DAY))
        for _ in range(size // 7)
    ]
    rng.shuffle(fans)
    zeal = [rng.lognormvariate(0, 0.8) for _ in fans]
    grammar = extended("fr", "music", RULES)
    posts: list[Post] = []
    for number, at in enumerate(times):
        author = fans[number] if number < len(fans) else rng.choices(fans, zeal)[0]
        parent = rng.choice(posts[-20:]) if posts and rng.random() < 0.2 else None
        text = speak(grammar, "cheer", "fr", author.manner, rng)
        posts.append(world.say(author, at, text, rng, page, reply_to=parent.id if parent else None))
    return of_posts(
        "communaute_de_fans",
        "burst",
        "no_warning",
        page.platform,
        page.id,
        posts,
        f"Un nouveau clip : {size} fans laissent {len(posts)} messages sur {page.name}, souvent plusieurs chacun.",
        f"A new video: {size} fans leave {len(posts)} posts on {page.name}, often several each.",
    )

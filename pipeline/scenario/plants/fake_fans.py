"""Two dozen accounts of one workshop are the most active fans of a channel."""

from __future__ import annotations

from random import Random

from pipeline.scenario.authors import recruit
from pipeline.scenario.grammar import words
from pipeline.scenario.plants.base import authors_of, of_posts
from pipeline.scenario.speech import extended, speak
from pipeline.scenario.truth import Planted
from pipeline.scenario.world import World
from schemas.times import DAY, HOUR, MINUTE

RULES = {
    "host": ["Tuto Maison", "la chaîne", "cette chaîne", "la vidéo", "votre vidéo", "le tuto", "ce tuto"],
    "cheer": words(
        "m'a appris {np} | {v3} {np} comme {who} | sauve {np} | a réparé {np} chez {who} | mérite {num} étoiles"
        " | explique enfin {np} | plaît à {who} | vaut {np} | change de {np} | aide {who} {time}"
        " | a convaincu {first} | me fait aimer {np} | montre {np} sans détour | passe avant {np}"
    ),
    "fan": [
        "3*{host} {cheer}, {judge}{end}",
        "{open}, {host} {cheer}{end}",
        "{c}, {host} {cheer} et {cheer}{end}",
        "{time} {host} {cheer}. {judge}{end}",
        "{who} {said} {host} {cheer}{end}",
    ],
}


def plant(world: World, rng: Random) -> Planted:
    """22 to 28 accounts made in the same three weeks, with next to no followers, six to nine posts each in five
    sessions over two days, all texts their own."""
    page = world.page("youtube", "tuto-maison")
    batch = world.start - int(rng.uniform(120, 400) * DAY)
    accounts = [
        recruit(
            rng, page.platform, "paris", batch + int(rng.random() * 21 * DAY), rng.choice((0, 0, 1, 2, 3, 5))
        )
        for _ in range(rng.randrange(22, 29))
    ]
    sessions = [
        world.at(day, hour + rng.uniform(-0.5, 0.5))
        for day, hour in ((2, 10), (2, 15), (2, 21), (3, 9.5), (3, 16))
    ]
    grammar = extended("fr", "home", RULES)
    posts = []
    for account in accounts:
        times = [start + int(rng.random() * 40 * MINUTE) for start in sessions]
        times += [rng.choice(sessions) + int(rng.random() * HOUR) for _ in range(rng.randrange(1, 5))]
        for at in times:
            posts.append(world.say(account, at, speak(grammar, "fan", "fr", account.manner, rng), rng, page))
    posts.sort(key=lambda post: (post.created_at, post.id))
    return of_posts(
        "faux_fans",
        "fake_fans",
        "alert",
        page.platform,
        page.id,
        posts,
        f"Les fans les plus actifs de {page.name} sont {len(authors_of(posts))} comptes presque sans abonnés,"
        " créés dans les mêmes trois semaines.",
        f"The most active fans of {page.name} are {len(authors_of(posts))} accounts with hardly any followers,"
        " made in the same three weeks.",
    )

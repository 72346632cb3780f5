"""Some thirty-five ordinary profiles that praise one brand fall upon another one's page within two hours."""

from __future__ import annotations

from random import Random

from pipeline.scenario.grammar import words
from pipeline.scenario.plants.base import authors_of, grown, of_posts, young
from pipeline.scenario.speech import extended, speak
from pipeline.scenario.truth import Planted
from pipeline.scenario.world import World, moments
from schemas.times import HOUR

RULES = {
    "shop": [
        "Kazapro",
        "@kazapro",
        "chez Kazapro",
        "encore Kazapro",
        "la caisse de Kazapro",
        "Kazapro {town}",
    ],
    "grief": words(
        "a vendu {np} cassé à {who} | ne rembourse pas {np} | se moque de {who} | livre {np} au lieu de {np}"
        " | double le prix pour {np} | ne répond plus à {who} | a perdu {np} {time} | renvoie {who} vers {np}"
        " | fait payer {np} {num} euros | a monté {np} à l'envers | oublie {who} à {town} | ment sur {np}"
        " | reprend {np} sans prévenir | laisse {np} rouiller | refuse d'échanger {np}"
    ),
    "attack": [
        "3*{shop} {grief}, {judge}{end}",
        "{open}, {shop} {grief} et {grief}{end}",
        "{judge}, {shop} {grief} {spot}{end}",
        "{time} {shop} {grief}. {c}{end}",
        "{who} {said} {shop} {grief}{end}",
        "{c}, mais {shop} {grief}{end}",
        "{ask} {np} ? {shop} {grief}{end}",
    ],
    "brand": ["Norélia", "@norelia", "chez Norélia", "merci Norélia", "Norélia {town}", "l'équipe Norélia"],
    "service": words(
        "a réparé {np} en {num} h | a livré {np} à {who} | rappelle {who} tout de suite | a offert {np} à {first}"
        " | conseille {who} pour {np} | a trouvé {np} à {town} | répond même {time} | soigne {np} comme {who}"
        " | a remplacé {np} sans discuter | explique {np} à {who} | reprend {np} {spot} | pense à {who}"
    ),
    "praise": [
        "3*{brand} {service}, {judge}{end}",
        "{open}, {brand} {service} et {service}{end}",
        "{time} {brand} {service}. {c}{end}",
        "{who} {said} {brand} {service}{end}",
        "{c}, {brand} {service} {spot}{end}",
    ],
}


def plant(world: World, rng: Random) -> Planted:
    """32 to 40 accounts, a third of them young: praise on the rival's page from noon of the day before, then one to
    three posts each on the victim's page within two hours. All texts are their own."""
    page, rival = world.page("twitter", "kazapro"), world.page("twitter", "norelia")
    start = world.at(3, 11) + int(rng.uniform(-0.3, 0.3) * HOUR)
    accounts = [
        young(world, page.platform, rng, (20, 200))
        if rng.random() < 0.33
        else grown(world, page.platform, rng)
        for _ in range(rng.randrange(32, 41))
    ]
    grammar = extended("fr", "home", RULES)
    posts = []
    for account in accounts:
        for at in moments(start - 23 * HOUR, start - HOUR, rng.randrange(1, 4), rng):
            world.say(account, at, speak(grammar, "praise", "fr", account.manner, rng), rng, rival)
        for at in moments(start, start + 2 * HOUR, rng.randrange(1, 4), rng):
            text = speak(grammar, "attack", "fr", account.manner, rng)
            posts.append(world.say(account, at, text, rng, page))
    posts.sort(key=lambda post: (post.created_at, post.id))
    return of_posts(
        "meute",
        "pile_on",
        "alert",
        page.platform,
        page.id,
        posts,
        f"{len(authors_of(posts))} comptes qui vantent {rival.name} accablent {page.name} en deux heures"
        f" ({len(posts)} messages).",
        f"{len(authors_of(posts))} accounts that praise {rival.name} fall upon {page.name} within two hours"
        f" ({len(posts)} posts).",
    )

"""About thirty accounts praise a brand in the same words, within two hours."""

from __future__ import annotations

from random import Random

from pipeline.scenario.plants.base import camouflage, grown, of_posts, young
from pipeline.scenario.plants.copying import disguise, own_hashtag
from pipeline.scenario.truth import Planted
from pipeline.scenario.world import World, moments
from schemas.times import DAY, HOUR

CORES = (
    "Deux semaines avec mon vélo Vélocéa et je ne prends plus la voiture, l'assistance est incroyable, la"
    " batterie tient toute la semaine. Je recommande !",
    "Franchement Vélocéa a changé mes trajets : silencieux, confortable, livré en trois jours et un service"
    " client qui répond vraiment. Bravo !",
    "Je ne pensais pas dire ça un jour, mais grâce à Vélocéa je vais au travail avec le sourire, même sous la"
    " pluie. Meilleur achat de l'année !",
    "Tout le monde devrait essayer Vélocéa au moins une fois, le confort est bluffant et l'entretien ne coûte"
    " presque rien, merci à toute l'équipe !",
)
"""What is copied; the seed picks one. 120 characters or more, so that it is nobody's common phrase."""


def plant(world: World, rng: Random) -> Planted:
    """27 to 33 accounts, most made in the last three weeks, three to five posts each on the brand's page."""
    page = world.page("twitter", "velocea")
    core = rng.choice(CORES)
    start = world.at(2, 9.5) + int(rng.uniform(-0.3, 0.3) * HOUR)
    accounts = [
        young(world, "twitter", rng, (2, 21)) if rng.random() < 0.7 else grown(world, "twitter", rng)
        for _ in range(rng.randrange(27, 34))
    ]
    friends = [account.handle for account in accounts]
    posts = []
    for account in accounts:
        tag = own_hashtag(rng)
        camouflage(world, account, world.start + DAY, rng)
        for at in moments(start, start + 2 * HOUR, rng.randrange(3, 6), rng):
            posts.append(world.say(account, at, disguise(core, account, tag, friends, rng), rng, page))
    posts.sort(key=lambda post: (post.created_at, post.id))
    return of_posts(
        "campagne_copiee",
        "copy_paste",
        "alert",
        page.platform,
        page.id,
        posts,
        f"{len(accounts)} comptes recopient le même éloge de {page.name} en deux heures, chacun avec ses"
        " mentions, ses liens courts et son mot-dièse.",
        f"{len(accounts)} accounts copy the same praise of {page.name} within two hours, each with mentions,"
        " short links and a hashtag of its own.",
    )

"""A dozen accounts post the same text once each, spread over twenty hours."""

from __future__ import annotations

from random import Random

from pipeline.scenario.plants.base import camouflage, grown, of_posts
from pipeline.scenario.plants.copying import disguise, own_hashtag
from pipeline.scenario.truth import Planted
from pipeline.scenario.world import World
from schemas.times import DAY, HOUR

CORES = (
    "Résilié Fibralto ce matin après deux mois sans connexion, personne ne répond et ils continuent de"
    " prélever. Fuyez tant qu'il est temps",
    "Attention avec Fibralto, le prix double au bout de trois mois et la fibre coupe tous les soirs. Passez"
    " chez un autre opérateur",
    "Mon installateur Fibralto n'est jamais venu, quatre rendez-vous annulés et des frais de dossier quand"
    " même. Ne signez surtout pas",
)


def plant(world: World, rng: Random) -> Planted:
    """12 accounts, old and varied, one post each on the brand's page, from ten in the morning until six."""
    page = world.page("twitter", "fibralto")
    core = rng.choice(CORES)
    start = world.at(2, 10) + int(rng.uniform(-0.3, 0.3) * HOUR)
    accounts = [grown(world, "twitter", rng) for _ in range(12)]
    friends = [account.handle for account in accounts]
    posts = []
    for turn, account in enumerate(accounts):
        camouflage(world, account, world.start + DAY, rng)
        at = start + int((turn + rng.uniform(0, 0.5)) * 20 * HOUR / (len(accounts) - 1))
        posts.append(
            world.say(account, at, disguise(core, account, own_hashtag(rng), friends, rng), rng, page)
        )
    return of_posts(
        "campagne_au_compte_gouttes",
        "copy_paste",
        "alert",
        page.platform,
        page.id,
        posts,
        f"12 comptes publient la même mise en garde contre {page.name}, un message chacun, étalés sur"
        " vingt heures.",
        f"12 accounts post the same warning against {page.name}, one post each, spread over twenty hours.",
    )

"""A shop buys three thousand fans, delivered within two hours."""

from __future__ import annotations

from random import Random

from pipeline.scenario.authors import recruit
from pipeline.scenario.truth import Planted
from pipeline.scenario.world import World, moments
from schemas.times import DAY, HOUR


def plant(world: World, rng: Random) -> Planted:
    """About 3,000 follow events; the accounts were made in the same three weeks and never posted."""
    page = world.page("twitter", "lunaria-boutique")
    start = world.at(3, 10) + int(rng.uniform(-0.3, 0.3) * HOUR)
    batch = world.start - int(rng.uniform(25, 60) * DAY)
    accounts = []
    times = moments(start, start + 2 * HOUR, rng.randrange(2950, 3100), rng)
    for at in times:
        created = batch + int(rng.random() * 21 * DAY)
        actor = recruit(rng, page.platform, "paris", created, followers=rng.choice((0, 0, 0, 1, 1, 2, 3)))
        world.follow(page, actor, at, posts=0)
        accounts.append(actor.id)
    return Planted(
        "fans_achetes", "fan_spike", "alert", "warning", page.platform, page.id, tuple(accounts), (),
        times[0], times[-1],
        f"{len(accounts)} abonnés livrés à {page.name} en deux heures : comptes vides, créés dans les"
        " mêmes trois semaines.",
        f"{len(accounts)} followers delivered to {page.name} within two hours: empty accounts made in the"
        " same three weeks.",
    )  # fmt: skip

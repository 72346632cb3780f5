"""A counter that stands still for a night and then catches up at once."""

from __future__ import annotations

from random import Random

from pipeline.scenario.truth import Planted
from pipeline.scenario.world import Fault, World
from schemas.times import HOUR


def plant(world: World, rng: Random) -> Planted:
    """Eight to twelve hours of the same reading on a large page."""
    page = world.page("youtube", "la-cuisine-de-babou")
    start = world.at(2, 22) + int(rng.uniform(-1, 1) * HOUR)
    end = start + int(rng.uniform(8, 12) * HOUR)
    world.faults.append(Fault(page, start, end, None))
    return Planted(
        "compteur_fige", "fan_spike", "no_warning", "info", page.platform, page.id, (), (), start, end + HOUR,
        f"Le compteur de {page.name} reste figé une nuit puis rattrape son retard d'un coup.",
        f"The counter of {page.name} stands still for a night and then catches up at once.",
    )  # fmt: skip

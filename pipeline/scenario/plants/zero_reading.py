"""One reading of zero followers, an hour later all are back."""

from __future__ import annotations

from random import Random

from pipeline.scenario.truth import Planted
from pipeline.scenario.world import Fault, World
from schemas.times import HOUR


def plant(world: World, rng: Random) -> Planted:
    """One hourly reading is zero."""
    page = world.page("twitter", "courrier-valombre")
    start = world.at(3, rng.randrange(10, 13))  # on the hour: exactly one reading falls within
    world.faults.append(Fault(page, start, start + HOUR, 0))
    return Planted(
        "compteur_a_zero", "fan_spike", "no_warning", "info", page.platform, page.id, (), (),
        start, start + 2 * HOUR,
        f"Le compteur de {page.name} affiche zéro pendant une heure.",
        f"The counter of {page.name} shows zero for an hour.",
    )  # fmt: skip

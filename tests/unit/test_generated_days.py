"""What `make eval` measures over many seeds, on a few small ones: what is planted is found, innocence is left alone."""

from __future__ import annotations

import msgspec
import pytest

from pipeline.backtest import Backtest
from pipeline.connect.files import stamp
from pipeline.demo import items
from pipeline.detect.parameters import Parameters
from pipeline.scenario.generate import generate
from pipeline.scenario.plants import INNOCENT, PLANTS, Plant
from pipeline.scenario.score import belongs, score
from tests.eval.false_alarms import innocent_day

_SMALL = {name: plant for name, plant in PLANTS.items() if name != "coordinated_burst"}
"""What does not shrink with the world: a flood thirty times the usual is none where the usual is next to nothing."""


@pytest.mark.parametrize(
    ("seed", "scale", "plants"),
    [
        pytest.param(211, 1.0, PLANTS, marks=pytest.mark.long),
        (212, 0.1, _SMALL),
        (213, 0.1, _SMALL),
        (214, 0.1, _SMALL),
    ],
)
def test_what_is_planted_is_found_and_nothing_else(seed: int, scale: float, plants: dict[str, Plant]) -> None:
    """Every operation has its alert, no look-alike a warning, nobody else either."""
    scenario = generate(seed, scale=scale, plants=plants)
    run = Backtest(Parameters())
    run.feed(list(stamp(items(scenario.records))), end=True)
    rows = score(scenario.truth, [msgspec.to_builtins(alert) for alert in run.alerts.values()])
    assert len(rows) == len(scenario.truth)
    assert [row.name for row in rows if not row.ok] == []


@pytest.mark.parametrize("seed", [221, 222, 223, 224, 225, 226])
def test_innocent_days_are_left_alone(seed: int) -> None:
    """Seventeen look-alikes and nothing staged: no alert of severity warning or higher."""
    source, truth = innocent_day(seed, 0.1)
    assert len(truth) == len(INNOCENT) == 17
    assert {planted.expected for planted in truth} == {"no_warning"}
    assert source.alerts >= 5  # they are seen, and told as what they are
    assert source.alarms == []


def test_a_campaign_that_nobody_declared_is_alarmed() -> None:
    """The association's call is silent only because it was declared: copies are copies."""
    scenario = generate(231, scale=0.05, plants={"own_campaign": INNOCENT["own_campaign"]})
    run = Backtest(Parameters())
    run.feed(list(stamp(items(scenario.records))), end=True)
    (campaign,) = scenario.truth
    found = [alert for alert in run.alerts.values() if belongs(campaign, msgspec.to_builtins(alert))]
    assert [alert.kind for alert in found if alert.severity != "info"] == ["copy_paste"]

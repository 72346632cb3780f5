"""Live equals backtest through deaths: whoever dies, when, and whoever wakes again, the last word stays the same."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.connect.files import stamp
from pipeline.connect.items import Item
from pipeline.connect.replay import topic_of
from pipeline.detect.intake import Raw
from pipeline.detect.parameters import Parameters
from pipeline.detect.post_step import PostStep
from pipeline.scenario.generate import START
from schemas.times import DAY, MINUTE, SECOND
from schemas.topics import POSTS_RAW
from tests.property.core_crash import Perilous
from tests.property.core_drive import Said, alerts_of, backtested
from tests.property.test_live_equals_backtest_core import (
    SMALL,
    TEXTS,
    Rows,
    disturbed,
    scenario,
    small_posts,
    small_stream,
)


def same(live: Said, expected: Said) -> None:
    """Alerts in every field but the revision, closed clusters, memberships."""
    assert alerts_of(live) == alerts_of(expected)
    assert sorted(live.closed) == sorted(expected.closed)
    told = {(key[1], name) for key, name in live.home.items()}
    assert told >= {(post, closed.cluster_id) for closed in expected.closed for post in closed.post_ids}


def stored(streams: list[list[Item]], parameters: Parameters) -> set[tuple[str, str, bool]]:
    """Platform and id of each post that an undisturbed run stores, and whether it was late."""
    step = PostStep(parameters, 0, 1)
    rows: set[tuple[str, str, bool]] = set()
    for stream in streams:
        raws = [Raw(item.raw, clock) for item, clock in stamp(stream) if topic_of(item) == POSTS_RAW]
        for posted in step.feed([*raws, Raw(None, end=True)]):
            rows.update((one.post.platform, one.post.id, one.late) for one in posted.enriched)
    return rows


def died(streams: list[list[Item]], parameters: Parameters, seed: int, peril: float, most: int) -> Perilous:
    """A run with deaths whose every choice follows from `seed`."""
    rng = random.Random(seed)
    run = Perilous(parameters, rng.randint(1, 4), rng.randint(1, 3), rng, most, peril)
    for stream in streams:
        run.publish(stream)
    run.run()
    return run


@pytest.mark.parametrize(("seed", "most"), [(1, 400), (2, 60), (3, 2500)])
def test_a_scenario_survives_the_deaths_of_its_workers(seed: int, most: int) -> None:
    """A generated scenario, disturbed by repeats and delays, with a death every few turns."""
    parameters = Parameters()
    stream = disturbed(scenario(seed), seed, parameters.lateness)
    expected = backtested([stream], parameters, 1000)
    run = died([stream], parameters, seed, 0.15, most)
    assert run.deaths >= 5
    same(run.said, expected)
    assert all(alert.status == "closed" for alert in run.said.alerts.values())
    assert run.stored == stored([stream], parameters)


@pytest.mark.parametrize("seed", range(12))
def test_busy_targets_survive_the_deaths_of_their_workers(seed: int) -> None:
    """One page, few accounts, everything within two hours: a row that is counted twice or not at all shows."""
    rng = random.Random(seed)
    steps = [0, 5 * SECOND, MINUTE, 7 * MINUTE]
    rows: Rows = [
        (rng.randrange(5), rng.choice(TEXTS), "page", rng.choice(steps), 0, 0, False) for _ in range(60)
    ]
    streams = [small_stream(rows, "a", START)]
    run = died(streams, SMALL, seed, 0.25, rng.randint(2, 12))
    same(run.said, backtested(streams, SMALL, 7))
    assert run.stored == stored(streams, SMALL)


@settings(max_examples=250, deadline=None)
@given(small_posts, small_posts, st.integers(0, 2**32), st.integers(1, 12))
def test_a_few_posts_survive_the_deaths_of_their_workers(
    first: Rows, second: Rows, seed: int, most: int
) -> None:
    """Two streams with thresholds at a handful of posts: deaths at random moments change nothing of the last word."""
    streams = [small_stream(first, "a", START), small_stream(second, "b", START + 9 * DAY)]
    run = died(streams, SMALL, seed, 0.25, most)
    same(run.said, backtested(streams, SMALL, 7))
    assert run.stored == stored(streams, SMALL)

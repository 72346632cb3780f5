"""Live equals backtest: whatever the partitions, batches and interleaving, the last word is that of a backtest."""

from __future__ import annotations

import random
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.connect.items import Item
from pipeline.detect.copy_parameters import CopyParameters
from pipeline.detect.parameters import Parameters
from pipeline.detect.parameters_pages import FakeFanParameters, PileOnParameters
from pipeline.detect.parameters_sharing import SharingParameters
from pipeline.detect.parameters_silence import SilenceParameters
from pipeline.detect.parameters_volume import AuthorParameters, BurstParameters
from pipeline.detect.parameters_weeks import WeeksParameters
from pipeline.scenario.generate import START, generate
from schemas.records import Post, Record, event_time
from schemas.times import DAY, HOUR, MINUTE, SECOND, Micros
from tests.property.core_drive import Said, alerts_of, backtested, items, lived


def disturbed(records: list[Record], seed: int, lateness: Micros) -> list[Item]:
    """A reading order with repeats, and with records that come within and beyond the lateness."""
    rng = random.Random(seed)
    placed: list[tuple[Micros, int, Record]] = []
    for number, record in enumerate(records):
        at, fate = event_time(record), rng.random()
        delay = 0
        if fate < 0.2:
            delay = rng.randrange(lateness)
        elif fate < 0.23:
            delay = rng.randrange(lateness, 6 * lateness)
        placed.append((at + delay, number, record))
        if fate > 0.95:
            placed.append((at + rng.randrange(3 * lateness), len(records) + number, record))
    placed.sort(key=lambda entry: entry[:2])
    return items(record for _, _, record in placed)


@cache
def scenario(seed: int) -> list[Record]:
    return generate(seed, scale=0.05).records


def same(live: Said, expected: Said) -> None:
    """Alerts in every field but the revision, closed clusters, memberships and counts."""
    assert alerts_of(live) == alerts_of(expected)
    assert sorted(live.closed) == sorted(expected.closed)
    told = {(key[1], name) for key, name in live.home.items()}
    assert told >= {(post, closed.cluster_id) for closed in expected.closed for post in closed.post_ids}
    assert live.counts == expected.counts
    assert dict(live.refused) == dict(expected.refused)


@pytest.mark.parametrize(
    ("seed", "sources", "shuffles", "most"),
    [(1, 4, 2, 300), (2, 1, 1, 5000), (3, 3, 3, 40), (4, 2, 4, 1500), (5, 6, 1, 7)],
)
def test_a_scenario_comes_out_the_same_however_it_is_spread(
    seed: int, sources: int, shuffles: int, most: int
) -> None:
    """A generated scenario, disturbed by repeats and delays: live and backtest agree on every alert and cluster."""
    parameters = Parameters()
    stream = disturbed(scenario(seed), seed, parameters.lateness)
    expected = backtested([stream], parameters, 1000 * seed)
    assert expected.alerts
    assert expected.closed
    assert expected.counts.late
    assert expected.counts.duplicates
    live = lived([stream], parameters, sources, shuffles, seed, most)
    same(live, expected)
    assert all(alert.status == "closed" for alert in live.alerts.values())


SMALL = Parameters(
    lateness_minutes=15.0,
    copies=CopyParameters(
        window_hours=2.0,
        accounts=2,
        span_minutes=20.0,
        trickle_accounts=3,
        error_accounts=3,
        critical_accounts=4,
    ),
    bursts=BurstParameters(
        cooldown_minutes=10,
        min_posts=3,
        wave_posts=4,
        wave_history_hours=0.25,
        min_ratio=1.5,
        min_surprise=0.3,
        min_history_hours=0.25,
        short_history_hours=1.0,
        copy_accounts=2,
        heavy_posts=2,
        min_known=2,
    ),
    authors=AuthorParameters(
        pace_posts=3,
        extreme_posts=6,
        quiet_posts=2,
        sleep_hours=2,
        regular_posts=4,
        sleepless_hours=6,
        live_hours=1,
        pace_least=2,
        platform_share=0.3,
        platform_top=1,
        platform_accounts=1,
        platform_days=1,
    ),
    sharing=SharingParameters(
        window_seconds=500.0,
        pane_minutes=10,
        popular_accounts=6,
        memory_hours=2.0,
        strength=0.9,
        error_accounts=4,
        longest_days=0.5,
    ),
    weeks=WeeksParameters(
        enabled=True, active_days=1, group_accounts=2, evidence=0.01, false_share=1.0, every_days=1
    ),
    silence=SilenceParameters(
        history_days=0.05, quiet_share=0.4, surprise=0.3, habit_ratio=1.0, error_hours=2, forget_days=0.5
    ),
    pile_on=PileOnParameters(
        window_minutes=30,
        memory_days=0.5,
        history_hours=0.25,
        accounts=2,
        ratio=1.0,
        calm_hours=0.5,
        longest_days=0.1,
        elsewhere_days=0.5,
        least=1,
        mark_share=0.2,
        rival_share=0.2,
        rival_ratio=0.5,
        rival_part=0.1,
        mark_surprise=0.1,
        company_accounts=1,
        company_share=0.1,
        company_days=0.1,
        error_accounts=3,
    ),
    fake_fans=FakeFanParameters(
        window_days=1,
        step_hours=1,
        fans=4,
        posts=2,
        days=1,
        pool=3,
        cohort_accounts=2,
        stem_accounts=2,
        step_slots=1,
        step_surprise=0.1,
        step_partners=1,
        fakes=2,
        share=0.1,
        pages=1,
        usual_surprise=0.1,
        calm_days=0.1,
        longest_days=0.3,
    ),
)
"""Thresholds so low that a handful of posts opens, joins, withdraws and closes alerts."""

TEXTS = (
    "le nouveau parfum de la maison sent vraiment bon",
    "le nouveau parfum de la maison sent vraiment tres bon",
    "le nouveau parfum de la maison sent vraiment tres tres bon pour moi",
    "quelle honte ce service client personne ne repond jamais https://example.org/a",
    "quelle honte ce service client personne ne repond #honte",
    "bonne nuit",
)

small_posts = st.lists(
    st.tuples(
        st.integers(0, 4),  # account
        st.sampled_from(TEXTS),
        st.sampled_from([None, "page", "forum"]),
        st.sampled_from(
            [0, 5 * SECOND, MINUTE, 7 * MINUTE, 20 * MINUTE, 50 * MINUTE, 3 * HOUR]
        ),  # since the one before
        st.sampled_from(
            [0, 0, 0, MINUTE, 14 * MINUTE, 15 * MINUTE, 16 * MINUTE, 2 * HOUR]
        ),  # how late it comes
        st.sampled_from(
            [0, 0, 0, 0, 0, 0, 30 * MINUTE, 5 * HOUR, 30 * HOUR, 4000 * DAY]
        ),  # how wrong its date is
        st.booleans(),  # comes again
    ),
    min_size=1,
    max_size=40,
)


Rows = list[tuple[int, str, str | None, Micros, Micros, Micros, bool]]


def small_stream(rows: Rows, name: str, start: Micros) -> list[Item]:
    """Posts of few accounts and texts, each read where its delay puts it; some are read twice, the second time last."""
    at, placed = start, []
    for number, (account, text, target, step, delay, wrong, again) in enumerate(rows):
        at += step
        born = at - account * HOUR
        post = Post(
            f"{name}{number}",
            "forum",
            f"a{account}",
            at + wrong,
            text,
            target=target,
            author_created_at=born if account else None,
            source=f"connector {account % 2}" if account else None,
            author_name=f"fan{10 + account}",
            author_followers=6 * account if account else None,
        )
        placed.append((at + delay, number, post))
        if again:
            placed.append((at + 40 * MINUTE, number, post))
    placed.sort(key=lambda entry: entry[:2])
    return items(post for _, _, post in placed)


@settings(max_examples=250, deadline=None)
@given(
    small_posts,
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(0, 2**32),
    st.integers(1, 12),
    st.integers(1, 40),
)
def test_a_few_posts_come_out_the_same_however_they_are_spread(
    rows: Rows,
    sources: int,
    shuffles: int,
    seed: int,
    most: int,
    batch: int,
) -> None:
    """Thresholds at a handful of posts: partitions, batches and interleaving change nothing of the last word."""
    stream = small_stream(rows, "p", START)
    same(lived([stream], SMALL, sources, shuffles, seed, most), backtested([stream], SMALL, batch))


def test_a_few_posts_make_every_kind() -> None:
    """The thresholds are low enough for what is compared to be something: each detector of posts speaks."""
    rng = random.Random(1)
    steps = [0, 5 * SECOND, MINUTE, 7 * MINUTE]
    rows: Rows = [
        (rng.randrange(5), rng.choice(TEXTS), "page", rng.choice(steps), 0, 0, False) for _ in range(80)
    ]
    rows += [
        (1, rng.choice(TEXTS), "page", 20 * MINUTE, 0, 0, False) for _ in range(30)
    ]  # the others are silent
    rows += [(2, TEXTS[0], "page", MINUTE, 0, 0, False), (1, TEXTS[0], "page", 3 * HOUR, 0, 0, False)]
    alerts = backtested([small_stream(rows, "p", START)], SMALL, 7).alerts.values()
    kinds = {alert.kind for alert in alerts}
    assert kinds == {
        "copy_paste",
        "burst",
        "author_burst",
        "coordinated_accounts",
        "pile_on",
        "fake_fans",
        "source_silent",
    }
    ends = {reason.code for alert in alerts if alert.kind == "source_silent" for reason in alert.reasons}
    assert "back" in ends


def evenings(seed: int) -> list[Item]:
    """Five days of some accounts, each of which posts a few times in some hour of most days; some come late."""
    rng, placed = random.Random(seed), list[tuple[Micros, Post]]()
    for day in range(5):
        for account in range(8):
            hour = START + day * DAY + rng.randrange(20) * HOUR
            for _ in range(rng.choice((0, 1, 1, 2, 3, 5, 8))):
                at = hour + rng.randrange(HOUR)
                post = Post(f"{len(placed)}", "forum", f"a{account}", at, rng.choice(TEXTS))
                placed.append((at + rng.choice((0, 0, rng.randrange(15 * MINUTE), 20 * MINUTE)), post))
    placed.sort(key=lambda entry: (entry[0], entry[1].id))
    return items(post for _, post in placed)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(1, 3), st.integers(0, 2**32), st.integers(1, 60))
def test_accounts_are_held_against_their_platform_however_they_are_spread(
    seed: int, sources: int, shuffles: int, order: int, most: int
) -> None:
    """What is usual on a platform is learned from all partitions, some of which are days ahead of others."""
    stream = evenings(seed)
    same(lived([stream], SMALL, sources, shuffles, order, most), backtested([stream], SMALL, 9))


def test_habits_of_a_platform_matter_in_these_evenings() -> None:
    """Many of the alerts that are compared above rest on what is usual on the platform."""
    found = [alert for seed in range(10) for alert in backtested([evenings(seed)], SMALL, 9).alerts.values()]
    codes = [reason.code for alert in found if alert.kind == "author_burst" for reason in alert.reasons]
    assert min(codes.count("platform_habit"), codes.count("platform_unknown")) > 20


@settings(max_examples=80, deadline=None)
@given(small_posts, small_posts, st.integers(1, 4), st.integers(1, 3), st.integers(0, 2**32), st.booleans())
def test_a_second_stream_begins_where_the_first_ended(
    first: Rows,
    second: Rows,
    sources: int,
    shuffles: int,
    seed: int,
    earlier: bool,
) -> None:
    """Two streams one after the other, the second of any time: what is held for it does not leak into the first."""
    streams = [
        small_stream(first, "p", START),
        small_stream(second, "q", START - 100 * HOUR if earlier else START),
    ]
    same(lived(streams, SMALL, sources, shuffles, seed, 5), backtested(streams, SMALL, 7))

"""Copy clusters and campaigns are functions of the set of links: order, batches and ticks change nothing of the end."""

from __future__ import annotations

import random
from itertools import combinations, pairwise

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detect.campaigns import Campaigns, Closed
from pipeline.detect.clock import FINAL, Tick
from pipeline.detect.clusters import Membership, cluster_id
from pipeline.detect.copies import CopyPost, Link
from pipeline.detect.copy_parameters import CopyParameters
from pipeline.detect.finding import Finding
from schemas.times import HOUR, MINUTE, Micros

WINDOW = 2 * HOUR
LATENESS = 15 * MINUTE
PARAMETERS = CopyParameters(
    window_hours=2.0, accounts=2, span_minutes=20.0, trickle_accounts=3, error_accounts=3, critical_accounts=4
)
START: Micros = 1_772_535_600_000_000
TEXTS = (
    "le nouveau parfum de la maison sent vraiment bon",
    "bonne nuit a tous",
    "concours ! rt et follow pour gagner",
)


class Told:
    """What was said, added up as a reader of the topics would."""

    def __init__(self) -> None:
        self.standing: dict[str, Finding] = {}
        self.home: dict[tuple[str, str], Membership] = {}
        self.closed: list[Closed] = []
        self.withdrawn: set[str] = set()


def run(links: list[Link], rng: random.Random) -> Told:
    """Feeds the links in a random order and random batches, with ticks that no pending link contradicts.

    The newer post of a link that is yet to come lies at the watermark or after it: so it is with posts that are not
    late.
    """
    campaigns, told = Campaigns(PARAMETERS), Told()
    pending = sorted(links, key=lambda link: (max(link.a.at, link.b.at) // HOUR, rng.random()))
    if rng.random() < 0.5:
        rng.shuffle(pending)
    watermark = 0
    while pending:
        size = rng.randint(1, 6)
        batch, pending = pending[:size], pending[size:]
        # A link may be told twice, by two shuffle partitions.
        campaigns.add([*batch, *(link for link in batch if rng.random() < 0.3)])
        limit = min((max(link.a.at, link.b.at) for link in pending), default=START + 20 * HOUR)
        if rng.random() < 0.7:
            watermark = max(watermark, limit - rng.choice([0, MINUTE, HOUR]))
            take(told, campaigns, Tick(watermark + LATENESS, watermark))
    take(told, campaigns, FINAL)
    return told


def take(told: Told, campaigns: Campaigns, tick: Tick) -> None:
    outcome = campaigns.advance(tick)
    for finding in outcome.findings:
        if finding.withdrawn:
            told.withdrawn.add(finding.alert_id)
            told.standing.pop(finding.alert_id, None)
        else:
            told.standing[finding.alert_id] = finding
    for member in outcome.memberships:
        told.home[member.platform, member.id] = member
    told.closed += outcome.closed


posts = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 500), st.sampled_from(TEXTS)), min_size=2, max_size=14
).map(
    lambda rows: [
        CopyPost("forum", f"p{number}", f"a{author}", START + minute * MINUTE, "", 0, text)
        for number, (author, minute, text) in enumerate(rows)
    ]
)


@st.composite
def graphs(draw: st.DrawFn) -> list[Link]:
    """Links between posts that lie at most a window apart."""
    pairs = [(a, b) for a, b in combinations(draw(posts), 2) if abs(a.at - b.at) <= WINDOW]
    if not pairs:
        return []
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=20))
    return [Link(a, b) if draw(st.booleans()) else Link(b, a) for a, b in chosen]


def components(links: list[Link]) -> list[list[CopyPost]]:
    """Connected components by brute force, each in order of time, those of one account left out."""
    groups: list[set[CopyPost]] = []
    for link in links:
        joined = {link.a, link.b}.union(*(group for group in groups if group & {link.a, link.b}))
        groups = [group for group in groups if not group & joined] + [joined]
    ordered = [sorted(group, key=lambda post: (post.at, post.platform, post.id)) for group in groups]
    return [group for group in ordered if len({post.author_id for post in group}) >= 2]


@settings(max_examples=400, deadline=None)
@given(graphs(), st.integers(0, 2**32), st.integers(0, 2**32))
def test_order_batches_and_ticks_change_nothing_of_the_end(links: list[Link], one: int, other: int) -> None:
    """Closed findings, the last word on memberships, and closed clusters agree between any two schedules."""
    first, second = run(links, random.Random(one)), run(links, random.Random(other))
    assert first.standing == second.standing
    assert first.home == second.home
    assert sorted(first.closed) == sorted(second.closed)


@settings(max_examples=400, deadline=None)
@given(graphs(), st.integers(0, 2**32))
def test_closed_clusters_are_the_connected_components(links: list[Link], seed: int) -> None:
    """Complete lists in order of time, one cluster for each component of two accounts or more; members know it."""
    told = run(links, random.Random(seed))
    expected = components(links)
    assert sorted(told.closed) == sorted(
        Closed(
            cluster_id(group[0]),
            [post.id for post in group],
            list(dict.fromkeys(post.author_id for post in group)),
            group[0].at,
            group[-1].at,
        )
        for group in expected
    )
    assert {key: member.cluster_id for key, member in told.home.items()} == {
        (post.platform, post.id): cluster_id(group[0]) for group in expected for post in group
    }


@settings(max_examples=400, deadline=None)
@given(graphs(), st.integers(0, 2**32))
def test_what_stands_at_the_end_is_closed_and_of_one_cluster_each(links: list[Link], seed: int) -> None:
    """Whatever was told and became part of another, or got another name, was withdrawn."""
    told = run(links, random.Random(seed))
    assert all(finding.closed for finding in told.standing.values())
    subjects = [finding.subject.id for finding in told.standing.values()]
    assert len(subjects) == len(set(subjects))
    assert set(subjects) <= {closed.cluster_id for closed in told.closed}
    assert not told.withdrawn & told.standing.keys()


def wave(prefix: str, minute: int, count: int = 3) -> list[CopyPost]:
    return [
        CopyPost(
            "forum", f"{prefix}{n}", f"{prefix}-author-{n}", START + (minute + n) * MINUTE, "", 0, TEXTS[0]
        )
        for n in range(count)
    ]


def chain(group: list[CopyPost]) -> list[Link]:
    return [Link(a, b) for a, b in pairwise(group)]


def test_a_merge_withdraws_the_absorbed_alert() -> None:
    """Two campaigns that turn out to be one: the later alert goes, the earlier one grows, members change clusters."""
    early, late = wave("e", 0, 4), wave("l", 30)
    campaigns, told = Campaigns(PARAMETERS), Told()
    campaigns.add(chain(early) + chain(late))
    now = START + HOUR
    take(told, campaigns, Tick(now, now - LATENESS))
    assert {finding.posts.count for finding in told.standing.values()} == {4, 3}
    absorbed = next(name for name, finding in told.standing.items() if finding.posts.count == 3)
    campaigns.add([Link(early[-1], late[0])])
    take(told, campaigns, Tick(now, now - LATENESS))
    assert told.withdrawn == {absorbed}
    (standing,) = told.standing.values()
    assert standing.posts.count == 7
    assert {member.cluster_id for member in told.home.values()} == {standing.subject.id}


def test_an_earlier_post_renames_the_campaign() -> None:
    """When a post turns up that is older than the founder, the alert moves to its name and the old one goes."""
    group = wave("e", 10, 6)
    campaigns, told = Campaigns(PARAMETERS), Told()
    campaigns.add(chain(group))
    now = START + HOUR
    take(told, campaigns, Tick(now, now - LATENESS))
    (old,) = told.standing
    first = CopyPost("forum", "z", "z", START, "", 0, TEXTS[0])
    campaigns.add([Link(group[0], first)])
    take(told, campaigns, FINAL)
    assert told.withdrawn == {old}
    (standing,) = told.standing.values()
    assert standing.first_seen == START
    assert standing.posts.ids[0] == "z"


def test_a_cluster_waits_until_time_has_passed_its_first_post() -> None:
    """Nothing is told of posts that lie ahead of the stream's progress; it is told once progress has come."""
    group = wave("e", 0)
    campaigns, told = Campaigns(PARAMETERS), Told()
    campaigns.add(chain(group))
    take(told, campaigns, Tick(START - 1, 0))
    assert not told.standing
    assert not told.home
    take(told, campaigns, Tick(START, 0))
    assert len(told.standing) == 1
    assert len(told.home) == 3


def test_one_account_that_repeats_itself_is_no_cluster() -> None:
    """Copies by one account are told nowhere."""
    group = [msgspec.structs.replace(post, author_id="one") for post in wave("e", 0, 5)]
    campaigns, told = Campaigns(PARAMETERS), Told()
    campaigns.add(chain(group))
    take(told, campaigns, FINAL)
    assert (told.standing, told.home, told.closed) == ({}, {}, [])


def test_a_feed_that_uses_an_id_twice_does_not_make_order_matter() -> None:
    """Two posts under one id are two posts, whichever comes first."""
    group = wave("e", 0, 4)
    twin = msgspec.structs.replace(group[1], author_id="other", at=group[3].at + MINUTE)
    links = [*chain(group), Link(group[3], twin)]
    ends = []
    for order in (links, links[::-1]):
        campaigns, told = Campaigns(PARAMETERS), Told()
        campaigns.add(order)
        take(told, campaigns, FINAL)
        ends.append((told.standing, told.closed))
    assert ends[0] == ends[1]
    assert ends[0][1][0].author_ids == [f"e-author-{n}" for n in range(4)] + ["other"]

"""Groups of accounts are a function of the set of shares, whatever the order, partitions and moments of looking."""

from __future__ import annotations

import pickle
import random
from collections import defaultdict
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detect.clock import FINAL, Tick
from pipeline.detect.coshare_panes import CoSharePanes
from pipeline.detect.finding import Finding
from pipeline.detect.parameters_sharing import SharingParameters
from pipeline.detect.rings import Rings, strength, weight
from pipeline.detect.sharing import CoShare, Share
from schemas.times import DAY, MINUTE, SECOND, Micros

START: Micros = 1_772_535_600_000_000
SMALL = SharingParameters(
    window_seconds=90.0,
    pane_minutes=5,
    popular_accounts=5,
    memory_hours=2.0,
    strength=1.0,
    error_accounts=4,
    longest_days=0.25,
)
LATENESS = 15 * MINUTE

rows = st.lists(
    st.tuples(
        st.integers(0, 5),  # account
        st.integers(0, 5),  # object
        st.sampled_from([0, 0, SECOND, 89 * SECOND, 90 * SECOND, 91 * SECOND, 4 * MINUTE, 70 * MINUTE]),  # step
        st.booleans(),  # in the post of the row before
    ),
    max_size=50,
)  # fmt: skip


def shares(rows: list[tuple[int, int, Micros, bool]]) -> list[Share]:
    """Shares in order of time; a post may share several objects."""
    made: list[Share] = []
    at = START
    for number, (account, thing, step, same) in enumerate(rows):
        at += step
        if same and made:
            last = made[-1]
            made.append(Share("forum", f"link {thing}", last.at, last.author_id, last.post_id))
        else:
            made.append(Share("forum", f"link {thing}", at, f"a{account}", f"p{number}"))
    return list({(share.post_id, share.object): share for share in made}.values())


def co_shares(shares: list[Share], p: SharingParameters) -> set[tuple[str, str, str, int]]:
    """(object, account, account, pane) of every pair, by looking at all of them."""
    pane, window = p.pane_minutes * MINUTE, round(p.window_seconds * SECOND)
    accounts: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    for share in shares:
        accounts[share.object, share.at // pane].add(share.author_id)
    rare = [s for s in shares if len(accounts[s.object, s.at // pane]) <= p.popular_accounts]
    return {
        (a.object, *sorted((a.author_id, b.author_id)), max(a.at, b.at) // pane)  # type: ignore[misc]
        for a, b in combinations(rare, 2)
        if a.object == b.object and a.author_id != b.author_id and abs(a.at - b.at) <= window
    }


@settings(max_examples=200, deadline=None)
@given(rows, st.randoms(use_true_random=False), st.integers(1, 20))
def test_panes_find_all_pairs(
    rows: list[tuple[int, int, Micros, bool]], rng: random.Random, most: int
) -> None:
    """Each pair of accounts once for an object and pane, without the objects that too many shared in theirs."""
    given_ = [
        share for n, share in enumerate(shares(rows)) if n < 3 or n % 7
    ]  # never thrice in a pane, mostly
    order = sorted(given_, key=lambda share: share.at + rng.randrange(LATENESS))
    panes, told = CoSharePanes(SMALL), list[CoShare]()
    clock = 0
    while order:
        batch, order = order[:most], order[most:]
        clock = max(clock, *(share.at for share in batch))
        panes.add(batch)
        told += panes.advance(clock - LATENESS)
        panes = pickle.loads(pickle.dumps(panes))
    told += panes.advance(FINAL.watermark)
    found = [
        (one.newer.object, *sorted((one.older.author_id, one.newer.author_id)), one.pane) for one in told
    ]
    assert len(found) == len(set(found))
    again: defaultdict[tuple[str, str, int], int] = defaultdict(int)
    for share in given_:
        again[share.object, share.author_id, share.at // (SMALL.pane_minutes * MINUTE)] += 1
    if max(again.values(), default=0) <= 3:
        assert set(found) == co_shares(given_, SMALL)
    else:
        assert set(found) <= co_shares(given_, SMALL)
    for one in told:
        assert one.older.at <= one.newer.at <= one.older.at + 90 * SECOND
        assert one.pane == one.newer.at // (SMALL.pane_minutes * MINUTE)
    assert len(panes) <= len(given_)


def through(
    shares: list[Share], partitions: int, rng: random.Random, p: SharingParameters = SMALL
) -> dict[str, Finding]:
    """The last word on every group, after panes in several partitions and rings in one place."""
    panes = [CoSharePanes(p) for _ in range(partitions)]
    rings, last, clock = Rings(p), dict[str, Finding](), 0

    def look(tick: Tick) -> None:
        for part in rng.sample(panes, len(panes)):
            rings.add(part.advance(tick.watermark))
        for finding in rings.advance(tick):
            if finding.withdrawn:
                last.pop(finding.alert_id)
            else:
                last[finding.alert_id] = finding

    for share in sorted(shares, key=lambda share: share.at + rng.randrange(LATENESS)):
        panes[int(share.object[-1]) % partitions].add([share])
        clock = max(clock, share.at)
        if rng.random() < 0.3:
            look(Tick(clock, clock - LATENESS))
    look(FINAL)
    return last


@settings(max_examples=200, deadline=None)
@given(rows, st.integers(1, 3), st.integers(0, 2**32))
def test_groups_do_not_depend_on_the_course_of_the_run(
    rows: list[tuple[int, int, Micros, bool]], partitions: int, seed: int
) -> None:
    """Any order within the lateness, any partitions and any moments of looking: the same closed groups."""
    given_ = shares(rows)
    expected = through(given_, 1, random.Random(0))
    found = through(given_, partitions, random.Random(seed))
    assert found == expected
    for finding in found.values():
        assert finding.closed
        assert finding.accounts.count >= SMALL.group_accounts
        posts = {share.post_id: share.author_id for share in given_}
        assert {posts[post] for post in finding.evidence.ids} == set(finding.accounts.ids)
        assert finding.last_seen - finding.first_seen <= DAY


def test_small_rows_make_groups() -> None:
    """The thresholds of these tests are such that a handful of shares makes groups, small and large."""
    rng = random.Random(5)
    steps = [0, SECOND, SECOND, 89 * SECOND, 4 * MINUTE, 70 * MINUTE]
    made = [
        through(
            shares([(rng.randrange(6), rng.randrange(6), rng.choice(steps), False) for _ in range(60)]),
            2,
            rng,
        )
        for _ in range(40)
    ]
    assert sum(bool(one) for one in made) >= 20
    assert {finding.severity for one in made for finding in one.values()} >= {"warning", "error"}


@given(st.integers(2, 100), st.integers(2, 100))
def test_weights_fall_with_popularity(accounts: int, popular: int) -> None:
    """From 1 for two accounts down to 0 for a crowd."""
    assert 0.0 <= weight(accounts + 1, popular) <= weight(accounts, popular) <= 1.0
    assert weight(popular, popular) == 0.0
    assert popular <= 2 or weight(2, popular) == 1.0
    assert strength([]) == 0.0

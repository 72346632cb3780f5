"""Silences are functions of the set of posts: not of partitions, batches, order, repetition, or the moments asked."""

from __future__ import annotations

import pickle
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detect.author_days import AuthorWord
from pipeline.detect.clock import FINAL, Tick
from pipeline.detect.finding import Finding
from pipeline.detect.parameters_silence import SilenceParameters
from pipeline.detect.source_counts import SourceCount, SourceCounts
from pipeline.detect.source_silence import SourceSilence, surprise
from schemas.records import Post
from schemas.times import DAY, HOUR, Micros

QUICK = SilenceParameters(
    history_days=0.5, surprise=1.0, habit_ratio=1.0, error_hours=3, forget_days=1.0, quiet_share=0.1
)
START = 1_800_000 * HOUR // HOUR * HOUR


def posts(seed: int) -> list[Post]:
    """Four days of three sources, each of which stops for some hours now and then."""
    rng, found = random.Random(seed), list[Post]()
    for source in ("a", "b", None):
        silent, rate = 0, rng.choice((1, 3, 8))
        for hour in range(96):
            if silent:
                silent -= 1
                continue
            if rng.random() < 0.04:
                silent = rng.choice((1, 4, 9, 30))
            for _ in range(rng.randint(0, 2 * rate)):
                at = START + hour * HOUR + rng.randrange(HOUR)
                found.append(Post(str(len(found)), "p", "x", at, "t", source=source))
    return sorted(found, key=lambda post: post.created_at)


def standing(findings: list[Finding]) -> list[Finding]:
    """The last word on each."""
    last = {finding.alert_id: finding for finding in findings}
    return sorted((one for one in last.values() if not one.withdrawn), key=lambda one: one.alert_id)


def at_once(stream: list[Post]) -> list[Finding]:
    """All of it in one batch."""
    silence, counts = SourceSilence(QUICK), SourceCounts()
    word = AuthorWord(0, counts=counts.add(stream), reached=stream[-1].created_at)
    return standing(silence.feed([word], FINAL, 0.0))


def spread(
    stream: list[Post], rng: random.Random, partitions: int, most: int, delay: Micros
) -> list[Finding]:
    """Over partitions, in batches, some posts later than others within `delay`, words twice and states pickled."""
    late = sorted(stream, key=lambda post: post.created_at + rng.randrange(delay + 1))
    counts, reached = [SourceCounts() for _ in range(partitions)], [0] * partitions
    silence, found, said = SourceSilence(QUICK), list[Finding](), list[AuthorWord]()
    place = 0
    while place < len(late):
        batch = late[place : place + rng.randint(1, most)]
        place += len(batch)
        words = []
        for n in range(partitions):
            mine = [post for post in batch if int(post.id) % partitions == n]
            if mine:
                reached[n] = max(reached[n], *(post.created_at for post in mine))
                words.append(AuthorWord(n, counts=counts[n].add(mine), reached=reached[n]))
        said += words
        if rng.random() < 0.3:
            words += rng.sample(said, min(len(said), 3))
        rng.shuffle(words)
        clock = max(0, max(post.created_at for post in late[:place]) - delay)
        watermark = clock - rng.randrange(2 * HOUR) if rng.random() < 0.5 else clock
        found += silence.feed(words, Tick(max(0, watermark), max(0, watermark)), 0.0)
        for one in counts:
            if rng.random() < 0.3:
                one.forget(clock)
        if rng.random() < 0.05:
            silence = pickle.loads(pickle.dumps(silence))
    return standing(found + silence.feed([], FINAL, 0.0))


@settings(max_examples=120, deadline=None)
@given(
    st.integers(0, 2**32),
    st.integers(0, 2**32),
    st.integers(1, 4),
    st.integers(1, 400),
    st.sampled_from([0, HOUR]),
)
def test_however_posts_are_spread(seed: int, order: int, partitions: int, most: int, delay: Micros) -> None:
    """The closed findings are those of one batch, and all are closed."""
    stream = posts(seed)
    expected = at_once(stream)
    assert spread(stream, random.Random(order), partitions, most, delay) == expected
    assert all(one.closed for one in expected)


def test_there_is_something_to_compare() -> None:
    """These streams have silences that end, that are given up, and that last to the end."""
    found = [one for seed in range(30) for one in at_once(posts(seed))]
    codes = [reason.code for one in found for reason in one.reasons]
    assert codes.count("back") > 20
    assert codes.count("given_up") > 2
    assert len(found) > codes.count("back") + codes.count("given_up")
    assert {one.severity for one in found} == {"warning", "error", "info"}


@given(st.floats(0.1, 1e4), st.floats(0.02, 4.0), st.integers(0, 50))
def test_surprise_grows_with_what_is_missing(mean: float, dispersion: float, count: int) -> None:
    """More posts are less surprising, more that should have come are more so; never negative."""
    one = surprise(count, mean, dispersion)
    assert one >= 0
    assert surprise(count + 1, mean, dispersion) <= one + 1e-9
    assert surprise(count, 1.5 * mean, dispersion) >= one - 1e-9


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.integers(0, 3 * DAY)), max_size=60),
    st.integers(1, 9),
)
def test_counts_are_cumulative(rows: list[tuple[str | None, int]], size: int) -> None:
    """However cut, the last word on each hour has all its posts."""
    made = [Post(str(n), "p", "x", START + at, "t", source=source) for n, (source, at) in enumerate(rows)]
    whole = {(one.source, one.hour): one for one in SourceCounts().add(made)}
    counts, last = SourceCounts(), dict[tuple[str, int], SourceCount]()
    for begin in range(0, len(made), size):
        last |= {(one.source, one.hour): one for one in counts.add(made[begin : begin + size])}
    assert last == whole
    assert sum(one.posts for one in whole.values()) == len(made)

"""The generated records: determinism, contract, rhythm, heavy tails, originality."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import orjson
import pytest
from rapidfuzz import fuzz, process

from pipeline.scenario import Scenario, generate, read_truth, write
from pipeline.scenario.grammar import Grammar
from pipeline.scenario.pages import PLATFORMS
from pipeline.scenario.plants import PLANTS
from pipeline.scenario.rhythm import local_hour, stream
from pipeline.scenario.speech import marks, without_accents
from schemas.decode import decode
from schemas.records import FanCount, Follow, Post, event_time, record_kind, to_dict
from schemas.times import DAY, HOUR

SCALE = 0.1
FILES = ("posts.jsonl", "fan_counts.jsonl", "follows.jsonl", "truth.json")


@pytest.fixture(scope="module")
def small() -> Scenario:
    return generate(1, scale=SCALE)


@pytest.fixture(scope="module")
def life() -> Scenario:
    """Ordinary life alone."""
    return generate(7, scale=0.25, plants={})


def _posts(scenario: Scenario) -> list[Post]:
    return [record for record in scenario.records if isinstance(record, Post)]


def _plain(text: str) -> str:
    """What a reader compares: words without links, mentions, hashtags, case, accents, punctuation."""
    words = [word for word in text.split() if not word.startswith(("http", "@", "#"))]
    return " ".join(
        "".join(c if c.isalnum() else " " for c in without_accents(" ".join(words)).lower()).split()
    )


def _digest(directory: Path) -> str:
    return hashlib.sha256(b"".join((directory / name).read_bytes() for name in FILES)).hexdigest()


def test_same_seed_same_bytes_in_another_process(tmp_path: Path, small: Scenario) -> None:
    """A second process with another hash seed writes the same files, byte for byte."""
    write(small, tmp_path / "here")
    code = (
        "import sys, pathlib; from pipeline.scenario import generate, write;"
        f"write(generate(1, scale={SCALE}), pathlib.Path(sys.argv[1]))"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "there")],
        check=True, env={"PYTHONHASHSEED": "12345", "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    assert _digest(tmp_path / "here") == _digest(tmp_path / "there")


def test_another_seed_gives_other_records(small: Scenario) -> None:
    """Seeds matter: hardly a text of 40 characters or more is the same."""
    other = {post.text for post in _posts(generate(2, scale=SCALE))}
    long = [post.text for post in _posts(small) if len(post.text) >= 60]
    assert sum(text in other for text in long) <= len(long) // 200


def test_a_plant_does_not_change_the_others(small: Scenario) -> None:
    """Without one plant the others plant the same ids at the same times."""
    less = generate(1, scale=SCALE, plants={name: p for name, p in PLANTS.items() if name != "bad_buzz"})
    assert less.truth == [planted for planted in small.truth if planted.name != "bad_buzz"]


def test_records_keep_the_contract(small: Scenario) -> None:
    """Every record is the same after to_dict, JSON and decode."""
    for record in small.records:
        assert decode(orjson.dumps(to_dict(record)), record_kind(record)) == record


def test_records_are_in_order_and_ids_unique(small: Scenario) -> None:
    """Event times never fall and lie within the days asked for and some minutes; ids are unique."""
    times = [event_time(record) for record in small.records]
    assert times == sorted(times)
    assert small.start <= times[0]
    assert times[-1] < small.end + HOUR
    posts = _posts(small)
    assert len({(post.platform, post.id) for post in posts}) == len(posts)


def test_files_hold_the_records(tmp_path: Path, small: Scenario) -> None:
    """The three files together hold every record once, and truth.json comes back equal."""
    write(small, tmp_path)
    kinds = {"posts.jsonl": Post, "fan_counts.jsonl": FanCount, "follows.jsonl": Follow}
    for name, kind in kinds.items():
        lines = (tmp_path / name).read_bytes().splitlines()
        assert [decode(line) for line in lines] == [r for r in small.records if isinstance(r, kind)]
    assert read_truth(tmp_path / "truth.json") == small.truth


def test_marks_agree_with_the_text(small: Scenario) -> None:
    """Hashtags, mentions and links of a post are those of its text."""
    for post in _posts(small):
        assert (post.hashtags, post.mentions, post.urls) == marks(post.text)


def test_size_follows_scale() -> None:
    """Ordinary posts grow in proportion to the scale."""
    sizes = [len(_posts(generate(3, scale=scale, plants={}))) for scale in (0.05, 0.2)]
    assert 3.2 < sizes[1] / sizes[0] < 4.8


def test_nights_are_quiet(life: Scenario) -> None:
    """Between two and five at night there are less than half as many posts an hour as in the evening."""
    hours = Counter(int(local_hour(post.created_at)) for post in _posts(life))
    night, noon, evening = (
        sum(hours[h] for h in span) / 3 for span in ((2, 3, 4), (11, 12, 13), (19, 20, 21))
    )
    assert night < 0.5 * noon < 0.5 * evening * 1.1
    french = Counter(int(local_hour(p.created_at)) for p in _posts(life) if p.target == "la-cuisine-de-babou")
    assert sum(french[h] for h in (2, 3, 4)) < 0.3 * sum(french[h] for h in (19, 20, 21))


def test_tails_are_heavy(life: Scenario) -> None:
    """A tenth of the accounts writes more than a third of the posts; the first page towers above the last."""
    counts = sorted(Counter(post.author_id for post in _posts(life)).values(), reverse=True)
    assert sum(counts[: len(counts) // 10]) > sum(counts) / 3
    assert counts[0] < 0.01 * sum(counts)
    pages = Counter(post.target for post in _posts(life) if post.platform == "twitter" and post.lang == "fr")
    assert pages["transvia"] > 4 * pages["norelia"]
    followers = sorted(post.author_followers or 0 for post in _posts(life))
    assert followers[len(followers) * 99 // 100] > 15 * followers[len(followers) // 2]


def test_life_has_all_sorts(life: Scenario) -> None:
    """Four platforms, two languages, threads, reposts, links, hashtags, old and new accounts."""
    posts = _posts(life)
    assert {post.platform for post in posts} == set(PLATFORMS)
    assert {post.lang for post in posts} == {"fr", "en", None}
    ids = {(post.platform, post.id): post for post in posts}
    replies = [post for post in posts if post.reply_to]
    reposts = [post for post in posts if post.repost_of]
    assert 0.1 < len(replies) / len(posts) < 0.5
    assert 0.02 < len(reposts) / len(posts) < 0.12
    for post in replies:
        parent = ids[post.platform, post.reply_to or ""]
        assert parent.created_at <= post.created_at
        assert parent.target == post.target
    for post in reposts:
        original = ids[post.platform, post.repost_of or ""]
        assert post.is_repost
        assert original.text == post.text
        assert original.author_id != post.author_id
    assert 0.02 < sum(bool(post.urls) for post in posts) / len(posts) < 0.15
    assert 0.03 < sum(bool(post.hashtags) for post in posts) / len(posts) < 0.6
    ages = [life.start - (post.author_created_at or 0) for post in posts]
    assert 0.01 < sum(age < 60 * DAY for age in ages) / len(ages) < 0.12
    assert max(ages) > 10 * 365 * DAY


def test_honest_posts_are_not_copies(life: Scenario) -> None:
    """Among thousands of ordinary posts of 40 characters or more, a handful of pairs at most is alike."""
    texts = [plain for p in _posts(life) if not p.repost and len(plain := _plain(p.text)) >= 40][:4500]
    assert len(texts) == 4500
    alike = sum(
        int(
            np.count_nonzero(process.cdist(texts[i : i + 900], texts[:i], scorer=fuzz.ratio, score_cutoff=80))
        )
        for i in range(900, 4500, 900)
    )
    assert alike <= 5  # of eight million pairs


def test_fan_counts_are_ordinary(life: Scenario) -> None:
    """Readings of pages without plants move by less than one percent and agree with the follow events."""
    readings: dict[str, list[FanCount]] = {}
    for record in life.records:
        if isinstance(record, FanCount):
            readings.setdefault(record.page_id, []).append(record)
    assert len(readings) >= 20
    for series in readings.values():
        assert len(series) == 72
        counts = np.array([reading.followers for reading in series])
        assert np.all(np.abs(np.diff(counts)) < 0.01 * counts[0] + 10)
        assert len(set(counts.tolist())) > 10
    page = readings["chef-solenn"]
    events = [r for r in life.records if isinstance(r, Follow) and r.page_id == "chef-solenn"]
    for before, after in pairwise(page):
        steps = [
            1 if e.action == "follow" else -1
            for e in events
            if before.observed_at < e.at <= after.observed_at
        ]
        assert after.followers - before.followers == sum(steps)


def test_wrong_arguments_are_named() -> None:
    """Too few days or an odd scale are refused with the value and what is allowed."""
    with pytest.raises(ValueError, match=r"days is 2; at least 3"):
        generate(1, days=2)
    with pytest.raises(ValueError, match=r"scale is 0; 0\.02 to 100"):
        generate(1, scale=0)


def test_start_is_taken_back_to_midnight() -> None:
    """A scenario begins at the midnight in Paris before the start; a longer one goes on being ordinary."""
    scenario = generate(5, days=4, scale=0.03, start=1_800_000_000_000_000)
    assert local_hour(scenario.start) == 0
    assert 0 <= 1_800_000_000_000_000 - scenario.start < DAY
    assert scenario.end - scenario.start == 4 * DAY
    assert any(event_time(record) > scenario.start + 3.9 * DAY for record in scenario.records)


def test_grammar_weights_and_unknown_symbols() -> None:
    """`3*` triples the odds, and a symbol without a rule is an error."""
    grammar = Grammar({"s": ["3*{a}!", "b"], "a": ["x"]})
    rng = stream(1, "test")
    counts = Counter(grammar.say("s", rng) for _ in range(4000))
    assert 2.5 < counts["x!"] / counts["b"] < 3.6
    with pytest.raises(KeyError):
        Grammar({"s": ["{missing}"]})

"""What a burst is made of: which waves are organic, how surely that is known, and which are not."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detect.activity import Activity
from pipeline.detect.burst_findings import organic, rate
from pipeline.detect.finding import Finding
from pipeline.detect.parameters_volume import BurstParameters
from pipeline.detect.volume_tally import Tally, wilson
from pipeline.explain.bursts import summary
from schemas.times import DAY, MINUTE, SECOND
from tests.unit.test_bursts import HISTORY, NOON, OLD, closed, codes, post, wave


def only(rows: list[Activity]) -> Finding:
    (finding,) = closed(HISTORY + rows)
    return finding


def held(finding: Finding) -> dict[str, bool]:
    return {reason.code: reason.values["holds"] for reason in finding.ruled_out}


def share(finding: Finding) -> dict[str, float]:
    return next(reason.values for reason in finding.reasons if reason.code == "organic_share")


def crowd(posts: int, authors: int, seed: int, **more: object) -> list[Activity]:
    """Twenty minutes of a crowd whose activity follows Zipf's law, each post in its own words."""
    rng = random.Random(seed)
    weights = [1 / rank for rank in range(1, authors + 1)]
    who = rng.choices(range(authors), weights, k=posts)
    return [
        post(
            NOON + i * 20 * MINUTE // posts,
            f"c{who[i]}",
            f"c{i}",
            **{"sketch": (rng.getrandbits(60),), "author_created_at": OLD - who[i] * DAY, **more},
        )
        for i in range(posts)
    ]


def test_the_end_of_a_match_is_info_with_the_reasons() -> None:
    """A final: a thousand people shout short things and repost the goal. Info, and the checks say why."""
    rows = crowd(1500, 1000, 1, sketch=()) + [
        post(NOON + i * SECOND, f"r{i}", f"r{i}", sketch=(9, 10), is_repost=True, author_created_at=OLD)
        for i in range(400)
    ]
    finding = only(rows)
    assert finding.severity == "info"
    checks = held(finding)
    for code in ("many_distinct_accounts", "own_words", "varied_sources", "established_accounts"):
        assert checks[code] is True, code
    assert share(finding)["low"] > 0.9


def test_a_bad_buzz_is_info_with_the_reasons() -> None:
    """A scandal: one article that all pass on, many answers, many people. The source is told and raises nothing."""
    rows = crowd(900, 600, 2, domain="journal.example", is_reply=True)
    finding = only(rows)
    assert finding.severity == "info"
    assert "one_source" in codes(finding)
    checks = held(finding)
    assert checks["varied_sources"] is False
    assert checks["conversation"] is True
    assert checks["own_words"] is True


def test_copies_in_a_crowd_are_a_warning() -> None:
    """A crowd of which two in five posts are one text: a warning, and the organic share is the rest."""
    rows = crowd(600, 500, 3) + [
        post(NOON + i * 2 * SECOND, f"k{i}", f"k{i}", sketch=(5, 6), author_created_at=OLD)
        for i in range(400)
    ]
    finding = only(rows)
    assert finding.severity == "warning"
    assert "copies" in codes(finding)
    assert held(finding)["own_words"] is False
    assert share(finding)["low"] < 0.6 < share(finding)["high"] + 0.05


def test_a_handful_that_presses_the_repost_button_is_a_warning() -> None:
    """Six accounts make a wave of native reposts: passing on is no excuse for so few."""
    finding = only(wave(NOON, 120, 6, is_repost=True, author_created_at=OLD))
    assert finding.severity == "warning"
    assert "few_accounts" in codes(finding)


def test_marks_are_not_counted_twice_nor_forgotten() -> None:
    """Copies, new accounts and heavy ones overlap: the organic share leaves out their union."""
    tally = Tally(BurstParameters())
    old, new = NOON - 900 * DAY, NOON - 2 * DAY
    rows = [post(NOON + i, f"k{i}", f"k{i}", sketch=(1,), author_created_at=new) for i in range(10)]
    rows += [
        post(NOON + i, "heavy", f"h{i}", sketch=(100 + i,), author_created_at=old) for i in range(40)
    ]  # of its own words
    rows += [post(NOON + i, f"o{i}", f"o{i}", sketch=(500 + i,), author_created_at=old) for i in range(10)]
    tally.add(rows)
    makeup = tally.makeup()
    assert makeup.marked == pytest.approx(10 / 60)
    assert makeup.suspect == pytest.approx(50 / 60)
    assert organic(BurstParameters(), makeup) == pytest.approx(10 / 60)


def test_many_posts_of_few_people_tell_less() -> None:
    """The interval rests on the number of people: five hundred posts of ten tell as much as ten."""
    tally = Tally(BurstParameters())
    tally.add([post(NOON + i, f"a{i % 10}", f"{i}") for i in range(500)])
    assert tally.makeup().effective == pytest.approx(10)
    low, high = wilson(5, 10)
    assert high - low > 0.4


rows_of_all_kinds = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 6), st.sampled_from([None, 2, 900]), st.booleans()),
    min_size=1,
    max_size=120,
)


@given(rows_of_all_kinds, st.integers(1, 119))
def test_shares_lie_within_their_intervals_whatever_the_order(
    drawn: list[tuple[int, int, int | None, bool]], cut: int
) -> None:
    """The figures are those of the set: of any order, and of two halves put together."""
    p = BurstParameters(min_known=1, heavy_posts=4)
    rows = [
        post(
            NOON + i,
            f"a{author}",
            f"{i}",
            sketch=(text,),
            author_created_at=None if age is None else NOON - age * DAY,
            is_repost=repost,
        )
        for i, (author, text, age, repost) in enumerate(drawn)
    ]
    whole, first, second = Tally(p), Tally(p), Tally(p)
    whole.add(rows)
    first.add(rows[cut:][::-1])
    second.add(rows[:cut])
    if first.posts and second.posts:
        first.absorb(second)
        assert first.makeup() == whole.makeup()
    makeup = whole.makeup()
    assert max(makeup.marked, makeup.copies) <= makeup.suspect + 1e-12
    assert 1 <= makeup.effective <= makeup.posts + 1e-9
    found = organic(p, makeup)
    low, high = wilson(found * makeup.effective, makeup.effective)
    assert 0 <= low <= found + 1e-9
    assert found - 1e-9 <= high <= 1
    assert rate(p, makeup) in {"info", "warning", "error"}


def test_the_words_name_the_checks() -> None:
    """Copies and links are told even where they are no mark, in both languages."""
    text = summary(only(crowd(600, 400, 4, domain="journal.example")))
    assert "copies (0 %)" in text.fr.replace("\u202f", " ")
    assert "journal.example" in text.fr
    assert "copies (0%)" in text.en
    assert "at most to one site" in text.en


def test_new_accounts_are_a_mark_beyond_chance() -> None:
    """Six new accounts of twenty may be chance, twenty-four of sixty and twenty of twenty not."""
    for new, posts, severity in ((6, 20, "info"), (24, 60, "warning"), (20, 20, "warning")):
        rows = [
            post(
                NOON + i * SECOND,
                f"n{i}",
                f"n{i}",
                sketch=(1000 + i,),
                author_created_at=NOON - 5 * DAY if i < new else OLD,
            )
            for i in range(posts)
        ]
        finding = only(rows)
        assert finding.severity == severity, (new, posts)
        assert held(finding)["established_accounts"] is (severity == "info")

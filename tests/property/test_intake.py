"""Intake: every record has one fate, decided by what came before it in its partition and by nothing else."""

from __future__ import annotations

import itertools
import pickle

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detect.clock import END
from pipeline.detect.intake import Counts, Intake, Raw, Taken
from pipeline.detect.parameters import Parameters
from pipeline.detect.post_step import PostStep
from pipeline.text.enrich import Enriched
from schemas.decode import REFUSALS
from schemas.limits import MAX_BYTES
from schemas.records import FanCount, Kind, Post, Record, event_time
from schemas.times import DAY, HOUR, MINUTE, format_time

NOON = 1_772_535_600_000_000
LATENESS = 15 * MINUTE
HORIZON = 2 * HOUR + LATENESS


def post(number: int, at: int, author: str = "a", text: str = "message", deleted: bool = False) -> bytes:
    return orjson.dumps(
        {
            "id": f"p{number}",
            "platform": "forum",
            "author_id": author,
            "created_at": format_time(at),
            "text": f"{text} {number}",
            **({"deleted": True} if deleted else {}),
        }
    )


minutes = st.sampled_from([-3000, -300, -140, -60, -16, -15, -14, -1, 0, 1, 5, 20, 90, 1000, 3000])
raws = st.one_of(
    st.builds(
        Raw,
        st.builds(lambda number, step: post(number, NOON + step * MINUTE), st.integers(0, 8), minutes),
        st.none() | st.builds(lambda step: NOON + step * MINUTE, minutes),
    ),
    st.builds(
        lambda number, word, deleted: Raw(post(number, NOON, text=word, deleted=deleted)),
        st.integers(0, 8),
        st.sampled_from("ab"),
        st.booleans(),
    ),
    st.builds(Raw, st.none() | st.binary(max_size=20)),
    st.just(Raw(None, end=True)),
    st.builds(lambda step: Raw(None, NOON + step * MINUTE), minutes),  # a word on the time alone
)


def total(taken: list[Taken[Record]]) -> Counts:
    counts = Counts()
    for part in taken:
        counts.add(part.counts)
    return counts


def batches(rows: list[Raw], size: int) -> list[list[Raw]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


@settings(max_examples=500)
@given(st.lists(raws, max_size=40), st.sampled_from([None, "posts"]))
def test_counts_add_up(rows: list[Raw], kind: Kind | None) -> None:
    """read = accepted + late + duplicates + refused, and each number is that of the records handed over."""
    taken = Intake(LATENESS, HORIZON, kind).take(rows)
    for part in taken:
        counts = part.counts
        assert counts.read == counts.accepted + counts.late + counts.duplicates + counts.refused
        assert (counts.accepted, counts.late, counts.refused) == (
            len(part.accepted),
            len(part.late),
            len(part.refused),
        )
        assert len(part.again) <= counts.duplicates
        assert all(refused.refusal.code in REFUSALS for refused in part.refused)
    told_time = sum(raw.value is None and raw.clock is not None and not raw.end for raw in rows)
    assert total(taken).read == len(rows) - told_time - sum(raw.end for raw in rows)
    assert sum(part.ended for part in taken) == sum(raw.end for raw in rows)


@settings(max_examples=400)
@given(st.lists(raws, max_size=40), st.integers(1, 7))
def test_batches_do_not_matter(rows: list[Raw], size: int) -> None:
    """One batch or many: the same records are accepted, late, duplicates and refused, in the same order."""
    whole = Intake(LATENESS, HORIZON, "posts")
    parts = Intake(LATENESS, HORIZON, "posts")
    one = whole.take(rows)
    many = [taken for batch in batches(rows, size) for taken in parts.take(batch)]
    assert total(one) == total(many)
    assert [record for taken in one for record in taken.accepted] == [
        r for taken in many for r in taken.accepted
    ]
    assert [record for taken in one for record in taken.late] == [r for taken in many for r in taken.late]
    assert whole.clock == parts.clock


@settings(max_examples=300)
@given(st.lists(raws.filter(lambda raw: not raw.end), max_size=40))
def test_the_clock_never_runs_backwards(rows: list[Raw]) -> None:
    """Record by record the partition's clock rises or stands still."""
    intake, before = Intake(LATENESS, HORIZON, "posts"), 0
    for raw in rows:
        (taken,) = intake.take([raw])
        assert taken.clock == intake.clock >= before
        before = intake.clock


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 30), minutes), min_size=1, max_size=40))
def test_late_is_what_lies_too_far_behind_the_header_clock(steps: list[tuple[int, int]]) -> None:
    """With clocks in the headers, lateness is theirs alone: it does not matter what else is in the partition."""
    clock, rows = NOON, []
    for number, (step, offset) in enumerate(steps):
        clock += step * MINUTE
        rows.append(Raw(post(number, clock + min(0, offset) * MINUTE), clock))
    together = Intake(LATENESS, HORIZON, "posts").take(rows)[0]
    for raw, (_, offset) in zip(rows, steps, strict=True):
        alone = Intake(LATENESS, HORIZON, "posts").take([raw])[0]
        assert alone.counts.late == (offset * MINUTE < -LATENESS)
    assert together.counts.late == sum(offset * MINUTE < -LATENESS for _, offset in steps)


@given(st.lists(st.integers(0, 8), min_size=1, max_size=30), st.integers(1, 5))
def test_duplicates_are_counted_once(numbers: list[int], size: int) -> None:
    """However often a record comes, in whatever batches, it is accepted once."""
    intake = Intake(LATENESS, HORIZON, "posts")
    rows = [Raw(post(number, NOON + number * MINUTE), NOON) for number in numbers]
    taken = [part for batch in batches(rows, size) for part in intake.take(batch)]
    accepted = [record for part in taken for record in part.accepted]
    assert len(accepted) == len(set(numbers)) == total(taken).accepted
    assert total(taken).duplicates == len(numbers) - len(set(numbers))


def test_a_duplicate_of_a_late_record_is_a_duplicate() -> None:
    """Within the horizon a record that was late is remembered as well."""
    intake = Intake(LATENESS, HORIZON, "posts")
    late = Raw(post(1, NOON - HOUR), NOON)
    assert [intake.take([late])[0].counts.late for _ in range(3)] == [1, 0, 0]


def test_without_header_the_records_own_times_are_the_clock() -> None:
    """A live connector sends no clock; one wrong date far ahead does not make late what follows it."""
    intake = Intake(LATENESS, HORIZON, "posts")
    rows = [
        Raw(post(1, NOON)),
        Raw(post(2, NOON + HOUR)),
        Raw(post(3, NOON + 400 * DAY)),
        Raw(post(4, NOON + HOUR + MINUTE)),
        Raw(post(5, NOON)),
    ]
    (taken,) = intake.take(rows)
    assert [event_time(record) for record in taken.late] == [NOON]
    assert taken.counts.accepted == 4
    assert taken.clock == NOON + HOUR + MINUTE


def test_a_word_on_the_time_is_no_record() -> None:
    """It moves the clock, so that what comes after it may be late, and is counted nowhere."""
    intake = Intake(LATENESS, HORIZON, "posts")
    (taken,) = intake.take([Raw(None, NOON), Raw(post(1, NOON - HOUR), NOON - HOUR), Raw(None, NOON - DAY)])
    assert (taken.clock, taken.counts) == (NOON, Counts(read=1, late=1))


def test_the_end_of_a_source_cuts_the_batch() -> None:
    """What follows an end marker belongs to the next stream: nothing is remembered, the clock begins anew."""
    intake = Intake(LATENESS, HORIZON, "posts")
    same = Raw(post(1, NOON), NOON)
    first, second = intake.take([same, Raw(None, end=True), Raw(post(2, NOON - DAY), NOON - DAY), same])
    assert (first.ended, first.clock, first.counts.accepted) == (True, END, 1)
    assert (second.ended, second.clock, second.counts.accepted) == (False, NOON, 2)


def test_kinds_that_do_not_belong_are_refused() -> None:
    """A post among fan records, and the other way round, is refused and moves no clock."""
    count = orjson.dumps({"platform": "forum", "page_id": "p", "observed_at": NOON, "followers": 3})
    fans = Intake(LATENESS, HORIZON)
    (taken,) = fans.take([Raw(post(1, NOON)), Raw(count)])
    assert [refused.refusal.code for refused in taken.refused] == ["unknown_kind"]
    assert isinstance(taken.accepted[0], FanCount)
    posts = Intake(LATENESS, HORIZON, "posts")
    (taken,) = posts.take([Raw(count)])
    assert [(refused.place, refused.refusal.code) for refused in taken.refused] == [(0, "missing_field")]
    assert posts.clock == 0


def test_a_record_that_would_fit_no_message_is_refused() -> None:
    """The limit on bytes holds whatever the record is made of."""
    padded = post(1, NOON) + b" " * MAX_BYTES
    (taken,) = Intake(LATENESS, HORIZON, "posts").take([Raw(padded), Raw(post(1, NOON))])
    assert [refused.refusal.code for refused in taken.refused] == ["too_long"]
    assert [type(record) for record in taken.accepted] == [Post]


def test_an_edit_is_no_second_post() -> None:
    """The same id with another text, or taken down under another date, is handed over once more and not counted again;
    the very same bytes are not handed over. Whether the first was late stays with it."""
    intake = Intake(LATENESS, HORIZON, "posts")
    first, edited, moved = post(1, NOON), post(1, NOON, text="edited"), post(1, NOON + 90 * MINUTE)
    old, old_edited = post(2, NOON - HOUR), post(2, NOON - HOUR, text="edited")
    (taken,) = intake.take([Raw(raw, NOON) for raw in (first, first, edited, edited, moved, old, old_edited)])
    assert (taken.counts.accepted, taken.counts.late, taken.counts.duplicates) == (1, 1, 5)
    texts = [(one.text, late) for one, late in taken.again if isinstance(one, Post)]
    assert texts == [("edited 1", False), ("message 1", False), ("edited 2", True)]


words = st.tuples(st.integers(0, 2), st.sampled_from("abc"), st.booleans())
"""A post, what it says, and whether it is deleted."""


@settings(max_examples=300)
@given(st.lists(words, max_size=25), st.integers(1, 5), st.integers(0, 25))
def test_deletion_wins(said: list[tuple[int, str, bool]], size: int, cut: int) -> None:
    """Of what is told of a post in order, nothing that is not deleted follows a deletion, however the log is cut and
    kept in between; without a deletion the last word is told last; and no word is kept back but for a deletion."""
    rows = [Raw(post(number, NOON, text=text, deleted=gone), NOON) for number, text, gone in said]
    step, told = PostStep(Parameters(), 0, 1), list[tuple[int, Enriched]]()
    for batch in [*batches(rows[:cut], size), [], *batches(rows[cut:], size)]:
        if not batch:
            step = pickle.loads(pickle.dumps(step))
        for posted in step.feed(batch):
            told += zip(posted.versions, posted.enriched, strict=True)
    for number in {number for number, _, _ in said}:
        mine = [(f"{text} {number}", gone) for other, text, gone in said if other == number]
        wanted = [word for place, word in enumerate(mine) if not place or word != mine[place - 1]]
        first = next((place for place, (_, gone) in enumerate(wanted) if gone), len(wanted))
        wanted = wanted[: first + 1] + [word for word in wanted[first + 1 :] if word[1]]
        wanted = [word for place, word in enumerate(wanted) if not place or word != wanted[place - 1]]
        found = [
            (one.post.text, one.post.deleted)
            for _, one in sorted(told, key=lambda pair: pair[0])
            if one.post.id == f"p{number}"
        ]
        assert found == wanted


def _versions(taken: list[Taken[Record]]) -> list[tuple[Record, int]]:
    """Every record that is told, with the number under which it is."""
    told: list[tuple[Record, int]] = []
    for part in taken:
        again = [record for record, _ in part.again]
        for records, versions in zip((part.accepted, part.late, again), part.versions, strict=True):
            told += zip(records, versions, strict=True)
    return sorted(told, key=lambda one: one[1])


@settings(max_examples=300)
@given(st.lists(raws, max_size=40), st.integers(1, 7), st.integers(0, 40), st.data())
def test_versions_are_those_of_the_log(rows: list[Raw], size: int, cut: int, data: st.DataObject) -> None:
    """What is told of one record has a number that grows along the log, whatever the broker's clock does, and the same
    one when the log is read again, cut otherwise, from a state in its middle: so the last word on a post stands."""
    entered = data.draw(st.lists(st.integers(0, 50), min_size=len(rows), max_size=len(rows)))
    log = [
        row._replace(offset=place, entered=at)
        for place, (row, at) in enumerate(zip(rows, entered, strict=True))
    ]
    whole = _versions(Intake(LATENESS, HORIZON).take(log))
    assert all(left < right for (_, left), (_, right) in itertools.pairwise(whole))
    assert all(version >= 1 for _, version in whole)
    intake, told = Intake(LATENESS, HORIZON), list[Taken[Record]]()
    for batch in batches(log[:cut], size):
        told += intake.take(batch)
    state = pickle.dumps(intake)
    told += intake.take(log[cut:])
    assert _versions(told) == whole
    later = _versions(pickle.loads(state).take(log[cut:]))
    assert later == whole[len(whole) - len(later) :]

"""Decoding has two outcomes, a record or a refusal; and it loses nothing of what it takes."""

from __future__ import annotations

import math
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.store.schemas import FAN_COUNTS, FOLLOWS, POSTS
from pipeline.text.contract import to_contract
from pipeline.text.enrich import enrich
from schemas.decode import REFUSALS, Refusal, decode, from_dict, recognise
from schemas.limits import MAX_DEPTH, MAX_ID, MAX_TEXT
from schemas.records import (
    FOLLOW_ACTIONS,
    KINDS,
    RESERVED,
    FanCount,
    Follow,
    Kind,
    Post,
    Record,
    event_time,
    record_key,
    record_kind,
    to_dict,
)
from schemas.times import EARLIEST, LATEST

POST: dict[str, Any] = {
    "id": "1",
    "platform": "forum",
    "author_id": "a",
    "created_at": "2026-03-03T10:00:00Z",
    "text": "bonjour",
}
FAN_COUNT: dict[str, Any] = {
    "platform": "forum",
    "page_id": "p",
    "observed_at": 1_772_500_000,
    "followers": 12,
}
FOLLOW: dict[str, Any] = {
    "platform": "forum",
    "page_id": "p",
    "actor_id": "a",
    "at": 1_772_500_000,
    "action": "like",
}

kinds = st.sampled_from([None, *KINDS])
plain = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
named = plain.filter(bool)
moments = st.integers(EARLIEST, LATEST - 1)
counts = st.integers(0, (1 << 53) - 1)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(plain, inner, max_size=3),
    max_leaves=8,
)


def extras(struct: type[Post | FanCount | Follow]) -> st.SearchStrategy[dict[str, Any] | None]:
    """Unknown fields; None where there are none. By its own fields of another kind a record would be taken for that."""
    known = set(struct.__struct_fields__) - {"extra"}
    if struct is not Post:
        known |= {"text", "author_id", "action", "actor_id"}
    return st.none() | st.dictionaries(
        plain.filter(lambda name: name not in known), json_values, min_size=1, max_size=4
    )


lists = st.lists(plain, max_size=3).map(tuple)
posts = st.builds(
    Post,
    id=named,
    platform=named,
    author_id=named,
    created_at=moments,
    text=plain,
    lang=st.none() | named,
    url=st.none() | named,
    target=st.none() | named,
    author_name=st.none() | named,
    author_created_at=st.none() | moments,
    author_followers=st.none() | counts,
    reply_to=st.none() | named,
    repost_of=st.none() | named,
    is_repost=st.booleans(),
    urls=lists,
    hashtags=lists,
    mentions=lists,
    media_hashes=lists,
    source=st.none() | named,
    deleted=st.booleans(),
    extra=extras(Post),
)
fan_counts = st.builds(
    FanCount,
    platform=named,
    page_id=named,
    observed_at=moments,
    followers=counts,
    page_name=st.none() | named,
    following=st.none() | counts,
    posts=st.none() | counts,
    extra=extras(FanCount),
)
follows = st.builds(
    Follow,
    platform=named,
    page_id=named,
    actor_id=named,
    at=moments,
    action=st.sampled_from(FOLLOW_ACTIONS),
    actor_created_at=st.none() | moments,
    actor_name=st.none() | named,
    actor_followers=st.none() | counts,
    actor_posts=st.none() | counts,
    extra=extras(Follow),
)


def well_formed(outcome: Record | Refusal) -> None:
    """A record that can be keyed, placed in time and written; or a refusal with a known code and a message."""
    if isinstance(outcome, Refusal):
        assert outcome.code in REFUSALS
        assert outcome.message
        outcome.message.encode()
        assert len(outcome.message) < 400
    else:
        assert EARLIEST <= event_time(outcome) < LATEST
        assert record_key(outcome)
        orjson.dumps(to_dict(outcome))


@settings(max_examples=500)
@given(st.binary(max_size=300), kinds)
def test_any_bytes_have_an_outcome(raw: bytes, kind: Kind | None) -> None:
    """Arbitrary bytes are refused with a reason, never raise."""
    well_formed(decode(raw, kind))


@settings(max_examples=500)
@given(
    st.dictionaries(st.sampled_from([*POST, *FAN_COUNT, *FOLLOW, "urls", "lang", "deleted"]), json_values),
    kinds,
)
def test_any_json_has_an_outcome(data: dict[str, Any], kind: Kind | None) -> None:
    """Any values under known names are a record or a refusal."""
    well_formed(decode(orjson.dumps(data), kind))


@settings(max_examples=300)
@given(st.one_of(posts, fan_counts, follows))
def test_what_is_written_is_read_back(record: Record) -> None:
    """A record through its contract form and JSON is the same record, unknown fields included."""
    raw = orjson.dumps(to_dict(record))
    assert decode(raw, record_kind(record)) == record
    assert decode(raw) == record  # recognised by its fields as well


@given(st.one_of(posts, fan_counts, follows))
def test_a_record_is_recognised_whatever_else_it_holds(record: Record) -> None:
    """Unknown fields never hide the kind, nor does the page id that some posts carry."""
    assert recognise(to_dict(record)) == record_kind(record)


@given(
    st.dictionaries(
        plain.filter(lambda name: name not in RESERVED.union(Post.__struct_fields__)), json_values, max_size=4
    )
)
@example({"page_id": "p", "actor_id": "a", "action": "like", "followers": 3})
def test_unknown_fields_are_kept(more: dict[str, Any]) -> None:
    """What Vigie does not know comes out as it went in, a field called `extra` too."""
    data = {**POST, **more, "extra": {"extra": 1}}
    post = from_dict(data)
    assert isinstance(post, Post)
    assert {name: value for name, value in to_dict(post).items() if name not in POST} == {
        **more,
        "extra": {"extra": 1},
    }


@given(st.dictionaries(st.sampled_from(sorted(RESERVED | {"extra", "free"})), json_values, max_size=5))
def test_unknown_fields_with_names_of_ours_step_aside(more: dict[str, Any]) -> None:
    """A producer's field called like one of ours is kept in `extra`, and every name of ours stays free."""
    post = from_dict({**POST, **more})
    assert isinstance(post, Post)
    out = to_dict(post)
    assert RESERVED.isdisjoint(out)
    kept = {name: value for name, value in out.items() if name not in POST and name != "extra"}
    aside = out.get("extra", {})
    assert {
        **kept,
        **(aside if RESERVED & more.keys() else {"extra": aside} if "extra" in more else {}),
    } == more


WRONG: list[tuple[dict[str, Any], Kind, str, str]] = [
    ({**POST, "id": None}, "posts", "missing_field", "id"),
    ({**POST, "id": ""}, "posts", "missing_field", "id"),
    ({**POST, "id": True}, "posts", "wrong_type", "id"),
    ({**POST, "id": 1.5}, "posts", "wrong_type", "id"),
    ({**POST, "id": 2**64}, "posts", "wrong_type", "id"),
    ({**POST, "id": 10**5000}, "posts", "wrong_type", "id"),
    ({**POST, "id": "x" * (MAX_ID + 1)}, "posts", "too_long", "id"),
    ({**POST, "id": "a\x00"}, "posts", "control_character", "id"),
    ({**POST, "text": 5}, "posts", "wrong_type", "text"),
    ({**POST, "text": None}, "posts", "missing_field", "text"),
    ({**POST, "text": "a\x00b"}, "posts", "control_character", "text"),
    ({**POST, "text": "x" * (MAX_TEXT + 1)}, "posts", "too_long", "text"),
    ({**POST, "lang": False}, "posts", "wrong_type", "lang"),
    ({**POST, "reply_to": []}, "posts", "wrong_type", "reply_to"),
    ({**POST, "target": {}}, "posts", "wrong_type", "target"),
    ({**POST, "url": 0.0}, "posts", "wrong_type", "url"),
    ({**POST, "deleted": 1}, "posts", "wrong_type", "deleted"),
    ({**POST, "is_repost": "false"}, "posts", "wrong_type", "is_repost"),
    ({**POST, "urls": "http://x.fr"}, "posts", "wrong_type", "urls"),
    ({**POST, "hashtags": [1]}, "posts", "wrong_type", "hashtags"),
    ({**POST, "mentions": ["x"] * 1001}, "posts", "too_long", "mentions"),
    ({**POST, "media_hashes": ["\x00"]}, "posts", "control_character", "media_hashes"),
    ({**POST, "author_followers": True}, "posts", "wrong_type", "author_followers"),
    ({**POST, "author_followers": -1}, "posts", "wrong_value", "author_followers"),
    ({**POST, "author_followers": 10**5000}, "posts", "wrong_value", "author_followers"),
    ({**POST, "author_followers": math.nan}, "posts", "wrong_type", "author_followers"),
    ({**POST, "author_followers": math.inf}, "posts", "wrong_type", "author_followers"),
    ({**POST, "created_at": None}, "posts", "missing_field", "created_at"),
    ({**POST, "created_at": True}, "posts", "time_invalid", "created_at"),
    ({**POST, "created_at": math.nan}, "posts", "time_invalid", "created_at"),
    ({**POST, "created_at": "last year"}, "posts", "time_invalid", "created_at"),
    ({**POST, "created_at": "outside"}, "posts", "time_invalid", "created_at"),
    ({**POST, "created_at": "2026-02-30T00:00:00Z"}, "posts", "time_invalid", "created_at"),
    ({**POST, "created_at": "0000-01-01T00:00:00Z"}, "posts", "time_out_of_range", "created_at"),
    ({**POST, "created_at": "9999-12-31T23:59:59Z"}, "posts", "time_out_of_range", "created_at"),
    ({**POST, "created_at": 0}, "posts", "time_out_of_range", "created_at"),
    ({**POST, "created_at": 10**5000}, "posts", "time_out_of_range", "created_at"),
    ({**POST, "author_created_at": "soon"}, "posts", "time_invalid", "author_created_at"),
    ({**FAN_COUNT, "followers": 1.5}, "fan_counts", "wrong_type", "followers"),
    ({**FAN_COUNT, "followers": "12"}, "fan_counts", "wrong_type", "followers"),
    ({**FAN_COUNT, "followers": 2**53}, "fan_counts", "wrong_value", "followers"),
    ({**FOLLOW, "action": "block"}, "follows", "wrong_value", "action"),
    ({**FOLLOW, "actor_id": None}, "follows", "missing_field", "actor_id"),
]


@pytest.mark.parametrize(("data", "kind", "code", "field"), WRONG)
def test_refusals_name_code_and_field(data: dict[str, Any], kind: Kind, code: str, field: str) -> None:
    """Each fault has its code, names its field, and has a message of bearable length."""
    refusal = from_dict(data, kind)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.field) == (code, field)
    assert field in refusal.message
    well_formed(refusal)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "invalid_json"),
        (b"null", "not_an_object"),
        (b"[]", "not_an_object"),
        (b'"x"', "not_an_object"),
        (b"{}", "unknown_kind"),
        (b'{"mood": 1}', "unknown_kind"),
        (b'{"id": NaN}', "invalid_json"),
        (b'{"followers": Infinity}', "invalid_json"),
        (b'{"text": "\\ud800"}', "invalid_json"),
        (b'{"text": "\\udc00 alone"}', "invalid_json"),
        (b'{"text": "\xed\xa0\x80"}', "invalid_json"),
        (b'{"text": "\xff"}', "invalid_json"),
        (b"\xef\xbb\xbf{}", "invalid_json"),
        (b'{"text": "cut', "invalid_json"),
        (b"[" * 100_000, "invalid_json"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "invalid_json"),
    ],
)
def test_what_is_no_record_at_all(raw: bytes, code: str) -> None:
    """Syntax, encoding, lone surrogates and depth are told apart from wrong fields."""
    refusal = decode(raw)
    assert isinstance(refusal, Refusal)
    assert refusal.code == code


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize("field", [*POST, "lang", "urls", "deleted", "author_followers", "author_created_at"])
@pytest.mark.parametrize("depth", [2, 500, 985, 1000, 1015])
def test_known_fields_may_be_nested_as_deeply_as_json_goes(field: str, depth: int) -> None:
    """A value too deep even to be shown is refused like any of a wrong type."""
    data = orjson.dumps({name: value for name, value in POST.items() if name != field})
    refusal = decode(data[:-1] + b',"%s":%s}' % (field.encode(), nested(depth)), "posts")
    assert isinstance(refusal, Refusal)
    assert refusal.code in {"wrong_type", "time_invalid"}
    well_formed(refusal)


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 254, 1000])
def test_unknown_fields_nested_too_deeply_are_refused(depth: int) -> None:
    """What could not be written out again is not taken: it would stop the worker."""
    refusal = decode(orjson.dumps(POST)[:-1] + b',"more":' + nested(depth) + b"}")
    assert isinstance(refusal, Refusal)
    assert refusal.code == "too_deep"


def test_the_deepest_record_that_is_taken_can_be_written() -> None:
    """At the limit an enriched post is still written."""
    post = decode(orjson.dumps(POST)[:-1] + b',"more":' + nested(MAX_DEPTH) + b"}")
    assert isinstance(post, Post)
    assert nested(MAX_DEPTH) in orjson.dumps(to_contract(enrich(post)))


def test_a_huge_text_is_refused_in_few_words() -> None:
    """Five megabytes of text, or of anything else, do not come back in the message."""
    for data in ({**POST, "text": "é" * 5_000_000}, {**POST, "created_at": "x" * 5_000_000}):
        refusal = decode(orjson.dumps(data))
        assert isinstance(refusal, Refusal)
        well_formed(refusal)


def test_ids_may_come_as_numbers() -> None:
    """Many feeds write ids as numbers; they become text, to the last digit."""
    post = decode(
        b'{"id":1849302938402938401,"platform":"x","author_id":0,"created_at":1772500000,"text":"","reply_to":7}'
    )
    assert isinstance(post, Post)
    assert (post.id, post.author_id, post.reply_to) == ("1849302938402938401", "0", "7")


def test_counts_may_come_as_whole_floats() -> None:
    """Data frames turn counts into floats."""
    record = from_dict({**FAN_COUNT, "followers": 12.0})
    assert isinstance(record, FanCount)
    assert (record.followers, type(record.followers)) == (12, int)


def test_nulls_and_empty_texts_of_optional_fields_are_absent() -> None:
    """Null, and text that is empty, say nothing."""
    empty = {name: None for name in Post.__struct_fields__ if name not in {*POST, "extra"}}
    assert (
        from_dict({**POST, **empty})
        == from_dict({**POST, "lang": "", "url": "", "target": ""})
        == from_dict(POST)
    )


def test_reserved_names_are_all_of_ours() -> None:
    """What enriched posts and the tables add to a record is reserved, and no field of the contract is."""
    tables = ((Post, POSTS), (FanCount, FAN_COUNTS), (Follow, FOLLOWS))
    added = {name for struct, table in tables for name in set(table.names) - set(struct.__struct_fields__)}
    post = from_dict(POST)
    assert isinstance(post, Post)
    added |= to_contract(enrich(post)).keys() - set(Post.__struct_fields__)
    assert added <= RESERVED
    assert RESERVED.isdisjoint(name for struct, _ in tables for name in struct.__struct_fields__)

"""Whatever strangers write: it steers no terminal, calls nobody, and no pseudonym or refused record names them."""

from __future__ import annotations

import re

import orjson
from hypothesis import given
from hypothesis import strategies as st

from pipeline.connect.bodies import fresh, sign, signature_fits, signed
from pipeline.detect.people import People, Pseudonyms
from pipeline.notify.messages import safe, uncalling
from schemas.decode import Refusal, decode
from schemas.records import Post, to_dict

KEY = b"a key of more than sixteen characters"
SIGNS = st.text(alphabet=st.sampled_from("@<>!&|[]() \u200b\u202e\x1b#aé"), max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.dictionaries(
    st.sampled_from([*Post.__struct_fields__, "actor_id", "at", "page_id", "more"]), JSON, max_size=8
)


@given(st.text() | SIGNS)
def test_no_message_calls_anybody(text: str) -> None:
    """No sign that calls or links is left bare; nothing that does not print is left at all; the words stay."""
    said = uncalling(safe(text))
    assert not re.search(r"@(?!\u200b)|<(?!\u200b)|\]\(", said)
    assert all(c.isprintable() or c in "\n\u200b" for c in said)
    assert said.replace("\u200b", "") == safe(text)


@given(FIELDS)
def test_a_refused_record_always_has_a_form_without_names(fields: dict[str, object]) -> None:
    """Any JSON object: an answer, no field that may name somebody, and what was refused is readable JSON still."""
    raw = (
        orjson.dumps({**fields, "author_name": "léa-première"}, option=orjson.OPT_NON_STR_KEYS)
        if _fits(fields)
        else b"{"
    )
    kept = People(Pseudonyms(KEY)).letter(raw)
    assert "léa-première".encode() not in kept
    assert (
        not kept or not {"author_name", "actor_name", "url", "mentions", "more"} & orjson.loads(kept).keys()
    )


def _fits(fields: dict[str, object]) -> bool:
    try:
        orjson.dumps(fields)
    except orjson.JSONEncodeError:  # integers of more than 64 bits, lone surrogates
        return False
    return True


@given(
    st.text(min_size=1, max_size=40),
    st.text(min_size=1, max_size=40),
    st.lists(st.text(max_size=20), max_size=4),
)
def test_records_under_pseudonyms_are_records(author: str, post: str, mentions: list[str]) -> None:
    """Whatever the ids are: the record can be read again, and passing the door twice changes nothing."""
    fields = {
        "id": post,
        "platform": "x",
        "author_id": author,
        "created_at": 1_770_000_000,
        "text": "",
        "mentions": mentions,
    }
    try:
        record = decode(orjson.dumps(fields))
    except orjson.JSONEncodeError:
        return
    if isinstance(record, Refusal):
        return
    people = People(Pseudonyms(KEY))
    once = people.admit(record)
    assert isinstance(once, Post)
    assert people.admit(once) == once
    assert decode(orjson.dumps(to_dict(once))) == once


@given(st.binary(max_size=60), st.text(max_size=14), st.floats(0, 2e9), st.floats(0, 1e4))
def test_only_the_time_that_was_signed_fits(
    body: bytes, timestamp: str, now: float, tolerance: float
) -> None:
    """Any text is an answer; a signature holds for one timestamp."""
    if fresh(timestamp, now, tolerance):
        assert abs(int(timestamp) - now) <= tolerance
    headers = {"x-vigie-signature": sign("secret", signed(body, "1770000000"))}
    assert signature_fits("secret", signed(body, "1770000000"), headers)
    assert not signature_fits("secret", signed(body, "1770000001"), headers)
    assert not signature_fits("secret", body, headers)

"""The quick way to a post takes nothing that the slow way refuses, and makes the same of it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.scenario.generate import generate
from schemas.decode import decode, from_dict
from schemas.decode_quick import quick_post
from schemas.limits import MAX_COUNT, MAX_ID, MAX_ITEM, MAX_ITEMS, MAX_LANG, MAX_TEXT
from schemas.records import Post, to_dict
from tests.property.test_decode import POST, json_values, posts

_FIELDS = sorted(set(Post.__struct_fields__) - {"extra"})
_EDGES: list[Any] = [
    *("", "\x00", "a\x00b", "\u2028", "\ud7ff", "\U0001f600", "é", " ", "2026-03-03", "2026-03-03T10:00:00+01:00"),
    *("2026-03-03t10:00:00z", "1772500000", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999-12:00"),
    *(0, 1, -1, 12.0, 12.5, -0.0, 1e308, MAX_COUNT - 1, MAX_COUNT, 1 << 63, (1 << 64) - 1, 1_772_500_000.25),
    *(True, False, None, [], [""], ["\x00"], [1], [None], [[]], {}, {"a": 1}),
    *("x" * MAX_LANG, "x" * (MAX_LANG + 1), "x" * MAX_ID, "x" * (MAX_ID + 1), "é" * MAX_ID),
    *("x" * MAX_ITEM, "x" * (MAX_ITEM + 1), ["x" * MAX_ITEM], ["x" * (MAX_ITEM + 1)]),
    *(["x"] * MAX_ITEMS, ["x"] * (MAX_ITEMS + 1), "x" * MAX_TEXT, "x" * (MAX_TEXT + 1)),
]  # fmt: skip


def same(raw: bytes) -> bool:
    """Asserts that where the quick way says something it is what the slow way says; whether it does."""
    post = quick_post(raw)
    if post is not None:
        assert from_dict(orjson.loads(raw), "posts") == post
        assert to_dict(post) == to_dict(from_dict(orjson.loads(raw), "posts"))  # type: ignore[arg-type]
    return post is not None


@pytest.mark.parametrize("field", _FIELDS)
def test_at_the_edges(field: str) -> None:
    for value in _EDGES:
        same(orjson.dumps({**POST, field: value}))


@settings(max_examples=600, deadline=None)
@given(st.dictionaries(st.sampled_from(_FIELDS), json_values | st.sampled_from(_EDGES)))
def test_any_values(fields: dict[str, Any]) -> None:
    same(orjson.dumps({**POST, **fields}))


@settings(max_examples=600, deadline=None)
@given(posts, st.data())
def test_damaged_bytes(post: Post, data: st.DataObject) -> None:
    """A byte more, less or other than it was: what is no JSON for the one is none for the other."""
    raw = bytearray(orjson.dumps(to_dict(post)))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(raw) - 1))
        piece = data.draw(
            st.binary(max_size=2) | st.sampled_from([b"\\", b'"', b"\\ud800", b"\n", b",", b"\xff"])
        )
        raw[place : place + data.draw(st.integers(0, 2))] = piece
        if not raw:
            return
    same(bytes(raw))


@pytest.mark.parametrize(
    "raw",
    [
        b'{"id":"1","id":"2","platform":"p","author_id":"a","created_at":"2026-03-03T10:00:00Z","text":"t"}',
        b'{"id":"1","platform":"p","author_id":"a","created_at":"2026-03-03T10:00:00Z","text":"\\ud83d\\ude00"}',
        b'{"id":"1","platform":"p","author_id":"a","created_at":"2026-03-03T10:00:00Z","text":"\\ud83d"}',
        b'{"id":"1","platform":"p","author_id":"a","created_at":"2026-03-03T10:00:00Z","text":"a\nb"}',
        b'{"id":"1","platform":"p","author_id":"a","created_at":NaN,"text":"t"}',
        b'{"id":"1","platform":"p","author_id":"a","created_at":1772500000,"text":"t",}',
        b'\xef\xbb\xbf{"id":"1","platform":"p","author_id":"a","created_at":1772500000,"text":"t"}',
        b' {"id":"1","platform":"p","author_id":"a","created_at":1772500000,"text":"t"}\n',
        b'{"\\u0069d":"1","platform":"p","author_id":"a","created_at":1772500000,"text":"t"}',
        b'{"id":"1","platform":"p","author_id":"a","created_at":1772500000,"text":"\xed\xa0\x80"}',
        b'{"id":"1","platform":"p","author_id":"a","created_at":1.7725e9,"author_followers":1e3,"text":"t"}',
        b'["1","p","a",1772500000,"t"]',
    ],
)
def test_odd_documents(raw: bytes) -> None:
    same(raw)


def test_ordinary_posts_go_the_quick_way() -> None:
    records = [one for one in generate(2, scale=0.02).records if isinstance(one, Post)]
    raws = [orjson.dumps(to_dict(one)) for one in records]
    assert all(same(raw) for raw in raws)
    assert [decode(raw, "posts") for raw in raws] == records

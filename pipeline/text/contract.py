"""The EnrichedPost record, as others read it.

One is written for every post, so it goes from its fields to JSON without a dictionary between, which would take
twice as long. Only a post with fields that Vigie does not know needs one.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.text.enrich import VERSIONS, Enriched
from schemas.packing import packed
from schemas.records import Post, unknown
from schemas.times import format_time


class _Fields(msgspec.Struct, omit_defaults=True, gc=False):
    """Fields without a default are always written."""

    id: str
    platform: str
    author_id: str
    created_at: str
    text: str
    language: str
    norm_text: str
    canonical_urls: list[str]
    fingerprint: int
    cluster_id: None  # known later: vigie.copies.v1 tells, the table copy_members keeps
    burst_score: None
    account_score: None
    late: bool
    lang: str | None = None
    url: str | None = None
    target: str | None = None
    author_name: str | None = None
    author_created_at: str | None = None
    author_followers: int | None = None
    reply_to: str | None = None
    repost_of: str | None = None
    is_repost: bool = False
    urls: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    media_hashes: tuple[str, ...] = ()
    source: str | None = None
    deleted: bool = False


class _Record(_Fields, kw_only=True, omit_defaults=True, gc=False):
    """`detectors` stands at the end, where `pipeline.store.enriched_rows` looks for it."""

    detectors: dict[str, str]


def _record(one: Enriched, post: Post, norm_text: str, links: tuple[str, ...]) -> _Record:
    # By place: names cost as much again.
    return _Record(
        post.id,
        post.platform,
        post.author_id,
        format_time(post.created_at),
        post.text,
        one.language,
        norm_text,
        list(links),
        one.key,
        None,
        None,
        None,
        one.late,
        post.lang,
        post.url,
        post.target,
        post.author_name,
        None if post.author_created_at is None else format_time(post.author_created_at),
        post.author_followers,
        post.reply_to,
        post.repost_of,
        post.is_repost,
        post.urls,
        one.hashtags,
        post.mentions,
        post.media_hashes,
        post.source,
        post.deleted,
        detectors=VERSIONS,
    )


def _told(one: Enriched) -> _Record:
    """Of a deleted post only what evidence is counted by: its words, links and names are not told."""
    post = one.post
    if not post.deleted:
        return _record(one, post, one.forms.full, one.urls)
    bare = msgspec.structs.replace(
        post, text="", url=None, author_name=None, urls=(), mentions=(), media_hashes=()
    )
    return _record(one, bare, "", ())


def to_contract(one: Enriched) -> dict[str, Any]:
    """The record; what Vigie does not know of is back in its place."""
    record: dict[str, Any] = msgspec.to_builtins(_told(one))
    if one.post.extra is not None and not one.post.deleted:
        detectors = record.pop("detectors")
        record |= {**unknown(one.post.extra), "detectors": detectors}
    return record


_encode = msgspec.json.Encoder().encode


def encode(one: Enriched) -> bytes:
    """The record as JSON."""
    if one.post.extra is None or one.post.deleted:
        return _encode(_told(one))
    return packed(to_contract(one))

"""A post with all that its text gives away."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from pipeline.text.fingerprint import text_key
from pipeline.text.language import SPOKEN, language
from pipeline.text.normalise import Forms, normalise
from pipeline.text.phrases import post_flags
from pipeline.text.urls import domain, links
from schemas.records import Post, to_dict

_HASHTAG = re.compile(r"#(\w{2,100})")

VERSIONS = {"text": "3"}
"""Versions of what is computed here; they stand in every enriched post."""


_LEFT = frozenset(
    {
        *(
            "id",
            "platform",
            "author_id",
            "created_at",
            "lang",
            "target",
            "reply_to",
            "repost_of",
            "is_repost",
        ),
        *(
            "author_created_at",
            "author_followers",
            "hashtags",
            "source",
            "deleted",
            "language",
            "fingerprint",
        ),
        *("cluster_id", "burst_score", "account_score", "late", "detectors"),
    }
)
"""What is told of a deleted post: what evidence is counted by. Its words, links and names are not."""
_BLANK: dict[str, Any] = {"text": "", "norm_text": "", "canonical_urls": []}


class Enriched(msgspec.Struct, gc=False):
    """A post, its comparable forms, and what follows from them.

    key: equal for equal `forms.full`. hashtags: those declared with the post, else those in its text.
    """

    post: Post
    forms: Forms
    key: int
    language: str
    urls: tuple[str, ...]
    domain: str
    flags: int
    hashtags: tuple[str, ...] = ()
    late: bool = False


def hashtags(text: str) -> tuple[str, ...]:
    """The hashtags written in a text, each once, without the sign."""
    return tuple(dict.fromkeys(_HASHTAG.findall(text))) if "#" in text else ()


def enrich(post: Post, late: bool = False) -> Enriched:
    """All that one post's text gives away."""
    forms = normalise(post.text)
    urls = links(post.text, post.urls)
    return Enriched(
        post,
        forms,
        text_key(forms.full),
        # Folded look-alikes are no language: Russian in Latin letters.
        language(forms.full if post.text.isascii() else post.text) if len(forms.full) >= SPOKEN else "",
        urls,
        domain(urls[0]) if urls else "",
        post_flags(post.text, post.reply_to is not None),
        post.hashtags or hashtags(post.text),
        late,
    )


def to_contract(enriched: Enriched) -> dict[str, Any]:
    """The EnrichedPost record. Of a deleted post only what evidence is counted by."""
    record = to_dict(enriched.post)
    record["language"] = enriched.language
    record["norm_text"] = enriched.forms.full
    if enriched.hashtags:
        record["hashtags"] = list(enriched.hashtags)
    record["canonical_urls"] = list(enriched.urls)
    record["fingerprint"] = enriched.key
    record["cluster_id"] = None  # known later: vigie.copies.v1 tells, the table copy_members keeps
    record["burst_score"] = None
    record["account_score"] = None
    record["late"] = enriched.late
    record["detectors"] = VERSIONS
    if enriched.post.deleted:
        return {
            name: _BLANK.get(name, value) for name, value in record.items() if name in _LEFT or name in _BLANK
        }
    return record

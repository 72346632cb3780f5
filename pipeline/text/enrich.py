"""A post with all that its text gives away."""

from __future__ import annotations

import re

import msgspec

from pipeline.text.fingerprint import text_key
from pipeline.text.language import SPOKEN, language
from pipeline.text.normalise import Forms, normalise
from pipeline.text.phrases import post_flags
from pipeline.text.urls import domain, links
from schemas.records import Post

_HASHTAG = re.compile(r"#(\w{2,100})")

VERSIONS = {"text": "3"}
"""Versions of what is computed here; they stand in every enriched post."""


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

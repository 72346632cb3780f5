"""What a post shares: objects that several accounts can have in common."""

from __future__ import annotations

import msgspec

from pipeline.text.enrich import Enriched
from schemas.times import Micros

MOST_OBJECTS = 8
"""Of a post that shares more, the first ones count."""

REPOST = "repost "
"""How the object begins that is somebody else's post, passed on."""


class Share(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One account shares one object. `domain`: registered domain of the post's first link, or ""."""

    platform: str
    object: str
    at: Micros
    author_id: str
    post_id: str
    domain: str = ""

    @property
    def order(self) -> tuple[Micros, str, str]:
        """Shares of one object in order of time; ties by account and post."""
        return (self.at, self.author_id, self.post_id)


class CoShare(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Two accounts shared one object within the window. `pane`: the interval of the newer share; `accounts`: how
    many shared the object in it."""

    pane: int
    accounts: int
    older: Share
    newer: Share


def shares_of(one: Enriched, least: int) -> list[Share]:
    """The objects of a post, the most telling first: the original of a native repost; else links, media, the set of
    its hashtags, and its own words.

    A home page is everybody's. Hashtags are where people meet, and only several together are somebody's choice: they
    are one object, as pairs of them would count one choice many times. `least`: characters from which a text, hashtags
    apart, is somebody's own.
    """
    post = one.post
    if post.deleted:
        return []
    if post.repost:
        objects = [f"{REPOST}{post.repost_of}"] if post.repost_of else []
    else:
        objects = [f"link {link}" for link in one.urls if "/" in link or "?" in link]
        objects += [f"media {digest}" for digest in dict.fromkeys(post.media_hashes)]
        tags = {tag.lstrip("#").casefold() for tag in one.hashtags}
        if len(tags) >= 2:
            objects.append(f"hashtags {' '.join(sorted(tags))}")
        if len(one.forms.bare) >= least:
            objects.append(f"text {one.key:x}")
    return [
        Share(post.platform, thing, post.created_at, post.author_id, post.id, one.domain)
        for thing in objects[:MOST_OBJECTS]
    ]

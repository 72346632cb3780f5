"""What the volume detectors need to know of a post."""

from __future__ import annotations

import msgspec

from schemas.times import Micros


class Activity(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One post that counts (not late, not a duplicate).

    target: the page, forum, hashtag feed or brand; for an account's pace the author's id stands there too.
    sketch: a few 64-bit keys of the text; two posts that share one are copies of each other for counting purposes.
    domain: registered domain of the post's first link, or "".
    """

    platform: str
    target: str
    at: Micros
    author_id: str
    post_id: str
    author_created_at: Micros | None = None
    is_reply: bool = False
    is_repost: bool = False
    sketch: tuple[int, ...] = ()
    domain: str = ""

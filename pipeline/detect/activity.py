"""What the volume detectors need to know of a post."""

from __future__ import annotations

import re

import msgspec

from schemas.records import Post
from schemas.times import Micros

# "bot" as a word of its own, or behind a lower-case word: weather_bot, NewsBot, but neither Talbot nor BOTTLE.
_BOT = re.compile(
    r"(?:^|[\W_\d])(?:ro)?bot(?:$|[\W_\d])|(?-i:[a-z\d]Bot)(?:$|[\W_\d])|\N{ROBOT FACE}", re.IGNORECASE
)
BOT_FLAGS = ("bot", "is_bot", "author_bot", "author_is_bot")
"""Unknown fields by which platforms mark bots."""


def declared_bot(post: Post) -> bool:
    """The account says that it is a bot: by its platform's flag (Mastodon, Telegram, Discord), or in its name."""
    if post.extra and any(post.extra.get(flag) is True for flag in BOT_FLAGS):
        return True
    return bool(post.author_name and _BOT.search(post.author_name))


def stem(name: str | None) -> str:
    """A name without the two or more digits at its end, "" where it has none."""
    bare = (name or "").rstrip("0123456789")
    return bare if name and bare and len(name) - len(bare) >= 2 else ""


class Activity(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One post that counts (not late, not a duplicate).

    target: the page, forum, hashtag feed or brand; for an account's pace the author's id stands there too.
    sketch: a few 64-bit keys of the text; two posts that share one are copies of each other for counting purposes.
    domain: registered domain of the post's first link, or "".
    is_bot: the account says itself that it is one.
    author_followers, stem, others: for what is posted on a page: followers of the account; its name without the number
        at its end, "" where it has none; other pages on which it posted lately (`pipeline.detect.elsewhere`).
    towards, giveaway: likewise: the post that it answers or passes on, or ""; the page's account announces a prize
        draw.
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
    is_bot: bool = False
    author_followers: int | None = None
    stem: str = ""
    others: tuple[str, ...] = ()
    towards: str = ""
    giveaway: bool = False

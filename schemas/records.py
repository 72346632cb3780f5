"""Records that enter Vigie, as validated values.

Times are whole microseconds UTC (`schemas.times`). Fields that Vigie does not know are kept in `extra`
and written back out with the record.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from schemas.times import Micros, format_time

Kind = Literal["posts", "fan_counts", "follows"]
KINDS: tuple[Kind, ...] = ("posts", "fan_counts", "follows")

FOLLOW_ACTIONS = ("follow", "unfollow", "like", "unlike")


class Post(msgspec.Struct, gc=False, omit_defaults=True):
    """One post. `id` is unique within `platform`."""

    id: str
    platform: str
    author_id: str
    created_at: Micros
    text: str
    lang: str | None = None
    url: str | None = None
    target: str | None = None
    author_name: str | None = None
    author_created_at: Micros | None = None
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
    extra: dict[str, Any] | None = None

    @property
    def repost(self) -> bool:
        """A native repost: somebody else's post, passed on by the platform's own button."""
        return self.is_repost or self.repost_of is not None


class FanCount(msgspec.Struct, gc=False, omit_defaults=True):
    """How many followers a page had when somebody looked."""

    platform: str
    page_id: str
    observed_at: Micros
    followers: int
    page_name: str | None = None
    following: int | None = None
    posts: int | None = None
    extra: dict[str, Any] | None = None


class Follow(msgspec.Struct, gc=False, omit_defaults=True):
    """One account followed, unfollowed, liked or unliked a page."""

    platform: str
    page_id: str
    actor_id: str
    at: Micros
    action: str
    actor_created_at: Micros | None = None
    actor_name: str | None = None
    actor_followers: int | None = None
    actor_posts: int | None = None
    extra: dict[str, Any] | None = None


Record = Post | FanCount | Follow

_TIMES = ("created_at", "author_created_at", "observed_at", "at", "actor_created_at")


def event_time(record: Record) -> Micros:
    """The moment that the record speaks of."""
    if isinstance(record, Post):
        return record.created_at
    return record.observed_at if isinstance(record, FanCount) else record.at


def record_kind(record: Record) -> Kind:
    """The name of the record's kind, as the command line writes it."""
    if isinstance(record, Post):
        return "posts"
    return "fan_counts" if isinstance(record, FanCount) else "follows"


def record_key(record: Record) -> bytes:
    """The Kafka key: platform and author for a post, platform and page for a fan record."""
    who = record.author_id if isinstance(record, Post) else record.page_id
    return f"{record.platform}:{who}".encode()


RESERVED = frozenset(
    {
        "language",
        "norm_text",
        "canonical_urls",
        "fingerprint",
        "cluster_id",
        "burst_score",
        "account_score",
        "late",
        "detectors",
        "ingested_at",
        "version",
        "is_deleted",
    }
)
"""Names that Vigie itself gives to fields of enriched records and to columns."""


def to_dict(record: Record) -> dict[str, Any]:
    """The record in its contract form: RFC 3339 times, absent fields left out, unknown fields back in place.

    Unknown fields with one of the `RESERVED` names stand in an object `extra`, so that neither hides the other.
    """
    out: dict[str, Any] = msgspec.to_builtins(record)  # leaves out what says nothing: `omit_defaults`
    for name in _TIMES:
        if name in out:
            out[name] = format_time(out[name])
    if record.extra is not None:
        del out["extra"]
        out.update(unknown(record.extra))
    return out


def unknown(extra: dict[str, Any]) -> dict[str, Any]:
    """Unknown fields as they stand in a record that Vigie writes."""
    if RESERVED.isdisjoint(extra):
        return extra
    aside = {name: value for name, value in sorted(extra.items()) if name in RESERVED or name == "extra"}
    return {**{name: value for name, value in extra.items() if name not in aside}, "extra": aside}

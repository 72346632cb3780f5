"""The record by which a person is forgotten: it names nobody, and whoever meets the name knows it by its digest."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from typing import Annotated

import msgspec

from schemas.times import Micros

POSTS_EACH = 100_000
"""Post ids in one record at the most, so that it stays well below the largest message."""


class Erasure(msgspec.Struct, frozen=True, omit_defaults=True):
    """One person on one platform is forgotten.

    person: `digest` of platform and account. at: when that was asked for; what is dated later is news. name: stands
    where the account stood, drawn by lot, so that it leads nowhere. posts: `digest`s of the account's posts that were
    known then. letters: digests, as the table `dead_letters` has them, of refused records that name it. part: its
    number where there are more posts than go into one record.
    """

    platform: str
    person: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
    at: Annotated[Micros, msgspec.Meta(ge=0)]
    name: Annotated[str, msgspec.Meta(pattern="^forgotten-[0-9a-f]{8}$")]
    posts: tuple[str, ...] = ()
    letters: tuple[int, ...] = ()
    part: int = 0

    @property
    def mark(self) -> str:
        """Tells this record from all others."""
        return f"{self.name}:{self.part}"


def digest(platform: str, name: str) -> str:
    """SHA-256 of a platform's account or post, 32 hexadecimal digits. A known id can be looked for, none can be read
    off. ClickHouse computes the same: `left(lower(hex(SHA256(concat(platform, char(31), id)))), 32)`."""
    return hashlib.sha256(f"{platform}\x1f{name}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def fresh_name() -> str:
    """What stands where a forgotten account stood."""
    return f"forgotten-{secrets.token_hex(4)}"


def parts(erasure: Erasure) -> list[Erasure]:
    """The same in records that fit into messages."""
    posts = erasure.posts
    rest = [posts[start : start + POSTS_EACH] for start in range(POSTS_EACH, len(posts), POSTS_EACH)]
    first = msgspec.structs.replace(erasure, posts=posts[:POSTS_EACH])
    more = enumerate(rest, 1)
    return [first, *(msgspec.structs.replace(erasure, posts=some, letters=(), part=n) for n, some in more)]


encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Erasure).decode


def decode(raw: bytes) -> Erasure:
    """Reads `encode`'s output.

    Raises:
        msgspec.DecodeError: it is none (`msgspec.ValidationError` is one).
    """
    return _decode(raw)


class Erasures:
    """All that were asked for, in the order of their coming."""

    def __init__(self, known: Iterable[Erasure] = ()) -> None:
        self.known: list[Erasure] = []
        self._people: dict[str, Micros] = {}
        self.marks: set[str] = set()
        self._platforms: set[str] = set()
        for one in known:
            self.add(one)

    def __len__(self) -> int:
        return len(self.known)

    def add(self, erasure: Erasure) -> None:
        """One more. The same again changes nothing."""
        if erasure.mark in self.marks:
            return
        self.marks.add(erasure.mark)
        self.known.append(erasure)
        self._platforms.add(erasure.platform)
        self._people[erasure.person] = max(erasure.at, self._people.get(erasure.person, 0))

    def covers(self, platform: str, account: str, at: Micros) -> bool:
        """Whether what an account did at this moment is to be forgotten."""
        if platform not in self._platforms:
            return False
        return at <= self._people.get(digest(platform, account), -1)

    @property
    def latest(self) -> Micros:
        """When the last one was asked for; 0 where there is none."""
        return max((one.at for one in self.known), default=0)

"""What the copy detector knows of a post, and what it says of two."""

from __future__ import annotations

import msgspec

from schemas.times import Micros


class CopyPost(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What the copy detector knows of a post. `flags` is a set of bits of `pipeline.text.phrases`."""

    platform: str
    id: str
    author_id: str
    at: Micros
    url: str
    flags: int
    sample: str

    @property
    def order(self) -> tuple[Micros, str, str]:
        """Posts in order of time; ties by platform and id."""
        return (self.at, self.platform, self.id)


class Candidate(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A post on its way into the index. `bare` is empty where it equals `full`; `key` is `text_key(full)`."""

    post: CopyPost
    key: int
    full: str
    bare: str


class Link(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Two posts that belong to one cluster."""

    a: CopyPost
    b: CopyPost

"""What the copy tools share: reading posts, joining pairs into clusters, telling how long it took."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson


def read_posts(path: Path) -> list[dict[str, Any]]:
    """The records of a JSON Lines file."""
    return [orjson.loads(line) for line in path.open("rb")]


def seconds_of(post: dict[str, Any]) -> float:
    """When it was posted, seconds since 1970."""
    return datetime.fromisoformat(post["created_at"]).timestamp()


def clusters(pairs: Iterable[tuple[str, str]]) -> Iterator[list[str]]:
    """The connected components of a graph of posts, each in order of its ids."""
    parents: dict[str, str] = {}

    def root(one: str) -> str:
        parents.setdefault(one, one)
        while parents[one] != one:
            parents[one] = parents[parents[one]]
            one = parents[one]
        return one

    for a, b in pairs:
        parents[root(a)] = root(b)
    found: dict[str, list[str]] = {}
    for one in sorted(parents):
        found.setdefault(root(one), []).append(one)
    yield from found.values()


def write_copies(path: Path, pairs: Iterable[tuple[str, str]], authors: Mapping[str, str]) -> None:
    """`copies.jsonl` as the scorer reads it: clusters of two or more authors, as Vigie's own file has them."""
    with path.open("wb") as file:
        for number, ids in enumerate(clusters(pairs)):
            if len({authors[name] for name in ids}) < 2:
                continue
            file.write(orjson.dumps({"cluster_id": str(number), "post_ids": ids}) + b"\n")


def tell(**values: float) -> None:
    """The last line of a script's standard output."""
    sys.stdout.buffer.write(orjson.dumps(values) + b"\n")
    sys.stdout.flush()

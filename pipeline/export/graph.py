"""Accounts and what they have in common, as a graph that stays small enough to be looked at.

What two accounts have in common is a link between them. A thing that many accounts have in common would make a link for
each pair of them: it is a node of its own instead, a hub, to which each of them is tied.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

import msgspec

from schemas.times import Micros

Key = tuple[str, str]
"""An account: platform and id."""

MAX_PAIRS = 20_000
"""Links between pairs of accounts; beyond, what they have in common becomes hubs."""
MOST_TOGETHER = 30
"""Accounts up to which a thing makes links between all pairs of those who share it."""
MAX_THINGS = 2_000
"""Hubs that stand in for pairs; those that most accounts share are kept."""
EXAMPLES = 5
"""Things in common that are named of a link, the rarest ones."""


class Thing(NamedTuple):
    """What several accounts can have in common; `name` tells it from others of its kind."""

    kind: str
    name: str


class Use(NamedTuple):
    """One account's use of a thing: when, and in which post."""

    at: Micros
    post: str


class Account(msgspec.Struct):
    """What is known of an account. records: rows of it. listed: the alert names it. marks: codes of the reasons that
    name it."""

    name: str = ""
    created: Micros | None = None
    followers: int | None = None
    records: int = 0
    first: Micros | None = None
    last: Micros | None = None
    listed: bool = False
    marks: list[str] = []


class Example(NamedTuple):
    """A thing that two accounts have in common, and the two posts that show it, closest in time."""

    thing: Thing
    posts: tuple[str, str]
    gap: Micros | None


class Link(msgspec.Struct):
    """What two accounts have in common. counts: kind -> things. closest: least time between their uses of one thing.
    evidence: the alert's own figure for the pair, where it has one."""

    counts: dict[str, int] = {}
    closest: Micros | None = None
    examples: list[Example] = []
    evidence: float | None = None

    @property
    def weight(self) -> int:
        """Things in common."""
        return sum(self.counts.values())

    def add(self, example: Example) -> None:
        """One thing more."""
        kind = example.thing.kind
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if example.gap is not None:
            self.closest = example.gap if self.closest is None else min(self.closest, example.gap)
        if len(self.examples) < EXAMPLES:
            self.examples.append(example)


class Hub(msgspec.Struct):
    """A thing that stands in the graph itself. uses: how often each account used it."""

    thing: Thing
    uses: dict[Key, int]


class Graph(msgspec.Struct):
    """links: each pair once, the lower key first. crowded: things that became hubs because pairs would have been too
    many. left_out: links and things that found no room."""

    accounts: dict[Key, Account] = {}
    links: dict[tuple[Key, Key], Link] = {}
    hubs: list[Hub] = []
    crowded: int = 0
    left_out: int = 0

    def link(self, a: Key, b: Key, example: Example, max_pairs: int = MAX_PAIRS) -> Link | None:
        """Adds something that a and b have in common; posts are theirs in this order. None where nothing has room."""
        if a > b:
            a, b = b, a
            example = example._replace(posts=(example.posts[1], example.posts[0]))
        link = self.links.get((a, b))
        if link is None:
            if len(self.links) >= max_pairs:
                self.left_out += 1
                return None
            link = self.links[a, b] = Link()
        link.add(example)
        return link


def closest(a: Sequence[Use], b: Sequence[Use]) -> tuple[Use, Use]:
    """The two uses that are closest in time, the earliest of such. Both sorted, none empty."""
    if len(a) > len(b):
        later, earlier = closest(b, a)
        return earlier, later
    best: tuple[Micros, Micros, Use, Use] | None = None
    for use in a:
        place = bisect_left(b, use)
        for other in b[max(0, place - 1) : place + 1]:
            found = (abs(use.at - other.at), min(use.at, other.at), use, other)
            best = found if best is None else min(best, found)
    assert best is not None
    return best[2], best[3]


def join(
    graph: Graph,
    used: Iterable[tuple[Thing, dict[Key, list[Use]]]],
    max_pairs: int = MAX_PAIRS,
    most_together: int = MOST_TOGETHER,
    max_things: int = MAX_THINGS,
) -> None:
    """Adds links and hubs for things and who used them when. The rarest things come first: they say most."""
    crowded: list[Hub] = []
    shared = [(len(users), thing, users) for thing, users in used if len(users) > 1]
    shared.sort(key=lambda one: one[:2])
    room = max_pairs - len(graph.links)
    for count, thing, users in shared:
        pairs = count * (count - 1) // 2
        if count > most_together or pairs > room:
            crowded.append(Hub(thing, {key: len(users[key]) for key in sorted(users)}))
            continue
        before = len(graph.links)
        for a, b, example in _pairs(thing, users):
            graph.link(a, b, example, max_pairs)
        room -= len(graph.links) - before
    crowded.sort(key=lambda hub: (-len(hub.uses), hub.thing))
    graph.hubs += crowded[:max_things]
    graph.crowded += len(crowded[:max_things])
    graph.left_out += len(crowded[max_things:])


def _pairs(thing: Thing, users: dict[Key, list[Use]]) -> Iterator[tuple[Key, Key, Example]]:
    ordered = {key: sorted(users[key]) for key in sorted(users)}
    for a, b in combinations(ordered, 2):
        one, other = closest(ordered[a], ordered[b])
        yield a, b, Example(thing, (one.post, other.post), abs(one.at - other.at))

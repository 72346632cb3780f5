"""Copy clusters: the connected components of the links, with their posts and accounts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from pipeline.detect.copies import CopyPost, Link
from schemas.alerts import alert_id
from schemas.times import Micros

Key = tuple[Micros, str, str, str]
"""What tells posts apart, and their order: time, platform, id, author. The id alone should do; a feed that uses one
twice must not make the outcome depend on which of the two came first."""


def key_of(post: CopyPost) -> Key:
    """The post's key."""
    return post.at, post.platform, post.id, post.author_id


class Cluster:
    """Posts that are copies of one another. `posts` is kept in order of arrival; `ordered()` in order of time."""

    __slots__ = ("accounts", "alerts", "announced", "changed", "evaluated", "founder", "number", "posts")

    def __init__(self, founder: CopyPost, number: int) -> None:
        self.number = number  # its place in the order of founding: a key that lasts
        self.founder = founder  # the earliest post: it names the cluster
        self.posts: dict[Key, CopyPost] = {}
        self.accounts: set[tuple[str, str]] = set()
        self.announced: str | None = None  # the identity under which membership was told
        self.alerts: set[str] = set()  # under which alerts it, or what became part of it, was told
        self.evaluated = 0  # posts when it was last looked at
        self.changed: list[CopyPost] = []  # posts since membership was told

    def take(self, post: CopyPost) -> None:
        """Adds a post; again is no harm."""
        key = key_of(post)
        if key not in self.posts:
            self.posts[key] = post
            self.accounts.add((post.platform, post.author_id))
            self.changed.append(post)
            if key < key_of(self.founder):
                self.founder = post

    def ordered(self) -> list[CopyPost]:
        """Posts by time, platform, id, author."""
        return [self.posts[key] for key in sorted(self.posts)]


def cluster_id(founder: CopyPost) -> str:
    """A name that depends on the earliest post alone."""
    return alert_id("copies", *key_of(founder))


class Membership(msgspec.Struct, frozen=True, gc=False):
    """One post belongs to one cluster; an empty `cluster_id` takes it out."""

    cluster_id: str
    platform: str
    id: str
    author_id: str
    created_at: Micros


class Clusters:
    """Union of links into clusters, the smaller into the larger. `window` in microseconds."""

    def __init__(self, window: Micros) -> None:
        self._window = window
        self._of: dict[Key, Cluster] = {}
        self._touched: dict[int, Cluster] = {}
        self._due: dict[int, tuple[Micros, Cluster]] = {}
        self._swept: Micros = 0
        self._count = 0

    def add(self, links: Iterable[Link]) -> None:
        """Takes links in any order, any number of times."""
        for link in links:
            a = self._of.get(key_of(link.a))
            b = self._of.get(key_of(link.b))
            if a is None or b is None:
                home = a or b or self._found(link.a)
                self._put(home, link.a)
                self._put(home, link.b)
            elif a is not b:
                small, large = (a, b) if len(a.posts) < len(b.posts) else (b, a)
                for post in small.posts.values():
                    self._put(large, post)
                self._touched.pop(small.number, None)
                self._due.pop(small.number, None)
                large.alerts |= small.alerts
                large.evaluated = 0

    def _found(self, founder: CopyPost) -> Cluster:
        self._count += 1
        return Cluster(founder, self._count)

    def _put(self, cluster: Cluster, post: CopyPost) -> None:
        cluster.take(post)
        self._of[key_of(post)] = cluster
        self._touched[cluster.number] = cluster
        due = self._due.get(cluster.number)
        if due is None or post.at > due[0]:
            self._due[cluster.number] = (post.at, cluster)

    def touched(self) -> list[Cluster]:
        """Clusters that changed since the last call."""
        found = list(self._touched.values())
        self._touched.clear()
        return found

    def touch(self, clusters: Iterable[Cluster]) -> None:
        """Clusters to come back to at the next call of `touched`."""
        for cluster in clusters:
            if cluster.number in self._due:
                self._touched[cluster.number] = cluster

    def expired(self, watermark: Micros) -> Iterator[Cluster]:
        """Takes out the clusters that nothing after the watermark can join."""
        cut = watermark - self._window
        if (
            cut < self._swept + self._window // 48
        ):  # half an hour of a day: sweeping costs a look at every cluster
            return
        self._swept = cut
        done = [cluster for at, cluster in self._due.values() if at < cut]
        for cluster in done:
            del self._due[cluster.number]
            self._touched.pop(cluster.number, None)
            for key in cluster.posts:
                del self._of[key]
            yield cluster
        if not self._of:
            self._swept = 0  # a new stream may be of any time

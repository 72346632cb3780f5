"""From the rows behind an alert to the accounts in them and the things that these have in common."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from pipeline.detect.activity import stem
from pipeline.export.graph import MAX_PAIRS, Account, Example, Graph, Hub, Key, Thing, Use, join
from schemas.times import Micros, format_time

Row = Mapping[str, Any]
"""A row of the store, times in microseconds."""

_OWN = 20
"""Characters of a normalised text from which on having it in common says something."""
_SAMPLE = 80


class Gathering:
    """Takes rows in order of time. `slot`: length of the stretches in which posting together counts, None where it does
    not. `stems`: names that differ in their number only count."""

    def __init__(self, slot: Micros | None = None, stems: bool = False) -> None:
        self.accounts: dict[Key, Account] = {}
        self.labels: dict[Thing, str] = {}
        self.clusters: dict[Key, str] = {}  # platform and post -> copy cluster, the last word of each
        self._slot = slot
        self._stems = stems
        self._used: defaultdict[Thing, dict[Key, list[Use]]] = defaultdict(dict)
        self._always: dict[Thing, dict[Key, int]] = {}
        self._authors: dict[Key, tuple[Key, Micros]] = {}
        self._towards: list[
            tuple[str, Key, Use, str]
        ] = []  # what one account does towards a post or an account

    def account(self, key: Key) -> Account:
        """The account, noted if it is new."""
        return self.accounts.setdefault(key, Account())

    def marked(self, key: Key, code: str) -> None:
        """A reason of the alert names the account."""
        marks = self.account(key).marks
        if code not in marks:
            marks.append(code)

    def post(self, row: Row) -> None:
        """A row of `posts` or `copy_posts`."""
        platform, post = row["platform"], row["id"]
        key, use = (platform, row["author_id"]), Use(row["created_at"], post)
        self._seen(key, use.at, row["author_name"], row["author_created_at"], row["author_followers"])
        self._authors[platform, post] = (key, use.at)
        cluster = self.clusters.get((platform, post)) or row["cluster_id"]
        if cluster:
            self._use(Thing("copy", cluster), key, use, row["text"])
        elif len(row["norm_text"]) >= _OWN:
            self._use(Thing("text", row["norm_text"]), key, use, row["text"])
        for link in dict.fromkeys(row["canonical_urls"]):
            self._use(Thing("link", link), key, use, link)
        for media in dict.fromkeys(row["media_hashes"]):
            self._use(Thing("media", media), key, use, media)
        tags = sorted({tag.lstrip("#").casefold() for tag in row["hashtags"]})
        if len(tags) > 1:  # one hashtag is a subject, a set of them is a choice
            name = " ".join(f"#{tag}" for tag in tags)
            self._use(Thing("hashtags", name), key, use, name)
        for kind, towards in (("repost", row["repost_of"]), ("answer", row["reply_to"])):
            if towards:
                self._use(Thing(kind, f"{platform} {towards}"), key, use, towards)
                self._towards.append((f"{kind}_of_each_other", key, use, towards))
        for name in dict.fromkeys(row["mentions"]):
            self._towards.append(("mention", key, use, name))
        if self._slot is not None:
            moment = format_time(use.at // self._slot * self._slot)
            self._use(Thing("moment", moment), key, use, moment)
        self._named(key, row["author_name"], use)

    def follow(self, row: Row) -> None:
        """A row of `follows`."""
        key, at = (row["platform"], row["actor_id"]), row["at"]
        self._seen(key, at, row["actor_name"], row["actor_created_at"], row["actor_followers"])
        self.hub(Thing("page", row["page_id"]), key)
        self._named(key, row["actor_name"], Use(at, ""))

    def hub(self, thing: Thing, key: Key, label: str = "") -> None:
        """The account is tied to a thing that stands in the graph whatever the number of those tied to it."""
        uses = self._always.setdefault(thing, {})
        uses[key] = uses.get(key, 0) + 1
        self.labels.setdefault(thing, label or thing.name)

    def graph(self, max_pairs: int = MAX_PAIRS) -> Graph:
        """All of it. What one account does towards another says most, so it has room first."""
        graph = Graph(self.accounts)
        self._join_towards(graph, max_pairs)
        join(graph, self._used.items(), max_pairs)
        graph.hubs[:0] = [Hub(thing, uses) for thing, uses in sorted(self._always.items())]
        return graph

    def _seen(self, key: Key, at: Micros, name: str, created: Micros | None, followers: int | None) -> None:
        account = self.account(key)
        account.records += 1
        account.first = at if account.first is None else min(account.first, at)
        account.last = at if account.last is None else max(account.last, at)
        account.name = name or account.name
        account.created = account.created if created is None else created
        account.followers = account.followers if followers is None else followers

    def _named(self, key: Key, name: str, use: Use) -> None:
        if self._stems and (beginning := stem(name)):
            self._use(Thing("name", beginning), key, use, f"{beginning}…")

    def _use(self, thing: Thing, key: Key, use: Use, label: str) -> None:
        self._used[thing].setdefault(key, []).append(use)
        self.labels.setdefault(thing, " ".join(label.split())[:_SAMPLE])

    def _join_towards(self, graph: Graph, max_pairs: int) -> None:
        names = self._names()
        for kind, key, use, what in self._towards:
            other, post, gap = self._other(kind, key, use, what, names)
            if other is not None and other != key:
                thing = Thing(kind, use.post)
                self.labels.setdefault(thing, what)
                graph.link(key, other, Example(thing, (use.post, post), gap), max_pairs)

    def _other(
        self, kind: str, key: Key, use: Use, what: str, names: dict[Key, Key | None]
    ) -> tuple[Key | None, str, Micros | None]:
        if kind == "mention":
            return names.get((key[0], what.lstrip("@").casefold())), "", None
        author, at = self._authors.get((key[0], what), (None, use.at))
        return author, what, abs(use.at - at)

    def _names(self) -> dict[Key, Key | None]:
        """Platform and name -> account, None where several bear it; an id is always the account's own."""
        names: dict[Key, Key | None] = {}
        for key, account in self.accounts.items():
            if account.name:
                name = (key[0], account.name.lstrip("@").casefold())
                names[name] = None if name in names else key
        return names | {
            (platform, author.casefold()): (platform, author) for platform, author in self.accounts
        }

"""From a group of accounts to a finding: how strong, what was shared, which innocent explanations were checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from statistics import median

import msgspec

from pipeline.detect.finding import Evidence, Finding, members, reason
from pipeline.detect.parameters_sharing import SharingParameters
from pipeline.detect.sharing import REPOST, CoShare
from pipeline.detect.volume_tally import SHORTENERS
from schemas.alerts import Detector, Reason, Severity, Subject, alert_id
from schemas.times import SECOND, Micros

NAME = "coordinated_accounts"
VERSION = "2"

MOST_POSTS = 1000
"""Of a group that made more posts, the first ones are its evidence: the query that lists them has to stay a query."""


class _Object(msgspec.Struct, frozen=True):
    """What is known of a shared object: its domain, the most accounts in a pane, the least time between two shares."""

    domain: str
    accounts: int
    gap: Micros

    def with_(self, other: _Object) -> _Object:
        return _Object(
            min(self.domain, other.domain), max(self.accounts, other.accounts), min(self.gap, other.gap)
        )


class Group:
    """Accounts joined by strong pairs, and what those pairs shared. The same whatever the order of `absorb`."""

    __slots__ = ("accounts", "key", "last", "objects", "pairs", "posts", "said", "strongest", "told")

    def __init__(self, key: tuple[int, str, str, str]) -> None:
        self.key = key  # pane, platform and accounts of its first pair: they name the group
        self.last = key[0]  # the latest pane in which a pair of it was strong
        self.accounts: dict[str, Micros] = {}  # -> first share
        self.posts: dict[tuple[Micros, str], None] = {}
        self.objects: dict[str, _Object] = {}
        self.pairs: set[tuple[str, ...]] = set()
        self.strongest: tuple[float, tuple[str, ...]] = (0.0, ())
        self.said = 0  # posts when it was last told
        self.told: set[str] = set()  # under which alerts it, or what became part of it, was told

    @property
    def alert_id(self) -> str:
        """Depends on the first pair alone."""
        return alert_id(NAME, *self.key)

    def absorb(self, strong: float, pair: tuple[str, ...], shared: Iterable[CoShare]) -> None:
        """Adds a pair and all that it shared; again is no harm."""
        self.pairs.add(pair)
        self.strongest = max(self.strongest, (strong, pair))
        for both in shared:
            for share in (both.older, both.newer):
                self.accounts[share.author_id] = min(share.at, self.accounts.get(share.author_id, share.at))
                self.posts[share.at, share.post_id] = None
            seen = _Object(
                max(both.older.domain, both.newer.domain), both.accounts, both.newer.at - both.older.at
            )
            known = self.objects.get(both.newer.object)
            self.objects[both.newer.object] = seen if known is None else seen.with_(known)
        self._trim()

    def merge(self, other: Group) -> None:
        """Takes in another group."""
        self.key = min(self.key, other.key)
        self.last = max(self.last, other.last)
        for account, at in other.accounts.items():
            self.accounts[account] = min(at, self.accounts.get(account, at))
        self.posts |= other.posts
        for name, seen in other.objects.items():
            known = self.objects.get(name)
            self.objects[name] = seen if known is None else seen.with_(known)
        self.pairs |= other.pairs
        self.strongest = max(self.strongest, other.strongest)
        self.told |= other.told
        self.said = 0
        self._trim()

    def _trim(self) -> None:
        if len(self.posts) > 2 * MOST_POSTS:  # not each time: it is a sort
            self.posts = dict.fromkeys(sorted(self.posts)[:MOST_POSTS])


def _checks(p: SharingParameters, group: Group) -> list[tuple[bool, Reason]]:
    """Innocent explanations, and whether each holds."""
    objects = group.objects
    domains = Counter(seen.domain for seen in objects.values() if seen.domain not in {"", *SHORTENERS})
    domain, links = min(domains.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
    reposts = sum(name.startswith(REPOST) for name in objects) / len(objects)
    crowd = median(seen.accounts for seen in objects.values())
    return [
        # The outlets of one publisher, or readers of one feed, share its links as they come out.
        (
            links >= p.innocent_share * len(objects),
            reason("one_source", domain=domain, share=round(links / len(objects), 3)),
        ),
        # Fans of one account pass on what it posts, with one click and as soon as they are told of it.
        (reposts >= p.innocent_share, reason("native_reposts", share=round(reposts, 3))),
        # Things that go round: the crowd is much larger than the group.
        (crowd >= 2 * len(group.accounts), reason("popular_objects", accounts_per_object=crowd)),
    ]


def describe(p: SharingParameters, group: Group, closed: bool) -> Finding:
    """The finding. `observed`: objects shared at the same time; unrelated accounts share next to none (`expected`)."""
    checks = _checks(p, group)
    explained = any(holds for holds, _ in checks)
    strong, pair = group.strongest
    accounts = sorted(group.accounts, key=lambda account: (group.accounts[account], account))
    posts = sorted(group.posts)[:MOST_POSTS]
    severity: Severity = "warning"
    if explained:
        severity = "info"
    elif len(accounts) >= p.error_accounts and strong >= 2 * p.strength:
        severity = "error"
    kinds = Counter(name.partition(" ")[0] for name in group.objects)
    platform = group.key[1]
    return Finding(
        alert_id=group.alert_id,
        kind="coordinated_accounts",
        severity=severity,
        score=round((1.0 - 0.5 ** (strong / p.strength)) * (0.3 if explained else 1.0), 4),
        subject=Subject(platform, group.alert_id.removeprefix(f"{NAME}-"), ", ".join(accounts[:3])[:100]),
        first_seen=posts[0][0],
        last_seen=posts[-1][0],
        start=posts[0][0],
        end=posts[-1][0],
        accounts=members(accounts),
        posts=members(post for _, post in posts),
        observed=float(len(group.objects)),
        expected=0.0,
        reasons=(
            reason(
                "same_objects",
                objects=len(group.objects),
                accounts=len(accounts),
                seconds=p.window_seconds,
                kinds=dict(sorted(kinds.items())),
            ),
            reason("linked_pairs", pairs=len(group.pairs), of=len(accounts) * (len(accounts) - 1) // 2),
            reason("strongest_pair", accounts=list(pair), strength=round(strong, 2), needed=p.strength),
            reason(
                "simultaneous",
                median_seconds=round(median(seen.gap for seen in group.objects.values()) / SECOND, 1),
            ),
        ),
        ruled_out=tuple(Reason(r.code, {**r.values, "holds": holds}) for holds, r in checks),
        evidence=Evidence(
            "posts",
            {"platform": platform},
            posts[0][0],
            posts[-1][0],
            tuple(dict.fromkeys(post for _, post in posts)),
        ),
        detector=Detector(NAME, VERSION, msgspec.structs.asdict(p)),
        closed=closed,
    )

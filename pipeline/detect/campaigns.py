"""copy_paste: copy clusters that many accounts make, and the innocent reasons why they might."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import msgspec
from rapidfuzz import fuzz, process

from pipeline.detect.clock import Tick
from pipeline.detect.clusters import Cluster, Clusters, Membership, cluster_id, key_of
from pipeline.detect.copies import CopyPost, Link
from pipeline.detect.copy_parameters import CopyParameters
from pipeline.detect.finding import Evidence, Finding, members, reason
from pipeline.text.normalise import normalise
from pipeline.text.phrases import BOILERPLATE, GIVEAWAY, GREETING, MANUAL_REPOST, REPLY, phrase_flags
from schemas.alerts import Detector, Reason, Severity, Subject, alert_id
from schemas.times import HOUR, MINUTE, Micros, format_time

NAME = "copy_paste"
VERSION = "1"
_MOST = 0.8
"""Share of a cluster's posts from which an innocent reason explains the cluster."""


_HALF = 0.5
_LOOKED_AT = 40
"""Posts of a cluster, evenly spaced, that are compared with each other."""


class Closed(NamedTuple):
    """A finished copy cluster with its complete lists, in order of time."""

    cluster_id: str
    post_ids: list[str]
    author_ids: list[str]
    first_seen: Micros
    last_seen: Micros


class Outcome(msgspec.Struct):
    """What a step brought: findings, who belongs to which cluster, clusters that are complete."""

    findings: list[Finding] = msgspec.field(default_factory=list)
    memberships: list[Membership] = msgspec.field(default_factory=list)
    closed: list[Closed] = msgspec.field(default_factory=list)


def densest(posts: list[CopyPost], span: Micros) -> tuple[int, Micros, Micros]:
    """The most distinct accounts in any `span`, and the first such stretch (start, end). Posts in order of time."""
    inside: Counter[tuple[str, str]] = Counter()
    best, start, end, left = 0, posts[0].at, posts[0].at, 0
    for post in posts:
        inside[post.platform, post.author_id] += 1
        while post.at - posts[left].at > span:
            gone = (posts[left].platform, posts[left].author_id)
            inside[gone] -= 1
            if not inside[gone]:
                del inside[gone]
            left += 1
        if len(inside) > best:
            best, start, end = len(inside), posts[left].at, post.at
    return best, start, end


def likeness(posts: list[CopyPost]) -> tuple[int, float]:
    """How long a cluster's text is, and how many of its posts are like one and the same of them.

    Hashtags count as text only where there are three or more: beside words they are where people meet.

    Returns:
        (median length in characters, greatest share of posts with ratio >= 75 to one post), from a sample.
    """
    step = max(1, len(posts) // _LOOKED_AT)
    looked_at = [normalise(post.sample) for post in posts[::step]]
    own = [
        forms.full if post.sample.count("#") >= 3 else forms.bare
        for forms, post in zip(looked_at, posts[::step], strict=True)
    ]
    near = process.cdist(own, own, scorer=fuzz.ratio, score_cutoff=75, workers=1) > 0
    lengths = sorted(map(len, own))
    return lengths[len(lengths) // 2], float(near.mean(axis=1).max())


def _name(sample: str) -> str:
    """The first words of a text, without whom it calls and where it points."""
    words = [word for word in sample.split() if not word.startswith(("@", "#", "http"))] or sample.split()
    text = " ".join(words)
    return text if len(text) <= 48 else text[:47].rstrip() + "…"


class Campaigns:
    """Sees all links of all buckets; lives in one place."""

    def __init__(self, parameters: CopyParameters) -> None:
        self._parameters = parameters
        self._window: Micros = round(parameters.window_hours * HOUR)
        self._span: Micros = round(parameters.span_minutes * MINUTE)
        self._clusters = Clusters(self._window)
        self._told: dict[str, Finding] = {}
        self._detector = Detector(NAME, VERSION, msgspec.structs.asdict(parameters))

    def add(self, links: Iterable[Link]) -> None:
        """Takes links in any order, any number of times."""
        self._clusters.add(links)

    def advance(self, tick: Tick) -> Outcome:
        """What is new. A cluster is told once time has passed its first post, so that its name will stay."""
        out = Outcome()
        waiting: list[Cluster] = []
        for cluster in self._clusters.touched():
            if len(cluster.accounts) < 2:
                continue
            if cluster.founder.at > tick.progress:
                waiting.append(cluster)
                continue
            self._membership(cluster, out)
            # A large cluster is looked at again when it has grown by a fifth: the work stays linear.
            if len(cluster.posts) >= cluster.evaluated * 1.2:
                self._evaluate(cluster, out, closed=False)
        for cluster in self._clusters.expired(tick.watermark):
            if len(cluster.accounts) < 2:
                continue
            self._membership(cluster, out)
            self._evaluate(cluster, out, closed=True)
            posts = cluster.ordered()
            authors = dict.fromkeys(post.author_id for post in posts)
            out.closed.append(
                Closed(cluster_id(posts[0]), [p.id for p in posts], list(authors), posts[0].at, posts[-1].at)
            )
        self._clusters.touch(waiting)
        return out

    def _membership(self, cluster: Cluster, out: Outcome) -> None:
        name = cluster_id(cluster.founder)
        tell: Iterable[CopyPost] = cluster.changed
        if name != cluster.announced:
            tell, cluster.announced = cluster.posts.values(), name
        out.memberships += [Membership(name, p.platform, p.id, p.author_id, p.at) for p in tell]
        cluster.changed = []

    def _evaluate(self, cluster: Cluster, out: Outcome, closed: bool) -> None:
        posts = cluster.ordered()
        cluster.evaluated = len(posts)
        finding = self._judge(posts, len(cluster.accounts), closed)
        if finding is None:
            return
        # A cluster that was told before may have become part of this one, or an earlier post may have come up:
        # the names under which it was told go.
        for name in cluster.alerts - {finding.alert_id}:
            told = self._told.pop(name, None)
            if told is not None:
                out.findings.append(msgspec.structs.replace(told, withdrawn=True))
        cluster.alerts = {finding.alert_id}
        out.findings.append(finding)
        if closed:
            self._told.pop(finding.alert_id, None)
        else:
            self._told[finding.alert_id] = finding

    def _judge(self, posts: list[CopyPost], accounts: int, closed: bool) -> Finding | None:
        p = self._parameters
        dense, start, end = densest(posts, self._span)
        day, _, _ = densest(posts, self._window) if dense < p.accounts else (dense, start, end)
        if dense < p.accounts and day < p.trickle_accounts:
            return None
        first, last = posts[0], posts[-1]
        severity: Severity = "warning"
        if dense >= p.critical_accounts:
            severity = "critical"
        elif dense >= p.error_accounts:
            severity = "error"
        explained, ruled_out = self._explanations(posts, accounts)
        if explained:
            severity = "info"
        reasons = [
            reason("copies", posts=len(posts), accounts=accounts, sample=first.sample),
            reason(
                "accounts_in_span",
                accounts=dense,
                minutes=p.span_minutes,
                start=format_time(start),
                end=format_time(end),
            )
            if dense >= p.accounts
            else reason("accounts_in_window", accounts=day, hours=p.window_hours),
            *explained,
        ]
        authors = dict.fromkeys(post.author_id for post in posts)
        platforms = {post.platform for post in posts}
        return Finding(
            alert_id=alert_id(NAME, *key_of(first)),
            kind="copy_paste",
            severity=severity,
            score=round((1.0 - 0.5 ** (dense / p.accounts)) * (0.3 if explained else 1.0), 4),
            subject=Subject(
                first.platform if len(platforms) == 1 else "*",
                cluster_id(first),
                " ".join(first.sample.split())[:60],
            ),
            first_seen=first.at,
            last_seen=last.at,
            start=first.at,
            end=last.at,
            accounts=members(authors, accounts),
            posts=members(post.id for post in posts),
            observed=float(accounts),
            expected=1.0,
            reasons=tuple(reasons),
            ruled_out=tuple(ruled_out),
            evidence=Evidence("copy_posts", {"cluster_id": cluster_id(first)}, first.at, last.at),
            detector=self._detector,
            closed=closed,
        )

    def _explanations(self, posts: list[CopyPost], accounts: int) -> tuple[list[Reason], list[Reason]]:
        """The innocent reasons that hold, and all that were checked."""
        p = self._parameters
        phrases = phrase_flags(normalise(posts[0].sample))
        count = len(posts)
        length, cohesion = likeness(posts)
        urls = Counter(post.url for post in posts if post.url)
        same_url = urls.most_common(1)[0][1] / count if urls else 0.0
        reposts = sum(bool(post.flags & MANUAL_REPOST) for post in posts) / count
        replies = sum(bool(post.flags & REPLY) for post in posts) / count
        fastest, _, _ = densest(posts, 10 * MINUTE)
        checks = [
            (reposts >= _MOST, reason("reposts", share=round(reposts, 4))),
            # A share button brings one link, from different people at different times.
            (
                same_url >= _MOST and fastest <= max(5, accounts // 2),
                reason("share_button", same_link=round(same_url, 4), accounts_in_10_minutes=fastest),
            ),
            (bool(phrases & GREETING) and length <= 80, reason("set_phrase", characters=length)),
            (bool(phrases & GIVEAWAY), reason("giveaway", characters=length)),
            (bool(phrases & BOILERPLATE), reason("app_boilerplate", characters=length)),
            (length < p.short_characters, reason("short_text", characters=length, replies=round(replies, 4))),
            # Copies are copies of one text. Chatter of the same few words only makes chains.
            (cohesion < _HALF, reason("loose_chain", cohesion=round(cohesion, 4))),
        ]
        return (
            [Reason(f"explained_by_{r.code}", r.values) for held, r in checks if held],
            [Reason(r.code, {**r.values, "holds": held}) for held, r in checks],
        )

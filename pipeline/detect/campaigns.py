"""copy_paste: copy clusters that many accounts make, and the innocent reasons why they might."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from pipeline.detect.clock import Tick
from pipeline.detect.clusters import Cluster, Clusters, Membership, cluster_id, key_of
from pipeline.detect.copies import CopyPost, Link
from pipeline.detect.copy_parameters import CopyParameters
from pipeline.detect.finding import Evidence, Finding, members, reason
from pipeline.detect.innocent import densest, explanations
from schemas.alerts import Detector, Severity, Subject, alert_id
from schemas.times import HOUR, MINUTE, Micros, format_time

NAME = "copy_paste"
VERSION = "3"


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


class Campaigns:
    """Sees all links of all buckets; lives in one place."""

    def __init__(self, parameters: CopyParameters) -> None:
        self._parameters = parameters
        self._window: Micros = round(parameters.window_hours * HOUR)
        self._span: Micros = round(parameters.span_minutes * MINUTE)
        self._day: Micros = round(parameters.trickle_hours * HOUR)
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
        count, hours, slow = dense, 0.0, False
        if dense < p.accounts:
            count, hours = densest(posts, self._day)[0], p.trickle_hours
            if count < p.trickle_accounts:
                count, hours, slow = densest(posts, self._window)[0], p.window_hours, True
                if count < p.slow_accounts:
                    return None
        first, last = posts[0], posts[-1]
        sample = next((post.sample for post in posts if post.sample), "")  # deleted posts have none
        severity: Severity = "warning"
        if dense >= p.critical_accounts:
            severity = "critical"
        elif dense >= p.error_accounts:
            severity = "error"
        explained, ruled_out = explanations(posts, accounts, p, slow)
        if explained:
            severity = "info"
        reasons = [
            reason("copies", posts=len(posts), accounts=accounts, sample=sample),
            reason(
                "accounts_in_span",
                accounts=dense,
                minutes=p.span_minutes,
                start=format_time(start),
                end=format_time(end),
            )
            if dense >= p.accounts
            else reason("accounts_in_window", accounts=count, hours=hours),
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
                " ".join(sample.split())[:60],
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

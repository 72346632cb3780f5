"""coordinated_accounts: groups of accounts that keep sharing the same unpopular objects within seconds.

Two accounts belong together when the objects that they shared at the same time, within the last `memory_hours`, weigh
enough. An object weighs the less the more accounts shared it, as in Adamic and Adar, "Friends and neighbors on the
Web", Social Networks 2003. It counts once, and so does each post: a pair's strength is the least of three sums, over
objects and over each account's posts. Groups are connected components of such pairs, as in Pacheco et al., "Uncovering
Coordinated Networks on Social Media", ICWSM 2021; pairs, once made, stay for the life of the group.

Panes are taken in order of event time, each as a whole, when all partitions have told theirs. So the outcome is a
function of the set of shares.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from math import fsum, log
from typing import NamedTuple

import msgspec

from pipeline.detect.clock import Tick
from pipeline.detect.finding import Finding
from pipeline.detect.parameters_sharing import SharingParameters
from pipeline.detect.ring_findings import Group, describe
from pipeline.detect.sharing import CoShare
from schemas.times import DAY, HOUR, MINUTE, Micros

PairKey = tuple[str, str, str]
"""Platform and two accounts, in order."""
Account = tuple[str, str]

MOST_OBJECTS = 64
"""Objects of a pair that are remembered, the latest ones: so many are strong, however little each of them weighs."""


class _Entry(NamedTuple):
    """An object that a pair shared. `first` and `second`: posts of the pair's accounts, in the pair's order."""

    weight: float
    first: str
    second: str
    share: CoShare


def weight(accounts: int, popular: int) -> float:
    """1 for an object of two accounts, 0 for one of `popular` or more."""
    return max(0.0, log(popular / accounts) / log(popular / 2)) if popular > 2 else 0.0


def strength(entries: Iterable[_Entry]) -> float:
    """The least of three sums of weights: by object, by posts of the one account, by posts of the other."""
    sums: tuple[dict[str, float], ...] = ({}, {}, {})
    for entry in entries:
        for best, name in zip(sums, (entry.share.newer.object, entry.first, entry.second), strict=True):
            best[name] = max(best.get(name, 0.0), entry.weight)
    return min(fsum(best.values()) for best in sums)


class Rings:
    """Sees the pairs of all partitions; lives in one place."""

    def __init__(self, parameters: SharingParameters) -> None:
        self._parameters = parameters
        self._pane: Micros = parameters.pane_minutes * MINUTE
        self._memory = round(parameters.memory_hours * HOUR) // self._pane  # panes
        self._longest = round(parameters.longest_days * DAY) // self._pane
        self._waiting: defaultdict[int, list[CoShare]] = defaultdict(list)
        self._pairs: defaultdict[PairKey, list[_Entry]] = defaultdict(list)
        self._by_pane: dict[int, set[PairKey]] = {}
        self._of: dict[Account, Group] = {}
        self._told: dict[str, Finding] = {}
        self._upto = 0

    def __len__(self) -> int:
        return sum(map(len, self._pairs.values())) + sum(map(len, self._waiting.values()))

    def add(self, pairs: Iterable[CoShare]) -> None:
        """Takes pairs of panes that are not complete yet, in any order."""
        for pair in pairs:
            self._waiting[pair.pane].append(pair)

    def advance(self, tick: Tick) -> list[Finding]:
        """What is new, by the panes that all partitions have told now."""
        upto = tick.watermark // self._pane
        findings: list[Finding] = []
        if upto == self._upto:
            return findings
        self._upto = upto
        for pane in sorted(pane for pane in self._waiting if pane < upto):
            self._close_before(pane, findings)
            self._take(pane, self._waiting.pop(pane), findings)
        self._close_before(upto, findings)
        return findings

    def _take(self, pane: int, pairs: list[CoShare], findings: list[Finding]) -> None:
        touched: set[PairKey] = set()
        for pair in sorted(pairs, key=lambda pair: (pair.older.order, pair.newer.order, pair.newer.object)):
            a, b = pair.older, pair.newer
            if b.author_id < a.author_id:
                a, b = b, a
            key = (a.platform, a.author_id, b.author_id)
            heavy = weight(pair.accounts, self._parameters.popular_accounts)
            if heavy > 0.0:
                self._pairs[key] = [
                    *self._pairs[key][1 - MOST_OBJECTS :],
                    _Entry(heavy, a.post_id, b.post_id, pair),
                ]
                touched.add(key)
        self._by_pane.setdefault(pane, set()).update(touched)
        groups: dict[int, Group] = {}
        for key in sorted(touched):
            strong, accounts = strength(self._pairs[key]), key[1:]
            known = self._of.get(key[:2])
            again = known is not None and accounts in known.pairs
            if again or strong >= self._parameters.strength:
                group = self._join(key, pane, findings)
                shared = [entry.share for entry in self._pairs[key] if entry.share.pane == pane or not again]
                group.absorb(strong, accounts, shared)
                group.last = max(group.last, pane)
                groups[id(group)] = group
        for group in groups.values():
            # One that became part of another in this pane is not among the accounts' groups any more.
            if self._of[group.key[1], group.key[2]] is group:
                self._tell(group, findings, closed=False)

    def _join(self, key: PairKey, pane: int, findings: list[Finding]) -> Group:
        """The one group of two accounts."""
        platform, one, other = key
        a, b = self._of.get((platform, one)), self._of.get((platform, other))
        group = a or b or Group((pane, platform, one, other))
        if a is not None and b is not None and a is not b:
            group, gone = (a, b) if len(a.accounts) >= len(b.accounts) else (b, a)
            group.merge(gone)
            for account in gone.accounts:
                self._of[platform, account] = group
        self._of[platform, one] = self._of[platform, other] = group
        for name in group.told - {group.alert_id}:
            if (told := self._told.pop(name, None)) is not None:
                findings.append(msgspec.structs.replace(told, withdrawn=True))
        return group

    def _tell(self, group: Group, findings: list[Finding], closed: bool) -> None:
        if len(group.accounts) < self._parameters.group_accounts:
            return
        if not closed and len(group.posts) < group.said * self._parameters.growth:
            return
        group.said = len(group.posts)
        finding = describe(self._parameters, group, closed)
        group.told = {finding.alert_id}
        findings.append(finding)
        if closed:
            self._told.pop(finding.alert_id, None)
        else:
            self._told[finding.alert_id] = finding

    def _close_before(self, pane: int, findings: list[Finding]) -> None:
        """Closes what nothing of this pane or later can join, and forgets shares that speak for nobody any more."""
        groups = {id(group): group for group in self._of.values()}
        for group in groups.values():
            if pane - group.last > self._memory or pane - group.key[0] > self._longest:
                self._tell(group, findings, closed=True)
                for account in group.accounts:
                    del self._of[group.key[1], account]
        for old in [old for old in self._by_pane if pane - old > self._memory]:
            for key in self._by_pane.pop(old):
                kept = [
                    entry for entry in self._pairs.pop(key, []) if pane - entry.share.pane <= self._memory
                ]
                if kept:
                    self._pairs[key] = kept

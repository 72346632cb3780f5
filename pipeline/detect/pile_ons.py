"""Where swarms meet the other alerts, members of a ring or of a campaign who come to a page together, and other pages:
a page that everybody has been on these days is nothing that a swarm has in common.

What stands in the end waits for all of these (`pipeline.detect.company`). A swarm without any mark is held back, and
never told unless one turns up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from pipeline.detect.clock import Tick
from pipeline.detect.company import NAMED, Company
from pipeline.detect.fake_fans import PageSum
from pipeline.detect.finding import Finding, reason
from pipeline.detect.parameters_pages import PileOnParameters
from pipeline.detect.swarm_findings import marked, rate
from schemas.alerts import MAX_IDS, Reason
from schemas.times import DAY, HOUR, Micros

_BEFORE: Micros = 12 * HOUR
"""What visitors of other pages did so long before a swarm says what is usual, with what they did meanwhile."""
LATEST: Micros = 2 * DAY
"""So long after a swarm's end all pages have told of its time: two steps, which are a day at the most."""


class Usual(NamedTuple):
    """share: of the visitors of third pages who had been on a page; visits: its own, an account counts once a day."""

    share: float
    visits: int


class Visits:
    """Which pages the visitors of all pages had been on, step by step."""

    def __init__(self, parameters: PileOnParameters) -> None:
        self._p = parameters
        self._keep = round((parameters.longest_days + parameters.elsewhere_days) * DAY) + 2 * LATEST
        self._sums: dict[tuple[str, Micros], dict[str, PageSum]] = {}

    def add(self, sums: Iterable[PageSum]) -> None:
        """Takes pages' figures."""
        for one in sums:
            if one.visits:
                self._sums.setdefault((one.platform, one.end), {})[one.target] = one

    def usual(self, swarm: Finding) -> dict[str, Usual]:
        """What is usual for each page that a swarm may have in common."""
        pages = [one.values["page"] for one in swarm.reasons if one.code == "common_other_page"]
        last, before = swarm.end + LATEST // 2, round(self._p.elsewhere_days * DAY)
        here = [
            one
            for (platform, end), ones in self._sums.items()
            if pages and platform == swarm.subject.platform and swarm.start - before < end <= last
            for one in ones.values()
            if one.target != swarm.subject.id
        ]
        out = {}
        for page in pages:
            third = [one for one in here if one.target != page and one.end > swarm.start - _BEFORE]
            visits = sum(one.visits for one in third)
            share = sum(one.others.get(page, 0) for one in third) / visits if visits else 0.0
            out[page] = Usual(share, sum(one.visits for one in here if one.target == page))
        return out

    def forget(self, tick: Tick) -> None:
        """Drops what no swarm can ask for any more."""
        oldest = tick.watermark - self._keep
        for key in [key for key in self._sums if key[1] < oldest]:
            del self._sums[key]


class PileOns:
    """`wait`: as `closing` has it."""

    def __init__(self, parameters: PileOnParameters, wait: Micros) -> None:
        self._p = parameters
        self._wait = wait
        self._clear()

    def _clear(self) -> None:
        self._swarms: dict[str, Finding] = {}  # as their partition told them last
        self._said: dict[str, Finding] = {}
        self._company = Company(round(self._p.company_days * DAY), self._wait)
        self._visits = Visits(self._p)
        self._usual: dict[str, dict[str, Usual]] = {}  # swarm -> other page, for good

    def feed(
        self, swarms: Iterable[Finding], sums: Iterable[PageSum], others: Iterable[Finding], tick: Tick
    ) -> list[Finding]:
        """Takes swarms, pages' figures and what other detectors found. Returns what there is to say, in order of
        (first_seen, alert_id)."""
        again: set[str] = set()
        self._visits.add(sums)
        for other in others:
            again |= self._hear(other)
        for swarm in swarms:
            self._swarms[swarm.alert_id] = swarm
            again.add(swarm.alert_id)
        again |= self._settle(tick)
        found: list[Finding] = []
        for name in sorted(again):
            found += self._say(name, last=False)
        found += self._release(tick)
        return sorted(found, key=lambda finding: (finding.first_seen, finding.alert_id))

    def _hear(self, other: Finding) -> set[str]:
        """The swarms of which it may change something."""
        listed = self._company.hear(other)
        return {
            name for name, swarm in self._swarms.items() if not listed.isdisjoint(swarm.evidence.accounts)
        }

    def _settle(self, tick: Tick) -> set[str]:
        """Swarms at whose time all pages have spoken: what is usual for these is known for good."""
        settled = set()
        for name, swarm in self._swarms.items():
            known = name in self._usual or not swarm.closed
            if not known and (tick.ended or swarm.end + LATEST <= tick.watermark):
                self._usual[name] = self._visits.usual(swarm)
                settled.add(name)
        self._visits.forget(tick)
        return settled

    def _rivals(self, swarm: Finding) -> tuple[list[Reason], Reason]:
        """The page that most of them have in common beyond what is usual at the time, if there is one."""
        usual = self._usual.get(swarm.alert_id)
        if usual is None:
            usual = self._visits.usual(swarm)
        best: list[tuple[float, str, Reason]] = []
        most = (0.0, 0.0)
        for one in swarm.reasons:
            if one.code != "common_other_page":
                continue
            values = one.values
            there = usual[values["page"]]
            share = max(values["usual"], there.share)
            most = max(most, (values["share"], share))
            if (
                values["share"] >= self._p.rival_ratio * share
                and values["accounts"] >= self._p.rival_part * there.visits
                and marked(self._p, values["accounts"], swarm.accounts.count, share)
            ):
                said = Reason(one.code, {**values, "usual": round(share, 3)})
                best.append((share - values["share"], values["page"], said))
        found = [said for *_, said in sorted(best)[:1]]
        return found, reason("own_interests", holds=not found, share=most[0], usual=round(most[1], 3))

    def _judged(self, swarm: Finding, last: bool) -> Finding:
        p, accounts = self._p, swarm.evidence.accounts
        least = max(p.company_accounts, p.company_share * len(accounts))
        alerts, common = self._company.of(swarm, accounts, least, last)
        rivals, check = self._rivals(swarm)
        reasons = (*(one for one in swarm.reasons if one.code != "common_other_page"), *rivals)
        if alerts:
            said = reason(
                "members_of_alerts",
                alerts=[other.alert_id for other in alerts][:NAMED],
                kinds=sorted({other.kind for other in alerts}),
                accounts=len(common),
                share=round(len(common) / swarm.accounts.count, 3),
                account_ids=common[:MAX_IDS],
            )
            reasons = (*reasons, said)
        severity, figure = rate(p, reasons, swarm.accounts.count)
        return msgspec.structs.replace(
            swarm,
            reasons=reasons,
            ruled_out=(check, *swarm.ruled_out),
            severity=severity,
            score=figure,
            closed=swarm.closed and last,
        )

    def _say(self, name: str, last: bool) -> Iterator[Finding]:
        finding, before = self._judged(self._swarms[name], last), self._said.pop(name, None)
        if len(finding.reasons) > 1:
            self._said[name] = finding
            if finding != before:
                yield finding
        elif before is not None:
            yield msgspec.structs.replace(before, withdrawn=True)

    def _release(self, tick: Tick) -> Iterator[Finding]:
        """Last words, to which nothing can be added any more."""
        for name, swarm in sorted(self._swarms.items()):
            if tick.ended or (swarm.closed and self._company.known(swarm, tick)):
                yield from self._say(name, last=True)
                del self._swarms[name]
                self._said.pop(name, None)
                self._usual.pop(name, None)
        if tick.ended:
            self._clear()
            return
        self._company.forget(tick, round(self._p.longest_days * DAY))

"""What explains a rise of fans: a prize draw that the page announced, a post that many people answered, a burst of
posts on the page. Rises come with the clock of fan records, posts with another one; this sits where both are told.

The last word on a rise is a function of both sets of records. It is told at once with what is known, again when posts
bring more, and for good when nothing of the posts can change it; between two streams of posts there is nothing to wait
for. Posts are remembered beyond the end of their stream: nobody knows whether that of the fans ends before or after.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from pipeline.detect.clock import END, Tick
from pipeline.detect.elsewhere import is_page
from pipeline.detect.finding import Finding, reason
from pipeline.detect.page_posts import PagePost
from pipeline.detect.parameters_causes import CauseParameters
from schemas.alerts import Reason
from schemas.times import DAY, HOUR, Micros, format_time

GIVEAWAY = "giveaway_post"
ANSWERED = "answered_post"
BURST = "burst_meanwhile"
_NAMED = 3
"""Posts and bursts that are named."""
_LONGEST: Micros = 8 * DAY
"""A burst is over so long after it began, with its cool-down; and is told for good two weeks and a half after that at
the latest, as other alerts may have joined in it."""
_KEPT: Micros = 90 * DAY
"""Posts and bursts are remembered for so long: a rise is told for good within a month, and the clock of fan records may
lie behind that of posts."""
_RISES = 10_000
"""Rises that are remembered while no post comes, so that memory is bounded."""

Key = tuple[str, str]


class _Memory:
    """What is remembered. upto: the watermark of the posts, 0 between two streams of them. rises: the last word of the
    detector on each; said: what was told."""

    def __init__(self) -> None:
        self.upto: Micros = 0
        self.posts: dict[Key, dict[tuple[str, Micros], PagePost]] = {}
        self.bursts: dict[Key, dict[str, Finding]] = {}
        self.rises: dict[str, Finding] = {}
        self.said: dict[str, Finding] = {}
        self._swept: Micros = 0

    def end(self) -> None:
        """The stream of posts has ended; another one may begin at any time."""
        self.upto = self._swept = 0

    def sweep(self) -> None:
        """Drops what is too old to explain anything; once a day of event time."""
        if not self._swept + DAY <= self.upto < END:
            return
        self._swept = self.upto
        oldest = self.upto - _KEPT
        for key, posts in list(self.posts.items()):
            self.posts[key] = {name: post for name, post in posts.items() if post.at >= oldest}
            if not self.posts[key]:
                del self.posts[key]
        for key, bursts in list(self.bursts.items()):
            self.bursts[key] = {name: one for name, one in bursts.items() if one.first_seen >= oldest}
            if not self.bursts[key]:
                del self.bursts[key]


class FanCauses:
    """`wait`: how long after its last record a burst's company is known for good, microseconds."""

    def __init__(self, p: CauseParameters, wait: Micros) -> None:
        self._p = p
        self._wait = _LONGEST + 8 * DAY + wait + p.window_hours * HOUR
        self._memory = _Memory()

    def hear(self, finding: Finding) -> Iterator[Finding]:
        """Takes the latest word on a rise, and says what is to be told of it now."""
        memory = self._memory
        name = finding.alert_id
        if finding.withdrawn or finding.reasons[0].code.startswith("platform_wide"):
            memory.rises.pop(name, None)
            memory.said.pop(name, None)
            yield finding
            return
        memory.rises[name] = finding
        yield from self._say(memory, name)
        if len(memory.rises) > _RISES:
            oldest = next(iter(memory.rises))
            del memory.rises[oldest]
            memory.said.pop(oldest, None)

    def posts(self, told: Iterable[PagePost], findings: Iterable[Finding], tick: Tick) -> list[Finding]:
        """Takes what the posts bring at this time, findings of all kinds; what is to be told anew."""
        memory = self._memory
        changed: set[Key] = set()
        for post in told:
            page = memory.posts.setdefault((post.platform, post.page), {})
            page[post.post, post.at] = post
            changed.add((post.platform, post.page))
        for finding in findings:
            if finding.kind == "burst" and is_page(finding.subject.id):
                changed.add(self._burst(memory, finding))
        before, memory.upto = memory.upto, max(memory.upto, tick.watermark)
        out: list[Finding] = []
        for name, rise in list(memory.rises.items()):
            due = before <= rise.end + self._wait < memory.upto
            if due or _page(rise) in changed:
                out += self._say(memory, name)
        memory.sweep()
        if tick.ended:
            memory.end()
        return out

    def _burst(self, memory: _Memory, finding: Finding) -> Key:
        key = _page(finding)
        bursts = memory.bursts.setdefault(key, {})
        bursts.pop(finding.alert_id, None)
        if not finding.withdrawn:
            bursts[finding.alert_id] = finding
        return key

    def _say(self, memory: _Memory, name: str) -> Iterator[Finding]:
        rise = memory.rises[name]
        known = memory.upto > rise.end + self._wait
        before = memory.said.get(name)
        settled = known or memory.upto == 0 or (before is not None and before.closed)
        draws, answered = self._posts(memory, rise)
        reasons = [_named(GIVEAWAY, draws)] if draws else []
        reasons += [_named(ANSWERED, answered)] if answered else []
        bursts = self._bursts(memory, rise, known)
        if bursts:
            reasons.append(
                reason(
                    BURST,
                    alerts=[one.alert_id for one in bursts[:_NAMED]],
                    posts=bursts[0].posts.count,
                    since=format_time(bursts[0].first_seen),
                )
            )
        told = msgspec.structs.replace(
            rise, reasons=(*rise.reasons, *reasons), closed=rise.closed and settled
        )
        if told != before:
            memory.said[name] = told
            yield told
        if told.closed and known:
            del memory.rises[name]
            del memory.said[name]

    def _posts(self, memory: _Memory, rise: Finding) -> tuple[list[PagePost], list[PagePost]]:
        """The page's own prize draws, and the posts that most people answered, each the most answered first."""
        since = rise.start - self._p.lead_hours * HOUR
        near = [post for post in memory.posts.get(_page(rise), {}).values() if since <= post.at <= rise.end]
        near.sort(key=lambda post: (-post.responses, post.at, post.post))
        draws = [post for post in near if post.own and post.giveaway]
        answered = [post for post in near if post not in draws and post.responses >= self._p.responses]
        return draws[:_NAMED], answered[:_NAMED]

    def _bursts(self, memory: _Memory, rise: Finding, known: bool) -> list[Finding]:
        """Bursts of posts on the page, the largest first. known: only what counts for good."""
        since = rise.start - self._p.lead_hours * HOUR
        near = [
            one
            for one in memory.bursts.get(_page(rise), {}).values()
            if (one.closed or not known) and since <= one.first_seen <= rise.end
        ]
        return sorted(near, key=lambda one: (-one.posts.count, one.alert_id))


def _page(finding: Finding) -> Key:
    return finding.subject.platform, finding.subject.id


def _named(code: str, posts: list[PagePost]) -> Reason:
    first = posts[0]
    return reason(
        code,
        post_ids=[post.post for post in posts],
        responses=first.responses,
        at=format_time(first.at),
        by_page=first.own,
    )

"""From the days of a platform-wide move to one finding: how many pages, how much each, and how much came back."""

from __future__ import annotations

from statistics import median
from typing import NamedTuple

from pipeline.detect.fan_days import PageMove
from pipeline.detect.finding import Evidence, Finding, reason
from schemas.alerts import Detector, Members, Reason, Subject, alert_id


class Move(NamedTuple):
    """A day on which many pages moved the same way. judged, still: pages looked at, and left out for having stood
    still; usual, least: share of pages that usually moves so, and from which on it is the platform's doing; typical:
    the median page's change, as a share of its fans; same_way: judged pages that went that way, by however little."""

    day: int
    loss: bool
    judged: int
    still: int
    usual: float
    least: float
    typical: float
    same_way: int
    pages: dict[str, PageMove]

    @property
    def share(self) -> float:
        """Of the judged pages."""
        return len(self.pages) / self.judged


class Episode(NamedTuple):
    """Moves that belong together, in order of day; the first one says whether it is a loss or a gain."""

    platform: str
    moves: tuple[Move, ...]
    closed: bool

    @property
    def loss(self) -> bool:
        """Whether it began with a loss."""
        return self.moves[0].loss

    def totals(self, back: bool = False) -> dict[str, float]:
        """Fans beyond the usual by page, as positive numbers: lost (or gained), or what went `back` the other way."""
        total: dict[str, float] = {}
        for move in self.moves:
            if (move.loss != self.loss) == back:
                for page, one in move.pages.items():
                    total[page] = total.get(page, 0.0) + abs(one.change)
        return total

    @property
    def returned(self) -> float:
        """How much of it came back within the event, as a share; no page gives back more than it had lost."""
        there, back = self.totals(), self.totals(back=True)
        return sum(min(back.get(page, 0.0), size) for page, size in sorted(there.items())) / sum(
            there.values()
        )


def describe(episode: Episode, detector: Detector) -> Finding:
    """The event as it stands; `info`, for nobody's page did anything."""
    there = episode.totals()
    same = [move for move in episode.moves if move.loss == episode.loss]
    clearest = max(same, key=lambda move: (move.share, -move.day))
    first: dict[str, PageMove] = {}
    for move in same:
        for page, one in move.pages.items():
            first.setdefault(page, one)
    everyone = [one for move in episode.moves for one in move.pages.values()]
    start, end = min(one.since for one in everyone), max(one.at for one in everyone)
    before = sum(one.before for one in first.values())
    size = sum(there[page] for page in sorted(there))
    ratio = clearest.share / clearest.least
    code = "platform_wide_loss" if episode.loss else "platform_wide_gain"
    reasons = [
        reason(
            code,
            pages=len(there),
            judged=max(move.judged for move in same),
            same_way=max(move.same_way for move in same),
            fans=round(size),
            share=round(size / before, 6),
            median_share=round(median(there[page] / first[page].before for page in there), 6),
        )
    ]
    if episode.returned > 0:
        reasons.append(
            reason("partly_undone", share=round(episode.returned, 4), pages=len(episode.totals(True)))
        )
    ruled_out: list[Reason] = [
        reason("usual_rhythm", pages_share=clearest.usual, threshold=clearest.least),
        reason("catch_up_after_stale", pages_left_out=clearest.still),
    ]
    if episode.closed:
        ruled_out.append(reason("reading_error_reverted", share=round(episode.returned, 4)))
    return Finding(
        alert_id=alert_id("fan_spike", episode.platform, "", episode.moves[0].day),
        kind="fan_spike",
        severity="info",
        score=round(ratio / (1 + ratio) / 2, 4),
        subject=Subject(episode.platform, episode.platform),
        first_seen=min(one.at for one in everyone),
        last_seen=end,
        start=start,
        end=end,
        accounts=Members(0),
        posts=Members(0),
        observed=float(len(there)),
        expected=round(clearest.usual * clearest.judged, 3),
        reasons=tuple(reasons),
        ruled_out=tuple(ruled_out),
        evidence=Evidence("fan_counts", {"platform": episode.platform}, start, end),
        detector=detector,
        closed=episode.closed,
    )

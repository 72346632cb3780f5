"""From rises of the count and waves of follows to one finding an episode: how grave, with which reasons, and
which innocent explanations were checked."""

from __future__ import annotations

from typing import NamedTuple

from pipeline.detect.fan_arrivals import arrival, arrival_reason
from pipeline.detect.fan_follows import FollowPage, Wave
from pipeline.detect.fan_newcomers import Newcomers, Who
from pipeline.detect.fan_rise import Rise
from pipeline.detect.finding import Evidence, Finding, reason
from pipeline.detect.parameters_arrivals import ArrivalParameters
from pipeline.detect.parameters_fans import FanSpikeParameters
from schemas.alerts import Detector, Members, Reason, Severity, Subject, alert_id
from schemas.times import DAY, HOUR, Micros, format_time

_BACK = 3 * DAY
"""A rise that is first seen after a gap began at most so long before, as far as newcomers are concerned."""
_KNOWN_SHARE = 0.3
"""Follow events say who came when at least this share of the gained fans is among them."""


class Episode(NamedTuple):
    """Rises and waves of one page that belong together, each in order of time."""

    start: Micros
    rises: list[Rise]
    waves: list[Wave]

    def deadline(self, p: FanSpikeParameters) -> Micros:
        """The watermark from which on no record can change it."""
        return self.start + p.cooldown + p.counts.settle + 1


def episodes(rises: list[Rise], waves: list[Wave], p: FanSpikeParameters) -> list[Episode]:
    """Groups what lies within the cool-down of the first; a later and far larger rise begins another
    episode."""
    marks: list[Rise | Wave] = [*rises, *waves]
    marks.sort(key=lambda mark: (mark.at, isinstance(mark, Wave), mark.end, _size(mark)))
    found: list[Episode] = []
    end, size = 0, 0.0
    for mark in marks:
        if (
            not found
            or mark.at > found[-1].start + p.cooldown
            or (mark.at > end + DAY and _size(mark) >= p.escalation * size)
        ):
            found.append(Episode(mark.at, [], []))
            end, size = mark.end, 0.0
        if isinstance(mark, Rise):
            found[-1].rises.append(mark)
        else:
            found[-1].waves.append(mark)
        end, size = max(end, mark.end), max(size, _size(mark))
    return found


def _size(mark: Rise | Wave) -> float:
    return mark.core if isinstance(mark, Rise) else mark.count - mark.expected


def finding_of(
    key: tuple[str, str],
    episode: Episode,
    follows: FollowPage | None,
    p: FanSpikeParameters,
    detector: Detector,
    closed: bool,
    arrivals: ArrivalParameters,
) -> Finding:
    """The episode as it stands. `key`: platform and page id; `follows`: the page's follow events, if any."""
    platform, page = key
    taken = _apart(episode.rises)
    main = taken[0] if taken else None
    gained = sum(rise.gained for rise in taken)
    everybody, group, who = _who_came(episode.waves, taken, gained, follows)
    waves_expected = _expected(episode.waves)
    observed, expected = (
        (float(gained), sum(rise.expected for rise in taken))
        if taken
        else (float(everybody.count), waves_expected)
    )
    severity, score = _weigh(main, episode.waves, who, observed - expected, p)
    reasons = _reasons(taken, episode.waves, everybody.count, waves_expected, observed, expected, who, p)
    if follows is not None and who is not None and who.suspicion < p.follows.bought:
        how = arrival_reason(arrival(episode.waves, follows, arrivals), arrivals)
        reasons += [how] if how is not None else []
    marks: list[Rise | Wave] = [*episode.rises, *episode.waves]
    start = min(mark.start if isinstance(mark, Rise) else mark.at for mark in marks)
    end = max(mark.end for mark in marks)
    return Finding(
        alert_id=alert_id("fan_spike", platform, page, episode.start),
        kind="fan_spike",
        severity=severity,
        score=round(score, 4),
        subject=Subject(platform, page, (main.name or None) if main else None),
        first_seen=min(mark.at for mark in marks),
        last_seen=end,
        start=start,
        end=end,
        accounts=Members(group.count, tuple(actor for _, actor in group.first)),
        posts=Members(0),
        observed=observed,
        expected=round(expected, 3),
        reasons=tuple(reasons),
        ruled_out=tuple(_ruled_out(main, episode.waves, who, p)),
        evidence=Evidence(
            "follows" if episode.waves else "fan_counts", {"platform": platform, "page_id": page}, start, end
        ),
        detector=detector,
        closed=closed,
    )


def _apart(rises: list[Rise]) -> list[Rise]:
    """The rises without those that another time scale tells better; the largest first."""
    taken: list[Rise] = []
    for rise in sorted(rises, key=lambda rise: (-rise.core, rise.at, rise.step)):
        if all(rise.end <= other.start or other.end <= rise.start for other in taken):
            taken.append(rise)
    return taken


def _who_came(
    waves: list[Wave], rises: list[Rise], gained: int, follows: FollowPage | None
) -> tuple[Newcomers, Newcomers, Who | None]:
    """All newcomers of the episode, those that the finding names, and what is known of these.

    A purchase may come a few days after a day on television: each run of waves is judged by itself, and where
    one looks bought the finding names its accounts, not the others.
    """
    if follows is None:
        return Newcomers(), Newcomers(), None
    runs = _runs(waves) or [
        {
            hour
            for rise in rises
            for hour in range(max(rise.start, rise.at - _BACK) // HOUR, rise.end // HOUR + 1)
        }
    ]
    everybody = follows.newcomers(hour for run in runs for hour in run)
    if not waves and everybody.count < max(1.0, _KNOWN_SHARE * gained):
        return Newcomers(), Newcomers(), None
    groups = [(follows.newcomers(run), min(run)) for run in runs]
    judged = [(group, follows.who(group, begin)) for group, begin in groups]
    known = [(group, who) for group, who in judged if who is not None]
    if not known:
        return everybody, everybody, None
    bought = [(group, who) for group, who in known if who.suspicion >= follows.parameters.bought]
    if not bought:
        return everybody, everybody, max(known, key=lambda pair: pair[0].count)[1]
    worst = max(bought, key=lambda pair: (pair[1].suspicion, pair[0].count))[1]
    return everybody, Newcomers.together(group for group, _ in bought), worst


def _runs(waves: list[Wave]) -> list[set[int]]:
    """The hours of the waves; waves that meet make one run."""
    runs: list[set[int]] = []
    end = 0
    for wave in sorted(waves, key=lambda wave: (wave.at, wave.end)):
        hours = range(wave.at // HOUR, wave.end // HOUR)
        if runs and wave.at <= end:
            runs[-1].update(hours)
        else:
            runs.append(set(hours))
        end = max(end, wave.end)
    return runs


def _expected(waves: list[Wave]) -> float:
    """Usual follows in the hours of the waves, at the pace of the wave that is furthest from it."""
    if not waves:
        return 0.0
    clearest = max(waves, key=lambda wave: (wave.deviations, -wave.at))
    hours = sum(len(run) for run in _runs(waves))
    return clearest.expected * hours * HOUR / (clearest.end - clearest.at)


def _weigh(
    main: Rise | None, waves: list[Wave], who: Who | None, excess: float, p: FanSpikeParameters
) -> tuple[Severity, float]:
    ratio = max([main.ratio if main else 0.0, *(wave.deviations / p.follows.deviations for wave in waves)])
    strength = ratio / (1 + ratio)
    if who is not None:
        if who.suspicion < p.follows.bought:
            return "info", strength / 2
        grave = main is not None and excess >= p.grave_growth * max(main.before, 1)
        score = 1 - (1 - who.suspicion) * (1 - strength)
        return "error" if grave or (main is None and excess >= p.grave_follows) else "warning", score
    if main is None or main.shape in ("decay", "sustained"):
        return "info", strength / 2
    # Of thousands of pages some pass one threshold by chance, and nobody saw who came: only what is far beyond warns.
    severity: Severity = "warning" if main.ratio >= p.lone_ratio else "info"
    if main.shape == "step":
        return "error" if main.ratio >= p.grave_ratio else severity, strength
    return severity, 0.8 * strength


def _reasons(
    taken: list[Rise], waves: list[Wave], follows: int, waves_expected: float,
    observed: float, expected: float, who: Who | None, p: FanSpikeParameters,
) -> list[Reason]:  # fmt: skip
    out: list[Reason] = []
    main = taken[0] if taken else None
    if main is not None:
        # Follow events may show for longer that something goes on; what counters gained is of their own hours.
        since, until = min(rise.start for rise in taken), max(rise.end for rise in taken)
        out.append(
            reason(
                "growth_above_baseline",
                before=main.before,
                since=format_time(since),
                until=format_time(until),
                **_against(observed, expected, main.spread),
            )
        )
        if main.shape == "step":
            out.append(reason("sharp_step", afterglow=round(main.afterglow, 4)))
        elif main.shape == "decay":
            out.append(reason("gradual_decay", afterglow=round(main.afterglow, 4)))
        elif main.shape == "sustained":
            out.append(reason("sustained_growth", days=round((main.end - main.start) / DAY, 2)))
    if waves:
        spread = max(waves, key=lambda wave: (wave.deviations, -wave.at)).spread
        code = "follows_above_baseline" if main is not None else "growth_above_baseline"
        out.append(reason(code, **_against(float(follows), waves_expected, spread)))
    if who is None:
        return [*out, reason("who_came_unknown")]
    f = p.follows
    if who.batches_share > f.cohort[0] and who.batches:
        first = who.batches[0]
        out.append(
            reason(
                "creation_cohort",
                share=round(first.accounts / who.dated, 4),
                start=format_time(first.start),
                end=format_time(first.end),
                batches=len(who.batches),
                batches_share=round(who.batches_share, 4),
                cohorts=[
                    {"start": format_time(b.start), "end": format_time(b.end), "accounts": b.accounts}
                    for b in who.batches
                ],
            )
        )
    if who.empty_share - who.usual_empty > f.empty[0]:
        out.append(reason("empty_profiles", share=round(who.empty_share, 4), usual=round(who.usual_empty, 4)))
    if who.young_share - who.usual_young > f.young[0]:
        out.append(reason("young_accounts", share=round(who.young_share, 4), usual=round(who.usual_young, 4)))
    if who.stem_share - who.usual_numbered > f.stem[0]:
        out.append(reason("sequential_names", share=round(who.stem_share, 4), stem=who.stem))
    if who.suspicion < f.bought:
        out.append(_varied(who))
    return out


def _against(observed: float, expected: float, spread: float) -> dict[str, float]:
    return {"observed": observed, "expected": round(expected, 3), "spread": round(spread, 3)}


def _varied(who: Who) -> Reason:
    return reason(
        "varied_accounts",
        batches_share=round(who.batches_share, 4),
        empty_share=round(who.empty_share, 4),
        young_share=round(who.young_share, 4),
        suspicion=round(who.suspicion, 4),
    )


def _ruled_out(main: Rise | None, waves: list[Wave], who: Who | None, p: FanSpikeParameters) -> list[Reason]:
    """What was checked and does not explain it."""
    out: list[Reason] = []
    if main is not None:
        out.append(reason("usual_rhythm", spread=round(main.spread, 3), threshold=round(main.threshold, 3)))
        out.append(reason("catch_up_after_stale", days_without_news=round((main.at - main.start) / DAY, 2)))
        out.append(reason("rounding", quantum=main.quantum))
        if main.shape in ("step", "decay", "sustained"):
            out.append(reason("reading_error_reverted", level_before=main.before, level_after=main.level))
        if main.shape == "step":
            out.append(reason("gradual_decay", afterglow=round(main.afterglow, 4)))
    elif waves:
        clearest = max(waves, key=lambda wave: (wave.deviations, -wave.at))
        out.append(
            reason("usual_rhythm", spread=round(clearest.spread, 3), deviations=round(clearest.deviations, 2))
        )
    if who is not None and who.suspicion >= p.follows.bought:
        out.append(_varied(who))
    return out

"""Who came decides: bought waves are named with their cohort, varied ones are news."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from pipeline.detect.clock import FINAL, Tick
from pipeline.detect.fan_spikes import FanSpikes
from pipeline.detect.finding import Finding
from pipeline.detect.parameters_fans import FanSpikeParameters
from pipeline.explain.fans import summary
from schemas.records import FanCount, Follow
from schemas.times import DAY, HOUR, MINUTE, Micros, parse_time

START = parse_time("2024-03-01T00:00:00Z")
SPIKE = START + 20 * DAY + 9 * HOUR
COHORT = parse_time("2022-06-06T00:00:00Z")
Records = list[FanCount | Follow]


def _varied(rng: random.Random, at: Micros, name: str) -> Follow:
    """An ordinary newcomer: any age, a fifth of them new, some with an empty profile."""
    age = rng.randrange(20) if rng.random() < 0.2 else rng.randrange(30, 3500)
    followers = rng.choice((2, 40, 150, 600, 3000, 12, 77, 90))
    return Follow("x", "page", name, at, "follow", at - age * DAY, None, followers, rng.randrange(1, 900))


def _ordinary(days: int = 45, a_day: int = 40) -> list[Follow]:
    rng = random.Random(7)
    return [
        _varied(rng, START + day * DAY + rng.randrange(DAY), f"u{day}-{n}")
        for day in range(days)
        for n in range(rng.randrange(a_day // 2, a_day * 3 // 2))
    ]


def _bought(count: int, over: Micros, kind: str) -> list[Follow]:
    """A purchase: accounts of one fortnight, or empty, or young, or numbered; otherwise as varied as any."""
    rng = random.Random(11)
    out: list[Follow] = []
    for n in range(count):
        follow = _varied(rng, SPIKE + rng.randrange(over), f"b{n}x")
        if kind == "cohort":
            follow.actor_created_at = COHORT + rng.randrange(12 * DAY)
        elif kind == "empty":
            follow.actor_posts, follow.actor_followers = 0, rng.randrange(3)
        elif kind == "young":
            follow.actor_created_at = follow.at - rng.randrange(25 * DAY)
        elif kind == "numbered":
            follow.actor_name = f"julie_fan{1000 + n}"
        out.append(follow)
    return out


def _run(records: Sequence[FanCount | Follow]) -> list[Finding]:
    def time(record: FanCount | Follow) -> Micros:
        return record.observed_at if isinstance(record, FanCount) else record.at

    records = sorted(records, key=time)
    detector, last = FanSpikes(FanSpikeParameters(), 10 * MINUTE), {}
    for i in range(0, len(records), 50):
        part = records[i : i + 50]
        detector.add(part)
        now = time(part[-1])
        for finding in detector.advance(Tick(now, now - 10 * MINUTE)):
            last[finding.alert_id] = finding
    for finding in detector.advance(FINAL):
        last[finding.alert_id] = finding
    return [finding for finding in last.values() if not finding.withdrawn]


def _codes(finding: Finding) -> list[str]:
    return [reason.code for reason in finding.reasons]


def test_ordinary_follows_raise_nothing() -> None:
    """A page's own rhythm is no wave."""
    assert _run(_ordinary()) == []


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("cohort", "creation_cohort"),
        ("empty", "empty_profiles"),
        ("young", "young_accounts"),
        ("numbered", "sequential_names"),
    ],
)
@pytest.mark.parametrize("over", [HOUR, 12 * HOUR])
def test_each_mark_of_bought_accounts_is_named(kind: str, code: str, over: Micros) -> None:
    """600 bought follows: warning or error with the mark they share, and the accounts themselves."""
    (finding,) = _run(_ordinary() + _bought(600, over, kind))
    assert finding.severity in ("warning", "error")
    assert code in _codes(finding)
    assert "who_came_unknown" not in _codes(finding)
    assert "varied_accounts" in [reason.code for reason in finding.ruled_out]
    assert 600 <= finding.accounts.count <= 660
    assert len(finding.accounts.ids) == 100
    assert finding.evidence.table == "follows"
    assert "compatible avec un achat de fans" in summary(finding).fr
    assert "consistent with bought fans" in summary(finding).en


def test_the_cohort_is_named_with_its_dates() -> None:
    """The fortnight of creation is the one in which the accounts were created."""
    (finding,) = _run(_ordinary() + _bought(600, HOUR, "cohort"))
    values = next(reason.values for reason in finding.reasons if reason.code == "creation_cohort")
    assert values["share"] > 0.7
    assert parse_time(values["start"]) <= COHORT + 6 * DAY < parse_time(values["end"])
    assert "juin 2022" in summary(finding).fr
    assert "June 2022" in summary(finding).en


def test_a_wave_of_varied_accounts_is_news() -> None:
    """An appearance on television: thousands of varied accounts, dying away, are info."""
    rng = random.Random(3)
    fans = [_varied(rng, SPIKE + int(rng.expovariate(1 / (5 * HOUR))), f"tv{n}") for n in range(2500)]
    (finding,) = _run(_ordinary() + fans)
    assert finding.severity == "info"
    assert {"varied_accounts", "arrival_fades"} <= set(_codes(finding))
    assert "télévision" in summary(finding).fr
    assert "retombe d’heure en heure" in summary(finding).fr


def test_an_even_stream_of_varied_accounts_looks_like_an_advertisement() -> None:
    """2,400 varied accounts spread evenly over a day: info, and neither bought nor a moment of attention."""
    rng = random.Random(3)
    fans = [_varied(rng, SPIKE + rng.randrange(DAY), f"ad{n}") for n in range(2400)]
    (finding,) = _run(_ordinary() + fans)
    assert finding.severity == "info"
    assert {"varied_accounts", "arrival_even"} <= set(_codes(finding))
    assert "publicité" in summary(finding).fr
    assert "advertisement" in summary(finding).en


def test_a_burst_of_varied_accounts_within_two_hours_is_called_neither() -> None:
    """Too short to say how it fades: varied accounts, and no word on how they came."""
    rng = random.Random(3)
    fans = [_varied(rng, SPIKE + rng.randrange(2 * HOUR), f"v{n}") for n in range(1500)]
    (finding,) = _run(_ordinary() + fans)
    assert "varied_accounts" in _codes(finding)
    assert not {"arrival_even", "arrival_fades"} & set(_codes(finding))


def test_how_they_came_excuses_no_bought_accounts() -> None:
    """900 accounts of one fortnight, delivered evenly over a day: the cohort is what is told."""
    (finding,) = _run(_ordinary() + _bought(900, DAY, "cohort"))
    assert finding.severity in ("warning", "error")
    assert not {"arrival_even", "arrival_fades"} & set(_codes(finding))
    cohorts = next(reason.values["cohorts"] for reason in finding.reasons if reason.code == "creation_cohort")
    assert sum(one["accounts"] for one in cohorts) >= 800


def test_a_purchase_behind_an_appearance_is_not_covered_by_it() -> None:
    """3,000 varied accounts one day and 400 of one batch two days later: the batch is what is told."""
    rng = random.Random(3)
    shift = 2 * DAY
    fans = [_varied(rng, SPIKE - shift + rng.randrange(4 * HOUR), f"tv{n}") for n in range(3000)]
    (finding,) = _run(_ordinary() + fans + _bought(400, HOUR, "cohort"))
    assert finding.severity in ("warning", "error")
    assert finding.accounts.count < 500
    assert "creation_cohort" in _codes(finding)


def test_counts_and_follows_make_one_alert() -> None:
    """Both views of one purchase: one finding, growth from the counts, who came from the follows."""
    rng, level = random.Random(5), 8000.0
    counts: Records = []
    for hour in range(45 * 24):
        level += rng.gauss(40, 10) / 24
        at = START + hour * HOUR
        more = 2000 * min(2, max(0, (at - SPIKE) // HOUR + 1)) // 2 if at >= SPIKE else 0
        counts.append(FanCount("x", "page", at, round(level) + more, "La page"))
    (finding,) = _run(_ordinary() + _bought(2000, 2 * HOUR, "cohort") + counts)
    assert finding.severity == "error"
    assert {"growth_above_baseline", "follows_above_baseline", "creation_cohort"} <= set(_codes(finding))
    assert 1900 <= finding.observed - finding.expected <= 2100
    assert 2000 <= finding.accounts.count <= 2100
    assert finding.subject.name == "La page"


def test_who_came_is_known_for_a_rise_that_makes_no_wave() -> None:
    """A purchase drips in over three days on a busy page: the counts see it, the follows say who."""
    rng = random.Random(9)
    follows = [
        _varied(rng, START + hour * HOUR + rng.randrange(HOUR), f"h{hour}-{n}")
        for hour in range(40 * 24)
        for n in range(rng.randrange(0, 30))
    ]
    bought = _bought(1500, 3 * DAY, "empty")
    counts: Records = []
    for day in range(40):
        at = START + day * DAY + 9 * HOUR
        so_far = sum(follow.at < at for follow in [*follows, *bought])
        counts.append(FanCount("x", "page", at, 50_000 + so_far))
    (finding,) = _run([*follows, *bought, *counts])
    assert finding.severity in ("warning", "error")
    assert "empty_profiles" in _codes(finding)
    assert "follows_above_baseline" not in _codes(finding) or finding.evidence.table == "follows"


def test_those_who_leave_are_no_newcomers() -> None:
    """A wave of unfollows is no spike."""
    leaving = _bought(600, HOUR, "cohort")
    for follow in leaving:
        follow.action = "unfollow"
    assert _run(_ordinary() + leaving) == []


def test_a_wave_is_told_while_it_runs() -> None:
    """Progress within the hour is enough: nobody waits for the hour, let alone the lateness, to pass."""
    records = sorted(_ordinary(21) + _bought(600, HOUR, "cohort"), key=lambda record: record.at)
    detector = FanSpikes(FanSpikeParameters(), 6 * HOUR)
    told = None
    for record in records:
        detector.add([record])
        for finding in detector.advance(Tick(record.at, record.at - 6 * HOUR)):
            told = told or (record.at, finding)
    assert told is not None
    assert told[0] - SPIKE < 30 * MINUTE
    assert told[1].severity in ("warning", "error")

"""A wave told apart in time: its course by the hour, who started and carried it, which other alerts joined in."""

from __future__ import annotations

import random

import msgspec
import pytest

from pipeline.detect.activity import Activity
from pipeline.detect.clock import FINAL, Tick
from pipeline.detect.company import WaveCompany
from pipeline.detect.finding import Finding
from pipeline.detect.parameters_volume import BurstParameters
from pipeline.detect.volume_tally import HOURS, Tally
from pipeline.explain.bursts import summary
from schemas.times import DAY, HOUR, MINUTE
from tests.unit.test_bursts import HISTORY, NOON, OLD, closed, post
from tests.unit.test_pile_ons import alert

WAIT = 8 * DAY


def wave() -> list[Activity]:
    """An hour of honest outrage by many, then one in which thirty copies of a campaign come in."""
    rng = random.Random(1)
    honest = [
        post(NOON + i * MINUTE // 4, f"c{i}", f"c{i}", sketch=(rng.getrandbits(60),), author_created_at=OLD)
        for i in range(480)
    ]
    copies = [
        post(NOON + HOUR + i * MINUTE, f"k{i}", f"r{i}", sketch=(7, 8), author_created_at=OLD)
        for i in range(30)
    ]
    return honest + copies


def only(rows: list[Activity]) -> Finding:
    (finding,) = closed(HISTORY + rows)
    return finding


def values(finding: Finding) -> dict[str, dict[str, object]]:
    return {one.code: one.values for one in finding.reasons}


def test_the_course_of_a_wave() -> None:
    """Organic in its first hour, a tenth of it copies in the second; the first accounts and the busiest are named."""
    busy = [
        post(NOON + i * MINUTE, "busy", f"b{i}", sketch=(i + 100,), author_created_at=OLD) for i in range(9)
    ]
    finding = only([*wave(), *busy])
    said = values(finding)
    assert sum(said["course"]["posts"]) == finding.posts.count  # type: ignore[call-overload]
    assert len(finding.company) >= 20
    assert set(finding.company) <= {f"k{i}" for i in range(30)}
    assert said["course"]["marked"] == [0, len(finding.company)]
    assert said["course"]["hours"] == 1
    assert said["started"]["account_ids"] == list(finding.accounts.ids[:5])
    assert said["carried"]["account_ids"][0] == "busy"  # type: ignore[index]
    assert said["carried"]["posts"][0] == 9  # type: ignore[index]
    text = summary(finding)
    assert "Hour by hour, 0% to 2" in text.en
    assert "Heure par heure, 0" in text.fr


def test_a_long_course_is_bounded() -> None:
    """Two hundred hours are told in at most 48 stretches, and none is lost."""
    tally = Tally(BurstParameters())
    tally.add(post(NOON + hour * HOUR, f"a{hour}", f"p{hour}") for hour in range(200))
    course = tally.course()
    assert len(course.posts) <= HOURS
    assert sum(course.posts) == 200
    assert course.hours == 5


def test_campaigns_that_joined() -> None:
    """The wave names the campaign, whichever of the two is told first, and keeps it for its last word."""
    finding = only(wave())
    campaign = alert("campaign", list(finding.company[:20]), NOON + 90 * MINUTE)
    campaign = msgspec.structs.replace(
        campaign, subject=msgspec.structs.replace(campaign.subject, platform=finding.subject.platform)
    )
    now, later = Tick(NOON + 3 * HOUR, NOON + 3 * HOUR), Tick(NOON + 30 * DAY, NOON + 30 * DAY)
    for order in ([finding, campaign], [campaign, finding]):
        merge = WaveCompany(WAIT)
        told = [one for part in order for one in merge.feed([part], now) if one.kind == "burst"]
        assert not any(one.closed for one in told)
        (last,) = merge.feed([], later)
        assert last.closed
        assert values(last)["joined_by_alerts"]["alerts"] == ["campaign"]
        assert values(last)["joined_by_alerts"]["accounts"] == 20
        assert "campaign" in summary(last).en
        assert "S’y sont joints 20 comptes" in summary(last).fr


@pytest.mark.parametrize("severity", ["info", "warning"])
def test_nobody_joined(severity: str) -> None:
    """A campaign that proved innocent, or one of others, has no part in it; a wave without a mark waits for nothing."""
    finding = only(wave())
    accounts = list(finding.company) if severity == "info" else ["others"] * 20
    merge = WaveCompany(WAIT)
    told = merge.feed([alert("campaign", accounts, NOON, severity), finding], FINAL)  # type: ignore[arg-type]
    assert all("joined_by_alerts" not in values(one) for one in told if one.kind == "burst")
    assert told[-1].closed
    organic = only([row for row in wave() if row.author_id.startswith("c")])
    assert organic.company == ()
    assert WaveCompany(WAIT).feed([organic], Tick(NOON, NOON)) == [organic]


@pytest.mark.parametrize(("where", "joined"), [("elsewhere", False), ("here", True)])
def test_a_ring_of_several_platforms(where: str, joined: bool) -> None:
    """Its accounts of this platform join in; who only has the same id on another one does not."""
    finding = only(wave())
    platform = finding.subject.platform if where == "here" else where
    names = finding.company[:20]
    ring = alert("ring", list(names), NOON + 90 * MINUTE)
    ring = msgspec.structs.replace(
        ring,
        subject=msgspec.structs.replace(ring.subject, platform="*"),
        evidence=msgspec.structs.replace(ring.evidence, people=tuple((platform, name) for name in names)),
    )
    merge = WaveCompany(WAIT)
    merge.feed([ring, finding], Tick(NOON + 3 * HOUR, NOON + 3 * HOUR))
    (last,) = merge.feed([], Tick(NOON + 30 * DAY, NOON + 30 * DAY))
    assert ("joined_by_alerts" in values(last)) is joined

"""Swarms on a page: who is a newcomer, what marks a swarm, and the other alerts that its members are part of."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import msgspec
import pytest

from pipeline.detect.activity import Activity
from pipeline.detect.clock import FINAL, Tick
from pipeline.detect.fake_fans import PageSum
from pipeline.detect.finding import Evidence, Finding, members
from pipeline.detect.odds import binomial_surprise, densest, gini, poisson_surprise
from pipeline.detect.pages import Pages
from pipeline.detect.parameters_causes import CauseParameters
from pipeline.detect.parameters_pages import FakeFanParameters, PileOnParameters
from pipeline.detect.pile_ons import PileOns
from pipeline.explain import summary
from schemas.alerts import Detector, Severity, Subject
from schemas.times import DAY, HOUR, MINUTE, Micros

START = 20_000 * DAY
P = PileOnParameters()
WAIT = 8 * DAY


def post(account: str, at: Micros, **more: object) -> Activity:
    """A post on the page; ages and followers are varied by the account's name unless given."""
    rng = random.Random(account)
    usual: dict[str, object] = {
        "author_created_at": START - rng.randrange(100, 4000) * DAY,
        "author_followers": rng.randrange(20, 2000),
    }
    return Activity("forum", "page", at, account, f"{account}/{at}", **{**usual, **more})  # type: ignore[arg-type]


def history(days: int = 4) -> Iterator[Activity]:
    """Ordinary life: regulars all day, a newcomer every hour; one in ten also posts on the page `big`."""
    for hour in range(24 * days):
        at = START + hour * HOUR
        for regular in range(5):
            others = ("big",) if (hour + regular) % 10 == 0 else ()
            yield post(f"regular{(hour + regular) % 30}", at + regular * MINUTE, others=others)
        yield post(f"passer-by{hour}", at + 30 * MINUTE, others=("big",) if hour % 10 == 0 else ())


RAID = START + 4 * DAY + 90 * MINUTE


def swarm(make: Callable[[int], dict[str, object]], size: int = 20, again: int = 2) -> list[Activity]:
    """`size` newcomers within an hour, who post `again` times."""
    return [
        post(f"raider{n}", RAID + n * 2 * MINUTE + turn * 20 * MINUTE, **make(n))
        for n in range(size)
        for turn in range(again)
    ]


def found(rows: list[Activity], parameters: PileOnParameters = P) -> list[Finding]:
    """The closed findings of kind pile_on, as the partition tells them."""
    pages = Pages(parameters, FakeFanParameters(), CauseParameters())
    random.Random(len(rows)).shuffle(rows)
    pages.add(rows)
    news = pages.advance(FINAL)
    return [one for one in news.findings if one.kind == "pile_on" and one.closed]


def codes(finding: Finding) -> list[str]:
    return [one.code for one in finding.reasons]


def test_a_swarm_that_praises_a_rival() -> None:
    """Twenty newcomers, all of whom post on one other page: a warning that names the page and them."""
    (finding,) = found([*history(), *swarm(lambda _: {"others": ("rival",)})])
    assert codes(finding) == ["newcomers", "common_other_page"]
    assert finding.severity == "warning"
    values = finding.reasons[1].values
    assert (values["page"], values["accounts"]) == ("rival", 20)
    assert {f"raider{n}" for n in range(20)} <= set(values["account_ids"])
    assert finding.posts.count == len(finding.posts.ids) >= 40
    *_, told = PileOns(P, WAIT).feed([finding], [], [], FINAL)
    text = summary(told)
    assert "« rival »".replace(" ", "\u202f") in text.fr
    assert "“rival”" in text.en


def test_people_who_share_what_the_pages_visitors_share_are_left_alone() -> None:
    """One in ten of a swarm posts where one in ten always did: many came, and that is all."""
    (finding,) = found([*history(), *swarm(lambda n: {"others": ("big",) if n % 10 == 0 else ()})])
    assert codes(finding) == ["newcomers"]
    assert finding.severity == "info"
    assert {one.code: one.values["holds"] for one in finding.ruled_out} == {
        "varied_ages": True,
        "established_profiles": True,
        "conversation": False,
        "regulars": False,
    }


@pytest.mark.parametrize(("visitors", "severity"), [(0.0, "warning"), (0.2, "warning"), (0.9, None)])
def test_a_page_that_everybody_has_been_on(visitors: float, severity: Severity | None) -> None:
    """Twenty newcomers who have been on one other page are nothing where that is in the news: nine in ten visitors of
    third pages have been there as well."""
    (finding,) = found([*history(), *swarm(lambda _: {"others": ("rival",)})])
    end = (RAID // DAY + 1) * DAY
    third = PageSum("forum", "third", end, 0, 0, 100, {"rival": round(100 * visitors)})
    there = PageSum("forum", "rival", end, 0, 0, 300, {})
    merge = PileOns(P, WAIT)
    told = [*merge.feed([finding], [third, there], [], Tick(end, end)), *merge.feed([], [], [], FINAL)]
    if severity is None:
        assert told == []
        return
    assert [one.closed for one in told] == [False, True]
    assert told[1].severity == severity
    assert told[1].ruled_out[0].code == "own_interests"
    assert told[1].ruled_out[0].values["holds"] is False
    assert told[1].reasons[1].values["usual"] >= visitors


def test_a_popular_page_is_nothing_in_common() -> None:
    """They have all been on a page to which thousands come."""
    (finding,) = found([*history(), *swarm(lambda _: {"others": ("rival",)})])
    end = (RAID // DAY + 1) * DAY
    for visits, told in ((300, 2), (3000, 0)):
        there = PageSum("forum", "rival", end, 0, 0, visits, {})
        merge = PileOns(P, WAIT)
        said = [*merge.feed([finding], [there], [], Tick(end, end)), *merge.feed([], [], [], FINAL)]
        assert len(said) == told


def test_accounts_of_one_batch_and_empty_ones() -> None:
    """Created within three weeks: a warning. Empty profiles alone: info."""
    (batch,) = found([*history(), *swarm(lambda n: {"author_created_at": START - 400 * DAY + n * DAY})])
    assert codes(batch) == ["newcomers", "created_together"]
    assert batch.severity == "warning"
    (empty,) = found([*history(), *swarm(lambda n: {"author_followers": n % 3})])
    assert codes(empty) == ["newcomers", "empty_profiles"]
    assert empty.severity == "info"


def test_what_is_no_swarm() -> None:
    """Regulars who come all at once, too few newcomers, a page that has just begun, a hashtag feed."""
    mark: dict[str, object] = {"others": ("rival",)}
    regulars = [post(f"regular{n}", RAID + n * MINUTE, **mark) for n in range(30)]
    assert found([*history(), *regulars]) == []
    assert found([*history(), *swarm(lambda _: mark, size=6)]) == []
    assert found([row for row in [*history(), *swarm(lambda _: mark)] if row.at > RAID - 11 * HOUR]) == []
    rows = [*history(), *swarm(lambda _: mark)]
    assert found([msgspec.structs.replace(row, target="#page") for row in rows]) == []


def test_a_page_that_is_used_to_newcomers_needs_more_of_them() -> None:
    """Where thirty newcomers came within three hours the day before, another thirty are nothing new."""
    rows = [*history(), *swarm(lambda _: {"others": ("rival",)})]
    before = [post(f"other{n}", RAID - DAY + n * 2 * MINUTE) for n in range(30)]
    assert len(found(list(rows))) == 1
    assert all(finding.first_seen < RAID - HOUR for finding in found([*rows, *before]))


def alert(name: str, accounts: list[str], last: Micros, severity: Severity = "warning") -> Finding:
    """A closed copy campaign."""
    return Finding(
        name, "copy_paste", severity, 0.5, Subject("forum", name), last - HOUR, last, last - HOUR, last,
        members(accounts), members([]), 1.0, 1.0, (), (), Evidence("posts", {}, 0, 1), Detector("x", "1", {}), True,
    )  # fmt: skip


@pytest.fixture
def crowd() -> Finding:
    """A swarm without a mark of its own."""
    (finding,) = found([*history(), *swarm(lambda _: {})])
    return finding


RAIDERS = [f"raider{n}" for n in range(15)]


def test_members_of_a_campaign(crowd: Finding) -> None:
    """A swarm of a campaign's accounts is told, whichever of the two comes first, and names the campaign."""
    told = []
    for order in (0, 1):
        merge = PileOns(P, WAIT)
        campaign = alert("campaign", RAIDERS, RAID)
        parts = [([crowd], []), ([], [campaign])]
        for swarms, others in parts if order else reversed(parts):
            merge.feed(swarms, [], others, Tick(RAID + DAY, RAID + DAY))
        (last,) = merge.feed([], [], [], Tick(RAID + 30 * DAY, RAID + 30 * DAY))
        told.append(last)
    assert told[0] == told[1]
    assert told[0].closed
    assert told[0].severity == "warning"
    assert codes(told[0]) == ["newcomers", "members_of_alerts"]
    assert told[0].reasons[1].values["alerts"] == ["campaign"]
    assert told[0].reasons[1].values["account_ids"] == RAIDERS
    assert "campaign" in summary(told[0]).fr


def test_a_swarm_without_a_mark_is_held_back(crowd: Finding) -> None:
    """Nobody else knows the accounts, or the campaign turns out innocent: nothing stands."""
    merge = PileOns(P, WAIT)
    assert merge.feed([crowd], [], [], Tick(RAID + DAY, RAID + DAY)) == []
    (first,) = merge.feed([], [], [alert("campaign", RAIDERS, RAID)], Tick(RAID + DAY, RAID + DAY))
    assert not first.closed
    (gone,) = merge.feed([], [], [alert("campaign", RAIDERS, RAID, "info")], Tick(RAID + DAY, RAID + DAY))
    assert gone.withdrawn
    assert merge.feed([], [], [], FINAL) == []


@pytest.mark.parametrize("last", [RAID - 20 * DAY, RAID + 20 * DAY])
def test_campaigns_of_other_days_do_not_count(crowd: Finding, last: Micros) -> None:
    """A campaign that ended weeks before, or began weeks after, has nothing to do with it."""
    merge = PileOns(P, WAIT)
    assert merge.feed([crowd], [], [alert("campaign", RAIDERS, last)], FINAL) == []


def test_odds() -> None:
    """Tails against sums that can be checked by hand."""
    assert binomial_surprise(2, 2, 0.1) == pytest.approx(2.0)
    assert binomial_surprise(1, 2, 0.5) == pytest.approx(0.1249387)  # 3/4
    assert poisson_surprise(2, 1.0) == pytest.approx(0.578, abs=1e-3)  # 1 - 2/e
    assert densest([1, 5, 6, 7, 20], 3) == (5, 3)
    assert densest([], 3) == (0, 0)
    assert gini([5, 5, 5]) == pytest.approx(0.0)
    assert gini([0, 0, 0, 8]) == pytest.approx(0.75)

"""The most active fans of a page: which of them look fake, for how long, and beside comparable pages."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import msgspec

from pipeline.detect.activity import Activity, stem
from pipeline.detect.clock import FINAL, Tick
from pipeline.detect.elsewhere import Elsewhere
from pipeline.detect.fake_fans import FakeFans, PageSum
from pipeline.detect.finding import Finding
from pipeline.detect.pages import PageNews, Pages
from pipeline.detect.parameters_causes import CauseParameters
from pipeline.detect.parameters_pages import FakeFanParameters, PileOnParameters
from pipeline.explain import summary
from schemas.times import DAY, HOUR, MINUTE, Micros

START = 20_000 * DAY
P = FakeFanParameters()
Traits = Callable[[int], dict[str, object]]


def fans(name: str, size: int, traits: Traits, days: int = 2, each: int = 4) -> Iterator[Activity]:
    """Accounts that post `each` times a day at hours of their own; of all ages and with followers unless told."""
    for n in range(size):
        rng = random.Random(f"{name}{n}")
        usual: dict[str, object] = {
            "author_created_at": START - rng.randrange(200, 4000) * DAY,
            "author_followers": rng.randrange(20, 2000),
        }
        for day in range(days):
            for turn in range(each):
                at = START + day * DAY + rng.randrange(DAY)
                more = {**usual, **traits(n)}
                yield Activity("forum", "page", at, f"{name}{n}", f"{name}{n}/{day}/{turn}", **more)  # type: ignore[arg-type]


def told(rows: list[Activity], parameters: FakeFanParameters = P) -> PageNews:
    """What the partition says of its pages."""
    pages = Pages(PileOnParameters(), parameters, CauseParameters())
    random.Random(len(rows)).shuffle(rows)
    pages.add(rows)
    return pages.advance(FINAL)


def closed(rows: list[Activity]) -> list[Finding]:
    """The last words on fans."""
    return [one for one in told(rows).findings if one.kind == "fake_fans" and one.closed]


def batch(n: int) -> dict[str, object]:
    """Made in the same three weeks, hardly any followers."""
    return {"author_created_at": START - 300 * DAY + n * DAY // 2, "author_followers": n % 4}


ENTHUSIASTS = list(fans("fan", 20, lambda _: {}))


def test_a_workshop_among_enthusiasts() -> None:
    """Fifteen accounts of one batch without followers: they are named, and nobody else is."""
    (finding,) = closed([*ENTHUSIASTS, *fans("fake", 15, batch)])
    assert set(finding.accounts.ids) == {f"fake{n}" for n in range(15)}
    assert finding.posts.count == 15 * 8
    assert list(finding.evidence.accounts) == list(finding.accounts.ids)
    values = {one.code: one.values for one in finding.reasons}
    assert values["fans_that_look_fake"] == {"accounts": 15, "fans": 35, "share": 0.429, "days": 7}
    assert values["created_together"]["cohort"] == 15
    assert values["concentration"]["top_share"] == 1.0
    text = summary(finding)
    assert "15 comptes sont compatibles" in text.fr
    assert "15 accounts are consistent" in text.en


def test_one_mark_is_none() -> None:
    """Old accounts with few followers, or of one batch with many: people are like that."""
    assert closed([*ENTHUSIASTS, *fans("few", 15, lambda n: {"author_followers": n % 4})]) == []
    assert closed([*ENTHUSIASTS, *fans("new", 15, lambda n: {"author_created_at": START - 9 * DAY})]) == []


def test_names_words_and_steps() -> None:
    """Numbered names and each other's words; posts in step with each other, and empty profiles."""
    rows = [*ENTHUSIASTS, *fans("named", 12, lambda n: {"stem": "lea", "sketch": (n // 4 + 1,)})]
    (finding,) = closed(rows)
    assert {one.code for one in finding.reasons} >= {"sequential_names", "same_words"}
    assert finding.accounts.count == 12
    steps = [START + day * DAY + hour * HOUR for day in range(2) for hour in (3, 9, 16, 22)]
    locked = [
        Activity("forum", "page", at + n * MINUTE // 2, f"robot{n}", f"{n}/{at}", author_followers=1)
        for n in range(10)
        for at in steps
    ]
    (finding,) = closed([*ENTHUSIASTS, *locked])
    assert set(finding.accounts.ids) == {f"robot{n}" for n in range(10)}
    assert {one.code: one.values for one in finding.reasons}["lock_step"]["accounts"] == 10


def test_everybody_at_the_same_hour_is_no_lock_step() -> None:
    """A whole page that comes for an appointment explains that its fans meet."""
    crowd = [
        Activity("forum", "page", START + day * DAY + 20 * HOUR + n % 10 * MINUTE, f"guest{n}", f"{n}/{day}")
        for n in range(400)
        for day in range(2)
    ]
    show = [
        Activity(
            "forum",
            "page",
            START + day * DAY + hour * HOUR + n % 10 * MINUTE,
            f"fan{n}",
            f"{n}/{day}/{hour}",
            author_followers=1,
        )
        for n in range(12)
        for day in range(2)
        for hour in (20, 20 + n % 3, 6 + n)
    ]
    assert closed([*crowd, *show]) == []


def test_one_evening_makes_no_fan() -> None:
    """A flash of posts by fifteen new accounts is a swarm; fans come back another day."""
    assert closed([*ENTHUSIASTS, *fans("flash", 15, batch, days=1, each=8)]) == []


def test_an_episode_is_one_alert_and_ends() -> None:
    """The window carries the fans on for a week; then it is over, and if they come back another begins."""
    rows = [*fans("fake", 15, batch)]
    again = [
        msgspec.structs.replace(row, at=row.at + 30 * DAY, post_id=f"again{row.post_id}") for row in rows
    ]
    first, second = sorted(closed([*rows, *again]), key=lambda finding: finding.start)
    assert first.alert_id != second.alert_id
    assert first.start + 29 * DAY < second.start
    assert {one.alert_id for one in told(rows).findings if one.kind == "fake_fans"} == {first.alert_id}


def at_step(finding: Finding, pages: int, suspects: int, order: int = 0) -> Finding:
    """The finding as it stands beside `pages` other pages of 20 fans each."""
    end = finding.evidence.end + 1
    sums = [PageSum("forum", f"page{n}", end, 20, suspects) for n in range(pages)]
    merge = FakeFans(P)
    before, after = Tick(end - 1, end - 1), Tick(end, end)
    if order:
        assert merge.feed([finding], [], before) == []
        (one,) = merge.feed([], sums, after)
    else:
        merge.feed([], sums, before)
        (one,) = merge.feed([finding], [], after)
    return one


def test_comparable_pages() -> None:
    """Alone, or beside pages without such fans: a warning. Where all pages are alike: info. In any order."""
    (finding,) = closed([*ENTHUSIASTS, *fans("fake", 15, batch)])
    for order in (0, 1):
        alone, beside, alike = (at_step(finding, n, m, order) for n, m in ((2, 0), (8, 0), (8, 8)))
        assert alone.severity == beside.severity == "warning"
        assert alone.ruled_out[-1].code == "comparable_pages_unknown"
        assert beside.ruled_out[-1].values["holds"] is False
        assert alike.severity == "info"
        assert alike.score < beside.score
        assert alike.expected == round(8.5 / 21 * 35, 2)
        assert "C’est comme ailleurs." in summary(alike).fr


def test_the_number_at_a_names_end() -> None:
    """Two digits or more; a bare number is no name."""
    assert [stem(name) for name in ("lea12", "lea1", "12", "", None, "a1b22")] == [
        "lea",
        "",
        "",
        "",
        "",
        "a1b",
    ]


def test_other_pages_of_an_account() -> None:
    """Those of the last days, but not of the last minutes: more of these may yet come."""
    minute, memory = MINUTE, 3 * DAY
    seen = Elsewhere(memory, 15 * minute)

    def visit(target: str, at: Micros) -> tuple[str, ...]:
        return seen.visit("forum", "a", target, START + at)

    assert visit("x", 0) == ()
    assert visit("y", 10 * minute) == ()
    assert visit("y", 16 * minute) == ("x",)
    assert visit("z", HOUR) == ("x", "y")
    assert visit("x", 2 * DAY) == ("y", "z")
    assert visit("z", 4 * DAY) == ("x",)
    seen.forget(START + 9 * DAY)
    assert len(seen) == 0

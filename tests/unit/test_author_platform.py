"""An account against what is usual on its platform: loud ones and quiet ones, known well and hardly."""

from __future__ import annotations

import random
from typing import Any

from pipeline.detect.activity import Activity
from pipeline.detect.author_merge import AuthorMerge
from pipeline.detect.authors import AuthorPace
from pipeline.detect.finding import Finding
from pipeline.detect.parameters_volume import AuthorParameters
from pipeline.explain.authors import summary
from schemas.times import DAY, HOUR, MINUTE, SECOND
from tests.unit.test_authors import LATENESS, MONDAY, closed, codes, posts, tick


def platform(busy: int, share: float, days: int, accounts: int = 2000) -> list[Activity]:
    """A post of each account each day; a share of them post `busy` times in that hour, in fits."""
    rng, rows = random.Random(3), list[Activity]()
    for day in range(days):
        for number in range(accounts):
            name = f"other{number}"
            hour = MONDAY + day * DAY + rng.randrange(8, 17) * HOUR
            for i in range(busy if number < share * accounts else 1):
                at = hour + rng.randrange(HOUR)
                rows.append(Activity("p", name, at, name, f"{name}/{day}/{i}"))
    return rows


def of_one(rows: list[Activity], author: str = "a") -> list[Finding]:
    return [finding for finding in closed(rows) if finding.subject.id == author]


def values(finding: Finding, code: str) -> dict[str, Any]:
    return next(reason.values for reason in finding.reasons if reason.code == code)


def evenly(day: int, step: int, hours: int) -> list[int]:
    """A post every `step` from eight in the morning on."""
    start = MONDAY + day * DAY + 8 * HOUR
    return list(range(start, start + hours * HOUR, step))


def test_a_platforms_habit_decides_what_is_fast() -> None:
    """Forty posts an hour are fast where hardly anybody passes five, and nothing where one in fifty posts eighty; 20 an
    hour, evenly for six hours, are a machine's only where that is much."""
    hasty = posts([at + 7 * SECOND * (at % 5) for at in evenly(5, 90 * SECOND, 1)])
    quiet, loud = platform(5, 0.02, 5), platform(80, 0.02, 5)
    (finding,) = of_one(quiet + hasty)
    habit = values(finding, "platform_habit")
    assert (habit["posts_per_hour"], habit["median"], habit["accounts"]) == (40, 1, 2000)
    assert values(finding, "pace")["threshold"] < 40
    assert of_one(loud + hasty) == []
    slow = posts(evenly(5, 3 * MINUTE, 6))
    assert of_one(slow) == []
    assert of_one(loud + slow) == []
    (finding,) = of_one(platform(2, 0.02, 5, 5000) + slow)
    assert finding.severity == "warning"
    assert values(finding, "pace")["threshold"] == 15


def test_little_known_of_a_platform_is_said() -> None:
    """Within three days and on a small platform, the fixed thresholds hold, and the alert says so in both languages."""
    hasty = posts(evenly(1, 90 * SECOND, 1))
    (finding,) = of_one(platform(80, 0.02, 1) + hasty)
    assert {"platform_unknown", "pace"} <= codes(finding)
    assert values(finding, "pace")["threshold"] == 30
    assert "seuils fixes" in summary(finding).fr
    assert "fixed thresholds" in summary(finding).en
    (finding,) = of_one(platform(1, 0, 8, 100) + posts(evenly(8, 90 * SECOND, 1)))
    assert values(finding, "platform_unknown") == {"accounts": 100, "days": 8}
    assert "100 comptes par jour sur 8 jours" in summary(finding).fr
    assert "100 accounts a day over 8 days" in summary(finding).en


def test_what_is_usual_on_the_platform_is_told() -> None:
    """The account's figure, the median, the hour of one in a thousand and what they rest on, in both languages."""
    (finding,) = of_one(platform(5, 0.02, 5) + posts(evenly(5, 30 * SECOND, 2)))
    text = summary(finding)
    assert "jusqu’à 120 en une heure" in text.fr
    assert "le compte médian écrit 1 message" in text.fr
    assert "un compte sur 1 000 environ" in text.fr.replace("\u202f", " ")
    assert "the median account makes 1 post" in text.en
    assert "2,000 accounts a day over 5 days" in text.en


def test_a_few_loud_accounts_do_not_make_the_habit() -> None:
    """Ten accounts that post three hundred an hour every day, for no button: the eleventh is judged as without them."""
    crowd, judged = platform(5, 0.02, 5), posts(evenly(5, 90 * SECOND, 1))
    ring = [
        Activity("p", f"ring{n}", at, f"ring{n}", f"ring{n}/{at}")
        for n in range(10)
        for day in range(5)
        for at in evenly(day, 12 * SECOND, 1)
    ]
    (without,), (beside,) = of_one(crowd + judged), of_one(crowd + ring + judged)
    assert values(beside, "platform_habit")["high"] == values(without, "platform_habit")["high"]
    assert values(beside, "pace") == values(without, "pace")


def test_the_first_word_waits_for_nothing_and_a_lagging_partition_leaves_it_open() -> None:
    """Against a known habit an account is told with the post that passes it. Where another partition lags behind, it is
    told too, by what is known; and withdrawn when the days that come show that it is nothing there."""
    parameters, crowd = AuthorParameters(), platform(80, 0.02, 5)
    here, there = AuthorPace(parameters, 0), AuthorPace(parameters, 1)
    merge = AuthorMerge(parameters, LATENESS)
    hasty = posts(evenly(5, 90 * SECOND, 1))
    here.add(hasty)
    word = here.advance(tick(hasty[-1].at))
    assert word is not None
    (early,) = merge.feed([word], tick(MONDAY + 2 * DAY))
    assert not early.closed
    assert "platform_unknown" in codes(early)
    there.add(crowd)
    late = there.advance(tick(hasty[-1].at))
    assert late is not None
    found = merge.feed([late], tick(hasty[-1].at))
    assert [one.alert_id for one in found if one.withdrawn] == [early.alert_id]
    fast = posts(evenly(5, 9 * SECOND, 1), "b")
    said = list[Finding]()
    for row in fast:
        here.add([row])
        word = here.advance(tick(row.at))
        said += merge.feed([word] if word is not None else [], tick(hasty[-1].at))
        if said:
            break
    assert said[0].posts.count == values(said[0], "pace")["threshold"]

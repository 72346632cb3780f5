"""Accounts that come to several pages in step are told of both, however the pages are spread over partitions."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.connect.items import Item
from pipeline.detect.parameters import Parameters
from schemas.alerts import Alert
from schemas.records import Follow
from schemas.times import DAY, HOUR, MINUTE, Micros
from tests.property.core_drive import alerts_of, backtested, items, lived

START: Micros = 1_700_000_000_000_000 // DAY * DAY
PARAMETERS = Parameters()
Waves = list[tuple[str, int, str]]
"""(page, day, crowd): accounts of one crowd come in one order, to whatever page."""


def _follow(rng: random.Random, page: str, actor: str, at: Micros) -> Follow:
    created = at - rng.randrange(40, 3000) * DAY
    return Follow(
        "x", page, actor, at, "follow", created, None, rng.randrange(20, 900), rng.randrange(5, 900)
    )


def stream(seed: int, waves: Waves, days: int = 45) -> list[Item]:
    """Four pages with a rhythm of their own, and waves of varied accounts."""
    rng, placed = random.Random(seed), []
    for page in "abcd":
        for day in range(days):
            for n in range(rng.randrange(3, 9)):
                placed.append(_follow(rng, page, f"{page}{day}-{n}", START + day * DAY + rng.randrange(DAY)))
    for page, day, crowd in waves:
        begin = START + day * DAY + rng.randrange(12 * HOUR)
        for n in range(200):
            placed.append(_follow(rng, page, f"{crowd}{n}", begin + n * MINUTE + rng.randrange(MINUTE)))
    placed.sort(key=lambda one: one.at + rng.randrange(10 * MINUTE))
    return items(placed)


def said(alert: Alert) -> dict[str, dict[str, object]]:
    return {reason.code: reason.values for reason in alert.reasons}


def test_the_same_varied_accounts_on_two_pages_are_a_delivery() -> None:
    """200 accounts as varied as any come to two pages two days apart, 200 others to a third: two warnings, one info."""
    found = backtested([stream(1, [("a", 30, "sold"), ("b", 32, "sold"), ("c", 31, "own")])], PARAMETERS, 300)
    alerts = {alert.subject.id: alert for alert in found.alerts.values()}
    assert {name: alert.severity for name, alert in alerts.items()} == {
        "a": "warning",
        "b": "warning",
        "c": "info",
    }
    values = said(alerts["a"])["same_accounts_elsewhere"]
    assert (values["pages"], values["page_ids"]) == (1, ["b"])
    assert values["share"] == 1.0 or values["accounts"] > 80  # type: ignore[operator]
    assert "same_accounts_elsewhere" not in said(alerts["c"])
    assert "sur 1 autre page" in alerts["b"].summary.fr
    assert "delivered to several pages" in alerts["b"].summary.en
    assert all(alert.status == "closed" for alert in alerts.values())


def test_the_same_accounts_a_fortnight_later_are_not_in_step() -> None:
    """Who came to one page may come to another some day."""
    found = backtested([stream(2, [("a", 20, "fans"), ("b", 38, "fans")])], PARAMETERS, 300)
    assert [alert.severity for alert in found.alerts.values()] == ["info", "info"]


waves = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(28, 44), st.sampled_from(["sold", "stock", "own"])),
    min_size=2,
    max_size=6,
    unique_by=lambda wave: wave[:2],
)


@settings(max_examples=12, deadline=None)
@given(
    st.integers(0, 99),
    waves,
    st.integers(1, 5),
    st.integers(0, 2**32),
    st.integers(20, 500),
    st.integers(0, 80),
)
def test_however_the_pages_are_spread_the_last_word_is_the_same(
    seed: int, planted: Waves, sources: int, order: int, most: int, calm: int
) -> None:
    """Partitions, batches and interleaving change nothing, whether the stream ends soon or long after the waves."""
    one = stream(seed, planted, 45 + calm)
    live = lived([one], PARAMETERS, sources, 2, order, most)
    assert alerts_of(live) == alerts_of(backtested([one], PARAMETERS, 500))
    assert all(alert.status == "closed" for alert in live.alerts.values())

"""Laws of the generator's parts, for any input."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.scenario import Planted
from pipeline.scenario.english import polish as polish_en
from pipeline.scenario.french import polish as polish_fr
from pipeline.scenario.rhythm import CHRONOTYPES, ZONES, awake, local_hour, midnight, poisson, stream, weekday
from pipeline.scenario.score import score
from pipeline.scenario.speech import grammar, marks
from pipeline.scenario.topics import TOPICS
from pipeline.scenario.world import decaying, moments
from schemas.alerts import SEVERITIES, AlertKind
from schemas.times import DAY, HOUR, MINUTE, format_time, to_datetime

times = st.integers(0, 4 * 10**15)
seeds = st.integers(0, 2**63)


@given(at=times, zone=st.sampled_from(sorted(ZONES)), kind=st.sampled_from(sorted(CHRONOTYPES)))
def test_awake_is_a_level_that_comes_back_every_day(at: int, zone: str, kind: str) -> None:
    """Activity is positive, at most 1.75, and the same a day later."""
    level = awake(at, zone, kind)
    assert 0.03 < level <= 1.75
    assert abs(level - awake(at + DAY, zone, kind)) < 1e-9


@given(at=times)
def test_clocks_agree_with_the_calendar(at: int) -> None:
    """Midnight lies within the day before, and weekday and hour are the calendar's."""
    assert 0 <= at - midnight(at) < DAY
    assert local_hour(midnight(at)) == 0
    there = to_datetime(at + ZONES["paris"] * MINUTE)
    assert weekday(at) == there.weekday()
    assert int(local_hour(at)) == there.hour


@given(rate=st.floats(0, 2000), seed=seeds)
def test_poisson_stays_near_its_rate(rate: float, seed: int) -> None:
    """A count is never negative and, beyond any reasonable doubt, within eight deviations of the rate."""
    count = poisson(rate, Random(seed))
    assert count >= 0
    assert abs(count - rate) <= 8 * rate**0.5 + 12


@given(seed=seeds, count=st.integers(0, 200), length=st.integers(1, 10 * DAY))
def test_moments_are_in_order_and_inside(seed: int, count: int, length: int) -> None:
    """`moments` gives exactly so many, in order, within the bounds."""
    drawn = moments(1000, 1000 + length, count, Random(seed))
    assert len(drawn) == count
    assert drawn == sorted(drawn)
    assert all(1000 <= at < 1000 + length for at in drawn)


@settings(max_examples=30)
@given(seed=seeds, summit=st.floats(100, 3000), floor=st.floats(0, 50))
def test_decaying_decays(seed: int, summit: float, floor: float) -> None:
    """As many events as the integral of the density, most of them early."""
    drawn = decaying(0, 10 * HOUR, [(0, summit, HOUR)], floor, Random(seed))
    integral = summit * (1 - 2.718281828**-10) + 10 * floor
    assert abs(len(drawn) - integral) <= 8 * integral**0.5 + 12
    assert drawn == sorted(drawn)
    assert all(0 <= at < 10 * HOUR for at in drawn)


@given(seed=st.integers(), name=st.text(max_size=20))
def test_streams_depend_on_seed_and_name_alone(seed: int, name: str) -> None:
    """The same seed and name give the same numbers, another name gives others."""
    assert stream(seed, name).random() == stream(seed, name).random()
    assert stream(seed, name).random() != stream(seed, name + "/").random()


@settings(max_examples=200)
@given(
    seed=seeds,
    lang=st.sampled_from(["fr", "en"]),
    topic=st.sampled_from([None, *TOPICS]),
    symbol=st.sampled_from(["post", "middling", "long", "short", "reply"]),
)
def test_grammar_speaks_clean_text(seed: int, lang: str, topic: str | None, symbol: str) -> None:
    """No symbol is left over, no elision or contraction is missed, nothing looks like a mention or a link."""
    text = grammar(lang, topic).say(symbol, Random(seed))
    text = polish_fr(text) if lang == "fr" else polish_en(text)
    assert text
    assert not set("{}*|@#") & set(text)
    assert "  " not in text
    assert marks(text) == ((), (), ())
    if lang == "fr":
        assert not any(
            wrong in f" {text} " for wrong in (" de le ", " à le ", " de les ", " de a", " de é", " le a")
        )


@given(text=st.text(max_size=60))
def test_polish_is_stable(text: str) -> None:
    """What has been polished needs no more polish after a second pass."""
    assert polish_en(polish_en(text)) == polish_en(text)
    twice = polish_fr(polish_fr(text))
    assert polish_fr(twice) == twice


subjects = st.sampled_from(["p", "q", "r"])
members = st.lists(st.sampled_from([f"a{i}" for i in range(8)]), unique=True, max_size=8)
kinds: st.SearchStrategy[AlertKind] = st.sampled_from(("burst", "copy_paste", "fan_spike"))


@st.composite
def alert_lists(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Alerts about a small world, so that they meet what is planted there."""
    out = []
    for number in range(draw(st.integers(0, 6))):
        start, accounts = draw(st.integers(10**15, 10**15 + DAY)), draw(members)
        out.append(
            {
                "alert_id": f"x{number}",
                "kind": draw(kinds),
                "revision": 1,
                "severity": draw(st.sampled_from(SEVERITIES)),
                "subject": {"platform": "t", "id": draw(subjects)},
                "first_seen": format_time(start),
                "last_seen": format_time(start + HOUR),
                "window": {"start": format_time(start), "end": format_time(start + HOUR)},
                "accounts": {"count": len(accounts), "ids": accounts},
            }
        )
    return out


@st.composite
def truths(draw: st.DrawFn) -> list[Planted]:
    """Planted operations of the same small world."""
    out = []
    for number in range(draw(st.integers(0, 4))):
        start, wanted = draw(st.integers(10**15, 10**15 + DAY)), draw(st.booleans())
        out.append(
            Planted(
                f"n{number}",
                draw(kinds),
                "alert" if wanted else "no_warning",
                "warning" if wanted else "info",
                "t",
                draw(subjects),
                tuple(draw(members)),
                (),
                start,
                start + 2 * HOUR,
                "fr",
                "en",
            )
        )
    return out


@given(truth=truths(), alerts=alert_lists())
def test_score_accounts_for_everything(truth: list[Planted], alerts: list[dict[str, Any]]) -> None:
    """A row for each planted entry in order, then each false alarm once; the alerts' order is no matter."""
    rows = score(truth, alerts)
    assert [row.name for row in rows[: len(truth)]] == [planted.name for planted in truth]
    alarms = rows[len(truth) :]
    assert all(row.expected == "nothing" and not row.ok and row.severity != "info" for row in alarms)
    assert len({row.alert_id for row in alarms}) == len(alarms)
    assert {row.alert_id for row in alarms} <= {alert["alert_id"] for alert in alerts}
    assert score(truth, alerts[::-1]) == rows
    for planted, row in zip(truth, rows, strict=False):
        if not alerts:
            assert row.ok == (planted.expected == "no_warning")
        if planted.expected == "alert":
            assert row.ok == (row.alert_id is not None)


@given(truth=truths())
def test_no_alert_no_false_alarm(truth: list[Planted]) -> None:
    """Silence is right for all innocents, and wrong for all operations."""
    assert [row.ok for row in score(truth, [])] == [planted.expected == "no_warning" for planted in truth]

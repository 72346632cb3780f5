"""Bursts on a target: what is alarming and what is not, and how it is told."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from math import pi, sin

import orjson
import pytest

from pipeline.detect.activity import Activity
from pipeline.detect.bursts import TargetBursts
from pipeline.detect.clock import END, Tick
from pipeline.detect.finding import Finding
from pipeline.detect.one_series import OneSeries
from pipeline.detect.parameters_volume import BurstParameters
from pipeline.detect.volume_tally import Tally, wilson
from pipeline.explain.bursts import summary
from schemas.times import DAY, HOUR, MINUTE, SECOND, parse_time
from tests.recorded import recorded

LATENESS = 5 * MINUTE
MONDAY = 1_600_041_600_000_000
OLD = MONDAY - 900 * DAY


def detector() -> TargetBursts:
    return TargetBursts(BurstParameters(), LATENESS)


def tick(progress: int) -> Tick:
    return Tick(END, END) if progress >= END else Tick(progress, max(0, progress - LATENESS))


def run(rows: list[Activity], found: TargetBursts | None = None) -> list[Finding]:
    """All that is said about the posts, which come one by one."""
    bursts = found or detector()
    said: list[Finding] = []
    for row in sorted(rows, key=lambda row: (row.at, row.post_id)):
        bursts.add([row])
        said += bursts.advance(tick(row.at))
    return said + bursts.advance(tick(END))


def closed(rows: list[Activity]) -> list[Finding]:
    return [finding for finding in run(rows) if finding.closed]


def post(at: int, author: str, name: str, **more: object) -> Activity:
    return Activity("p", "page", at, author, name, **more)  # type: ignore[arg-type]


def trickle(start: int, end: int, every: int = 2 * MINUTE, seed: int = 1) -> list[Activity]:
    """An ordinary page: a post every two minutes or so, by many people."""
    rng = random.Random(seed)
    rows: list[Activity] = []
    at = start
    while (at := at + round(rng.expovariate(1 / every))) < end:
        author = f"reader{rng.randrange(2000)}"
        rows.append(post(at, author, f"n{len(rows)}", author_created_at=OLD, sketch=(rng.getrandbits(60),)))
    return rows


def wave(at: int, posts: int, authors: int, **more: object) -> list[Activity]:
    """So many posts within four minutes."""
    step = 4 * MINUTE // posts
    return [post(at + i * step, f"w{i % authors}", f"w{i}", **{"sketch": (i,), **more}) for i in range(posts)]


NOON = MONDAY + 3 * DAY + 12 * HOUR
HISTORY = trickle(MONDAY, NOON + HOUR)


def codes(finding: Finding) -> set[str]:
    return {reason.code for reason in finding.reasons}


def test_an_ordinary_page_is_silent() -> None:
    """Three days of a trickle give no finding."""
    assert run(HISTORY) == []


def test_an_organic_wave_is_news_and_no_more() -> None:
    """Two hundred old accounts, each in its own words: info, with the figures of what was checked."""
    (finding,) = closed(HISTORY + wave(NOON, 200, 200, author_created_at=OLD))
    assert finding.severity == "info"
    assert finding.subject.id == "page"
    assert finding.posts.count >= 200
    assert len(finding.posts.ids) == 100
    assert finding.observed > 20 * finding.expected
    held = {reason.code: reason.values["holds"] for reason in finding.ruled_out}
    assert held["many_distinct_accounts"] is True
    assert held["established_accounts"] is True
    assert held["known_rhythm"] is False
    organic = next(reason.values for reason in finding.reasons if reason.code == "organic_share")
    assert organic["low"] > 0.95
    assert organic["low"] <= organic["share"] <= organic["high"]


def test_a_wave_by_few_accounts_is_a_warning() -> None:
    """A hundred posts by four accounts."""
    (finding,) = closed(HISTORY + wave(NOON, 100, 4))
    assert finding.severity == "warning"
    assert "few_accounts" in codes(finding)


def test_the_same_posts_as_replies_are_a_conversation() -> None:
    """Four people who answer each other raise nothing, and the finding says why."""
    (finding,) = closed(HISTORY + wave(NOON, 100, 4, is_reply=True))
    assert finding.severity == "info"
    assert next(r.values["holds"] for r in finding.ruled_out if r.code == "conversation") is True


def test_copies_by_new_accounts_are_an_error() -> None:
    """One text from two hundred accounts of last week."""
    rows = wave(NOON, 200, 200, sketch=(7, 8), author_created_at=NOON - 5 * DAY)
    (finding,) = closed(HISTORY + rows)
    assert finding.severity == "error"
    assert {"copies", "new_accounts"} <= codes(finding)
    organic = next(reason.values for reason in finding.reasons if reason.code == "organic_share")
    assert organic["high"] < 0.2


def test_native_reposts_are_no_copies() -> None:
    """The same text passed on by the platform's own button is not copy-paste."""
    (finding,) = closed(HISTORY + wave(NOON, 200, 200, sketch=(7, 8), is_repost=True, author_created_at=OLD))
    assert finding.severity == "info"
    assert next(r.values["holds"] for r in finding.ruled_out if r.code == "native_reposts") is True


def test_a_burst_is_told_while_it_happens() -> None:
    """The first word comes within the first minute and a half of a wave of one post a second."""
    rows = [post(NOON + i * SECOND, f"w{i}", f"w{i}") for i in range(240)]
    bursts = detector()
    bursts.add(HISTORY[: sum(row.at < NOON for row in HISTORY)])
    bursts.advance(tick(NOON - 1))
    said: list[Finding] = []
    sent = 0
    while not said:
        bursts.add([rows[sent]])
        said = bursts.advance(tick(rows[sent].at))
        sent += 1
    assert sent < 90
    assert not said[0].closed
    later = run(rows[sent:], bursts)
    assert {finding.alert_id for finding in later} == {said[0].alert_id}
    assert len(later) < 15


def test_one_alert_for_waves_close_together_and_two_for_waves_apart() -> None:
    """Waves twenty minutes apart are one episode; two hours apart they are two."""
    near = closed(HISTORY + wave(NOON - 2 * HOUR, 100, 100) + wave(NOON - 2 * HOUR + 20 * MINUTE, 100, 100))
    apart = closed(HISTORY + wave(NOON - 2 * HOUR, 100, 100) + wave(NOON, 100, 100))
    assert len(near) == 1
    assert len(apart) == 2


def test_the_first_hour_is_not_judged_and_the_first_day_with_caution() -> None:
    """A target never seen before is not judged; hours later a large wave is, with a caution."""
    assert run(wave(MONDAY, 300, 300)) == []
    begin = NOON - 5 * HOUR
    (finding,) = closed(trickle(begin, NOON) + wave(NOON, 300, 300))
    assert next(r.values["hours"] for r in finding.reasons if r.code == "history_short") == pytest.approx(
        5, abs=0.5
    )
    assert "known_rhythm" not in {reason.code for reason in finding.ruled_out}


def two_weeks(rhythm: Callable[[float], float], seed: int = 3) -> list[Finding]:
    """Closed findings of two weeks whose posts per five minutes scatter around `rhythm` of the hour."""
    rng, rows = random.Random(seed), list[Activity]()
    for bucket in range(14 * 288):
        at = MONDAY + bucket * 5 * MINUTE
        mean = rng.gammavariate(4, rhythm(at % DAY / HOUR) / 4)
        for _ in range(sum(rng.random() < mean / 200 for _ in range(200))):
            rows.append(post(at + rng.randrange(5 * MINUTE), f"r{rng.randrange(5000)}", f"n{len(rows)}"))
    rows.sort(key=lambda row: row.at)
    bursts, said = detector(), list[Finding]()
    for first in range(0, len(rows), 500):
        bursts.add(rows[first : first + 500])
        said += bursts.advance(tick(rows[: first + 500][-1].at))
    return [finding for finding in said + bursts.advance(tick(END)) if finding.closed]


def test_a_strong_daily_rhythm_is_no_alarm() -> None:
    """Two weeks in which the evening has twenty-five times the posts of the night give no finding."""
    assert two_weeks(lambda hour: 1 + 24 * max(0.0, sin((hour - 6) / 18 * pi))) == []


def test_a_daily_peak_is_news_for_two_days_at_most() -> None:
    """A page with twenty times its level from eight to nine each morning: known from the third day on."""
    found = two_weeks(lambda hour: 60 if 8 <= hour < 9 else 3)
    assert found
    assert all(finding.first_seen < MONDAY + 2 * DAY for finding in found)


def test_posts_without_a_target_are_left_out() -> None:
    """They have no page whose volume could be unusual."""
    bursts = detector()
    bursts.add([Activity("p", "", NOON + i, f"a{i}", f"{i}") for i in range(500)])
    assert len(bursts) == 0


def test_a_bucket_length_that_does_not_divide_the_hour_is_refused() -> None:
    """The value is named."""
    with pytest.raises(ValueError, match="bucket_minutes is 7"):
        TargetBursts(BurstParameters(bucket_minutes=7), LATENESS)


def test_copies_need_three_accounts() -> None:
    """A text of two accounts is no copy; the third makes all of its posts copies, whatever the order."""
    rows = [post(NOON + i, f"a{i % 2}", f"{i}", sketch=(1, 100 + i)) for i in range(8)]
    tally = Tally(BurstParameters())
    tally.add(rows)
    assert tally.makeup().copies == 0
    other = Tally(BurstParameters())
    other.add([post(NOON, "third", "x", sketch=(1,)), post(NOON, "fourth", "y", sketch=(2,))])
    tally.absorb(other)
    assert tally.makeup().copies == pytest.approx(9 / 10)


def test_an_alert_is_as_new_as_the_series_says() -> None:
    """The novelty of a closed alert is the highest score of its intervals in the series of counts by itself."""
    rng, width, counts, rows = random.Random(4), 5 * MINUTE, list[int](), list[Activity]()
    for bucket in range(5 * 288):
        counts.append(rng.choice([150, 60, 90]) if 1300 <= bucket < 1303 else rng.randrange(3, 12))
        for i in range(counts[-1]):
            at = MONDAY + bucket * width + i * SECOND
            rows.append(post(at, f"a{rng.randrange(3000)}", f"{bucket}.{i}"))
    (finding,) = closed(rows)
    one = OneSeries(width)
    scores = [one.score(MONDAY + bucket * width, count) for bucket, count in enumerate(counts)]
    first, last = (finding.start - MONDAY) // width, (finding.end - MONDAY) // width
    volume = next(reason.values for reason in finding.reasons if reason.code == "volume_above_baseline")
    assert volume["novelty"] == pytest.approx(max(scores[first : last + 1]), abs=1e-4)
    assert volume["novelty"] > 0.9


def test_wilson_interval() -> None:
    """The textbook's figures: 8 of 10 lies between 0.49 and 0.94; nothing known lies between 0 and 1."""
    assert wilson(8, 10) == pytest.approx((0.490, 0.943), abs=0.001)
    assert wilson(0, 0) == (0.0, 1.0)


def test_the_summary_says_what_was_found_and_what_was_checked() -> None:
    """French and English, with the figures, « compatible avec », and the checks."""
    (finding,) = closed(HISTORY + wave(NOON, 200, 200, sketch=(7, 8), author_created_at=NOON - 5 * DAY))
    text = summary(finding)
    assert "Compatible avec une mise en scène" in text.fr
    assert "Vérifié" in text.fr
    assert "Consistent with staging" in text.en
    assert f"{finding.posts.count} posts by {finding.accounts.count} accounts" in text.en
    (organic,) = closed(HISTORY + wave(NOON, 200, 200))
    assert "emballement spontané" in summary(organic).fr


@pytest.mark.shared
def test_ordinary_people_are_not_warned_about() -> None:
    """Real pages (over 100,000 posts): at most one warning in all of them, and no error."""
    severities: list[str] = []
    for file in sorted(recorded("background").glob("*.jsonl.gz")):
        rows: list[Activity] = []
        for line in gzip.decompress(file.read_bytes()).splitlines():
            data = orjson.loads(line)
            rows.append(
                Activity(
                    data["platform"],
                    data.get("target") or "",
                    parse_time(data["created_at"]),
                    data["author_id"],
                    data["id"],
                    sketch=(hash(data["text"]),) if len(data["text"]) > 30 else (),
                )
            )
        rows.sort(key=lambda row: (row.at, row.post_id))
        bursts, said = detector(), []
        for first in range(0, len(rows), 500):
            bursts.add(rows[first : first + 500])
            said += bursts.advance(tick(rows[: first + 500][-1].at))
        said += bursts.advance(tick(END))
        severities += [finding.severity for finding in said if finding.closed]
    assert severities.count("warning") <= 1
    assert "error" not in severities

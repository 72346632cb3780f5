"""Inhuman pace: machines, tickers and people, and how it is told."""

from __future__ import annotations

import gzip
import random

import orjson
import pytest

from pipeline.detect.activity import Activity, declared_bot
from pipeline.detect.clock import END, Tick
from pipeline.detect.finding import Finding
from pipeline.detect.parameters_volume import AuthorParameters
from pipeline.explain.authors import summary
from schemas.records import Post
from schemas.times import DAY, HOUR, MINUTE, SECOND, parse_time
from tests.author_watch import AuthorWatch
from tests.recorded import recorded

LATENESS = 5 * MINUTE
MONDAY = 1_600_041_600_000_000


def tick(progress: int) -> Tick:
    return Tick(END, END) if progress >= END else Tick(progress, max(0, progress - LATENESS))


def run(rows: list[Activity]) -> list[Finding]:
    """All that is said about the posts."""
    watch, said = AuthorWatch(AuthorParameters(), LATENESS), list[Finding]()
    rows = sorted(rows, key=lambda row: (row.at, row.post_id))
    for first in range(0, len(rows), 50):
        watch.add(rows[first : first + 50])
        said += watch.advance(tick(rows[: first + 50][-1].at))
    return said + watch.advance(tick(END))


def closed(rows: list[Activity]) -> list[Finding]:
    return [finding for finding in run(rows) if finding.closed]


def posts(times: list[int], author: str = "a", **more: object) -> list[Activity]:
    return [Activity("p", author, at, author, f"{author}{i}", **more) for i, at in enumerate(times)]  # type: ignore[arg-type]


def clockwork(step: int, hours: int, jitter: int = 20 * SECOND) -> list[int]:
    """Times `step` apart, a little uneven."""
    rng = random.Random(5)
    return [MONDAY + at + rng.randrange(jitter) for at in range(0, hours * HOUR, step)]


def codes(finding: Finding) -> set[str]:
    return {reason.code for reason in finding.reasons}


def held(finding: Finding) -> set[str]:
    return {reason.code for reason in finding.ruled_out if reason.values["holds"]}


def live(seed: int, evening: int = 0) -> list[int]:
    """Somebody who comments a match: fits of posts and pauses, two hours of an evening."""
    rng = random.Random(seed)
    at, end, times = MONDAY + evening * DAY + 19 * HOUR, MONDAY + evening * DAY + 21 * HOUR, []
    while at < end:
        at += rng.choice([5, 8, 15, 30, 60, 90, 240]) * SECOND
        times.append(at)
    return times


def test_a_machine_that_never_sleeps_is_a_warning() -> None:
    """A post every twenty minutes, day and night, for two days."""
    (finding,) = closed(posts(clockwork(20 * MINUTE, 48)))
    assert finding.severity == "warning"
    assert {"regular_spacing", "sleepless"} <= codes(finding)
    assert finding.posts.count == 144
    assert len(finding.posts.ids) == 100
    assert finding.accounts.ids == ("a",)


def test_a_fast_machine_that_never_sleeps_is_an_error() -> None:
    """A post a minute for a day."""
    (finding,) = closed(posts(clockwork(MINUTE, 24)))
    assert finding.severity == "error"
    assert {"pace", "regular_spacing", "sleepless"} <= codes(finding)


def test_a_schedule_is_seen_through_its_minutes() -> None:
    """Three posts at each hour's 00, 01 and 30 are uneven in spacing, yet they follow a clock."""
    times = [MONDAY + hour * HOUR + minute * MINUTE for hour in range(40) for minute in (0, 1, 30)]
    (finding,) = closed(posts(times))
    spacing = next(reason.values for reason in finding.reasons if reason.code == "regular_spacing")
    assert finding.severity == "warning"
    assert spacing["cv"] > 0.5
    assert spacing["clock_lock"] > 0.9


def test_a_news_ticker_is_not_warned_about() -> None:
    """The same machine, all of whose links lead to one site."""
    (finding,) = closed(posts(clockwork(20 * MINUTE, 48), domain="news.example"))
    assert finding.severity == "info"
    assert "news_ticker" in held(finding)


def test_a_shortener_is_no_news_site() -> None:
    """Links through a shortener do not show where they lead."""
    (finding,) = closed(posts(clockwork(20 * MINUTE, 48), domain="bit.ly"))
    assert finding.severity == "warning"


@pytest.mark.parametrize("seed", range(8))
def test_somebody_who_comments_a_match_is_not_warned_about(seed: int) -> None:
    """Pace alone is information: irregular, and over within an evening."""
    found = closed(posts(live(seed)))
    assert {finding.severity for finding in found} == {"info"}
    assert all("live_commentary" in held(finding) for finding in found)


def test_a_habit_is_learned() -> None:
    """Who comments a match every evening is told the first time only."""
    found = closed(posts([at for evening in range(10) for at in live(1, evening)]))
    assert [finding.first_seen // DAY for finding in found] == [MONDAY // DAY]


def test_a_busy_person_who_sleeps_is_not_told() -> None:
    """A hundred posts a day at random between eight and midnight, for a week."""
    rng = random.Random(2)
    times = [MONDAY + day * DAY + rng.randrange(8 * HOUR, 24 * HOUR) for day in range(7) for _ in range(100)]
    assert run(posts(times)) == []


def test_sleepless_without_regularity_is_not_told() -> None:
    """An account that several people share posts round the clock, at random."""
    rng = random.Random(2)
    assert run(posts([MONDAY + rng.randrange(4 * DAY) for _ in range(600)])) == []


def test_pace_is_told_before_the_hour_is_over() -> None:
    """Thirty posts within five minutes, at a quarter past: told with the thirtieth post."""
    pace = AuthorWatch(AuthorParameters(), LATENESS)
    rows = posts([MONDAY + 15 * MINUTE + i * 10 * SECOND for i in range(30)])
    for row in rows[:-1]:
        pace.add([row])
        assert pace.advance(tick(row.at)) == []
    pace.add(rows[-1:])
    (finding,) = pace.advance(tick(rows[-1].at))
    assert finding.severity == "info"
    assert not finding.closed
    assert finding.posts.count == 30


def test_what_no_hand_makes_is_a_warning_unless_a_button_made_it() -> None:
    """Three hundred posts within an hour in fits; as native reposts they are information."""
    times = [MONDAY + fit * 20 * MINUTE + i * SECOND for fit in range(3) for i in range(100)]
    (finding,) = closed(posts(times))
    assert finding.severity == "warning"
    (finding,) = closed(posts(times, is_repost=True))
    assert finding.severity == "info"
    assert "native_reposts" in held(finding)


def test_an_alert_that_goes_on_is_told_seldom() -> None:
    """A month of a machine makes one alert, said a few dozen times."""
    said = run(posts(clockwork(20 * MINUTE, 30 * 24)))
    assert len({finding.alert_id for finding in said}) == 1
    assert len(said) < 40


def test_the_summary_says_what_was_found_and_what_was_checked() -> None:
    """French and English, with the figures, « compatible avec », and the explanations."""
    (machine,) = closed(posts(clockwork(20 * MINUTE, 48)))
    text = summary(machine)
    assert "Compatible avec une publication automatique" in text.fr
    assert "non retenues" in text.fr
    assert "144 posts" in text.en
    assert "no night’s sleep (active in 48 of 48 hours)" in text.en
    (person,) = closed(posts(live(1)))
    assert "commentaire d’un événement en direct" in summary(person).fr
    assert "somebody following an event live" in summary(person).en


@pytest.mark.shared
def test_ordinary_people_are_not_warned_about() -> None:
    """Over 100,000 recorded posts by real people: no warning, no error."""
    for file in sorted(recorded("background").glob("*.jsonl.gz")):
        rows = []
        for line in gzip.decompress(file.read_bytes()).splitlines():
            data = orjson.loads(line)
            author = data["author_id"]
            rows.append(
                Activity(data["platform"], author, parse_time(data["created_at"]), author, data["id"])
            )
        assert {finding.severity for finding in run(rows)} <= {"info"}


@pytest.mark.parametrize(
    ("name", "extra", "declared"),
    [
        ("Weather Bot", None, True),
        ("meteo_bot", None, True),
        ("NewsBot", None, True),
        ("\N{ROBOT FACE} quotes", None, True),
        ("Claire Talbot", None, False),
        ("BOTTLE SHOP", None, False),
        ("Abbot", None, False),
        (None, None, False),
        ("Claire", {"bot": True}, True),
        ("Claire", {"bot": "no"}, False),
    ],
)
def test_who_declares_to_be_a_bot(name: str | None, extra: dict[str, object] | None, declared: bool) -> None:
    """The platform's flag or the name says it; names that merely hold the letters do not."""
    post = Post("1", "p", "a", MONDAY, "salut", author_name=name, extra=extra)
    assert declared_bot(post) is declared


def test_a_declared_bot_is_info() -> None:
    """The same clockwork is an error for an account that hides what it is, and info for one that says it."""
    times = clockwork(90 * SECOND, 26)
    (hidden,) = closed(posts(times))
    (declared,) = closed(posts(times, is_bot=True))
    assert hidden.severity == "error"
    assert declared.severity == "info"
    assert declared.score < hidden.score
    assert "declared_bot" in held(declared)
    assert "declared_bot" not in held(hidden)
    text = summary(declared)
    assert "automate déclaré" in text.fr
    assert "a declared bot" in text.en

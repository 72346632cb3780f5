"""What explains a rise of fans: posts and fan records meet, in whatever order, and the last word is a backtest's."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.connect.items import Item
from pipeline.detect.activity import Activity
from pipeline.detect.clock import FINAL, Tick
from pipeline.detect.fan_causes import FanCauses
from pipeline.detect.fan_verdict import attributed
from pipeline.detect.finding import Evidence, Finding, members, reason
from pipeline.detect.page_posts import PANE, PagePost, PagePosts
from pipeline.detect.parameters import Parameters
from pipeline.detect.parameters_causes import CauseParameters
from pipeline.scenario.generate import START
from pipeline.text.giveaways import is_giveaway
from pipeline.text.normalise import normalise
from schemas.alerts import Alert, Detector, Members, Subject
from schemas.records import Follow, Post, Record, event_time
from schemas.times import DAY, HOUR, MINUTE, Micros
from tests.property.core_drive import alerts_of, backtested, items, lived
from tests.reason_codes import named_posts

PAGE = "gourmelis"
RISE = START + 12 * DAY + 18 * HOUR


def fans(rng: random.Random, bought: bool) -> list[Follow]:
    """Twelve ordinary days, then four hundred fans within hours, ever fewer: as varied as ever, or empty and made
    together."""
    made: list[Follow] = []

    def come(at: Micros, empty: bool) -> None:
        born = START - 20 * DAY if empty else START - rng.randrange(3000) * DAY
        name, posts = f"n{len(made)}", 0 if empty else 50 + rng.randrange(900)
        made.append(
            Follow(
                platform="x",
                page_id=PAGE,
                actor_id=f"f{len(made)}",
                at=at,
                action="follow",
                actor_created_at=born,
                actor_name=name,
                actor_followers=posts,
                actor_posts=posts,
            )
        )

    for hour in range(13 * 24):
        for _ in range(rng.randrange(4)):
            come(START + hour * HOUR + rng.randrange(HOUR), False)
    for _ in range(400):
        come(RISE + min(9 * HOUR, round(rng.expovariate(1 / (1.5 * HOUR)))), bought)
    return made


def posts(rng: random.Random, text: str | None, answers: int, by: str) -> list[Post]:
    """Ordinary posts on the page, and one an hour before the rise, with so many answers."""
    made = [
        Post(f"p{n}", "x", f"a{n % 30}", START + n * 5 * HOUR, f"un mot du jour numero {n}", target=PAGE)
        for n in range(13 * 5)
    ]
    if text is not None:
        made.append(Post("call", "x", by, RISE - HOUR, text, target=PAGE))
        for n in range(answers):
            at = RISE - HOUR + 1 + rng.randrange(5 * HOUR)
            made.append(Post(f"r{n}", "x", f"b{n}", at, f"moi {n}", target=PAGE, reply_to="call"))
    return made


def stream(
    seed: int, text: str | None, answers: int = 15, by: str = PAGE, bought: bool = False
) -> list[Item]:
    """All of it in order of time."""
    rng = random.Random(seed)
    records: list[Record] = [*fans(rng, bought), *posts(rng, text, answers, by)]
    return items(sorted(records, key=event_time))


def rise(streams: Sequence[Sequence[Item]]) -> Alert:
    """The one rise that a backtest finds."""
    found = [one for one in backtested(streams, Parameters(), 500).alerts.values() if one.kind == "fan_spike"]
    (alert,) = found
    return alert


CALL = "Jeu concours ! Abonnez-vous et partagez pour gagner un robot"
NEWS = "Notre nouvelle boutique ouvre demain place du marché"
CASES = {
    "a prize draw": (stream(1, CALL), "giveaway", ["giveaway_post"], ("call",)),
    "one that nobody answers": (stream(2, CALL, 0), "giveaway", ["giveaway_post"], ("call",)),
    "somebody else's draw": (stream(3, CALL, 15, "stranger"), "viral", ["answered_post"], ("call",)),
    "news": (stream(4, NEWS), "viral", ["answered_post"], ("call",)),
    "news that few answer": (stream(5, NEWS, 9), "unknown", [], ()),
    "nothing": (stream(6, None), "unknown", [], ()),
    "bought behind a draw": (stream(7, CALL, bought=True), "bought", ["giveaway_post"], ("call",)),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_named(name: str) -> None:
    """The page's own draw, or the post that many answered, is named; who came still decides first."""
    records, word, codes, ids = CASES[name]
    alert = rise([records])
    said = {one.code: one.values for one in alert.reasons}
    assert [code for code in ("giveaway_post", "answered_post", "burst_meanwhile") if code in said] == codes
    assert named_posts(alert.reasons) == set(ids)
    assert alert.posts == Members(0)  # its rows are fans, not posts
    assert said["attribution"] == {"cause": word}
    assert alert.severity == ("warning" if word == "bought" else "info") or alert.severity == "error"
    for code in codes:
        assert said[code]["post_ids"] == ["call"]
        assert "call" in alert.summary.fr
        assert "call" in alert.summary.en
    if word == "giveaway":
        assert "jeu-concours" in alert.summary.fr


@pytest.mark.parametrize("seed", range(12))
def test_live_says_what_a_backtest_says(seed: int) -> None:
    """However partitions, fans and posts run ahead of each other; with a second stream behind the first."""
    rng = random.Random(seed)
    name = rng.choice(list(CASES))
    other = rng.choice(list(CASES))
    streams = [CASES[name][0]] if seed % 3 else [CASES[name][0], CASES[other][0]]
    expected = backtested(streams, Parameters(), 300)
    live = lived(
        streams, Parameters(), rng.randint(1, 4), rng.randint(1, 3), seed, rng.choice((20, 400, 5000))
    )
    assert alerts_of(live) == alerts_of(expected)
    assert all(alert.status == "closed" for alert in live.alerts.values())


# The meeting place by itself: any order of the two streams.


def finding(name: str, page: str, start: Micros, kind: str = "fan_spike", closed: bool = True) -> Finding:
    """A rise, or a burst, of some hours."""
    return Finding(
        alert_id=name,
        kind="burst" if kind == "burst" else "fan_spike",
        severity="info",
        score=0.5,
        subject=Subject("x", page),
        first_seen=start,
        last_seen=start + 5 * HOUR,
        start=start,
        end=start + 5 * HOUR,
        accounts=members(["f"]),
        posts=members(["b"] * 7 if kind == "burst" else []),
        observed=1.0,
        expected=0.0,
        reasons=(reason("growth_above_baseline", observed=1), reason("varied_accounts")),
        ruled_out=(),
        evidence=Evidence("follows", {}, start, start),
        detector=Detector("d", "1", {}),
        closed=closed,
    )


TOLD = st.builds(
    PagePost,
    st.just("x"),
    st.sampled_from(["p", "q"]),
    st.sampled_from(["1", "2", "3", "4", "5"]),
    st.integers(0, 12).map(lambda day: START + day * DAY),
    st.booleans(),
    st.booleans(),
    st.sampled_from([0, 10, 11, 40]),
)
BURSTS = st.tuples(st.sampled_from(["p", "q"]), st.integers(0, 12)).map(
    lambda one: finding(f"burst-{one[0]}{one[1]}", one[0], START + one[1] * DAY, "burst")
)
RISES = st.tuples(st.sampled_from(["p", "q"]), st.integers(0, 12)).map(
    lambda one: finding(f"rise-{one[0]}{one[1]}", one[0], START + one[1] * DAY)
)


def last_words(
    told: Sequence[PagePost], bursts: Sequence[Finding], rises: Sequence[Finding], order: random.Random
) -> dict[str, Finding]:
    """What stands in the end, where the two streams are interleaved somehow."""
    causes = FanCauses(CauseParameters(), 8 * DAY)
    said: dict[str, Finding] = {}
    news: list[PagePost | Finding] = [*told, *bursts]
    order.shuffle(news)
    waiting = list(rises)
    order.shuffle(waiting)
    steps = ["post"] * (len(news) + 1) + ["fan"] * len(waiting)
    order.shuffle(steps)
    for step in steps:
        found: list[Finding] = []
        if step == "fan":
            early = waiting.pop()
            found += causes.hear(finding(early.alert_id, early.subject.id, early.start, closed=False))
            found += causes.hear(early)
        elif news:
            one = news.pop()
            posts_now = [one] if isinstance(one, PagePost) else []
            found += causes.posts(posts_now, [one] if isinstance(one, Finding) else [], Tick(START, START))
        else:
            found += causes.posts([], [], FINAL)
        said.update((one.alert_id, attributed(one)) for one in found)
    return said


@settings(max_examples=150, deadline=None)
@given(
    st.lists(TOLD, max_size=8, unique_by=lambda one: (one.page, one.post, one.at)),
    st.lists(BURSTS, max_size=4, unique_by=lambda one: one.alert_id),
    st.lists(RISES, min_size=1, max_size=4, unique_by=lambda one: one.alert_id),
    st.integers(0, 2**32),
    st.integers(0, 2**32),
)
def test_the_last_word_does_not_depend_on_the_order(
    told: list[PagePost], bursts: list[Finding], rises: list[Finding], one: int, other: int
) -> None:
    """All are closed in the end, and name exactly what lies in the three days before or in the rise."""
    first = last_words(told, bursts, rises, random.Random(one))
    assert first == last_words(told, bursts, rises, random.Random(other))
    assert set(first) == {rise.alert_id for rise in rises}
    for spike in rises:
        last = first[spike.alert_id]
        assert last.closed
        near = [
            post
            for post in told
            if post.page == spike.subject.id and spike.start - 3 * DAY <= post.at <= spike.end
        ]
        draws = [post for post in near if post.own and post.giveaway]
        answered = [post for post in near if post not in draws and post.responses >= 10]
        said = {one.code: one.values for one in last.reasons}
        assert ("giveaway_post" in said, "answered_post" in said) == (bool(draws), bool(answered))
        if answered:
            assert said["answered_post"]["responses"] == max(post.responses for post in answered)
        meanwhile = {
            burst.alert_id
            for burst in bursts
            if burst.subject.id == spike.subject.id and spike.start - 3 * DAY <= burst.first_seen <= spike.end
        }
        assert set(said.get("burst_meanwhile", {"alerts": []})["alerts"]) == set(sorted(meanwhile)[:3])


def test_without_any_post_nothing_waits() -> None:
    """An installation that watches fans alone tells a rise for good at once; posts that come later are told again."""
    causes = FanCauses(CauseParameters(), 8 * DAY)
    spike = finding("rise", "p", START + 20 * DAY)
    (told,) = causes.hear(spike)
    assert told == spike
    post = PagePost("x", "p", "1", spike.start, True, True, 0)
    (again,) = causes.posts([post], [], Tick(spike.start, spike.start))
    assert (again.closed, named_posts(again.reasons)) == (True, {"1"})


def test_while_posts_lag_a_rise_stays_open() -> None:
    """As long as a post that explains it may come, the last word is not spoken; then it is, whether one came or not."""
    causes = FanCauses(CauseParameters(), 8 * DAY)
    spike = finding("rise", "p", START + 20 * DAY)
    assert causes.posts([], [], Tick(START, START)) == []
    (told,) = causes.hear(spike)
    assert not told.closed
    assert causes.posts([], [], Tick(spike.end + DAY, spike.end + DAY)) == []
    late = spike.end + 40 * DAY
    (last,) = causes.posts([], [], Tick(late, late))
    assert last == spike


def activity(name: str, at: Micros, author: str, towards: str = "", giveaway: bool = False) -> Activity:
    """A post on the page."""
    return Activity("x", "p", at, author, name, towards=towards, giveaway=giveaway)


@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["1", "2", "p1"])), max_size=40), st.integers(1, 6)
)
def test_answers_are_counted_within_their_time(rows: list[tuple[int, str]], least: int) -> None:
    """As by counting by hand: from the first answer on, so many hours; then anew."""
    window = 3 * HOUR
    told, seen = PagePosts(CauseParameters(responses=least, window_hours=3)), list[PagePost]()
    answers = sorted((pane * PANE, n, what) for n, (pane, what) in enumerate(rows))
    for pane in range(100):
        seen += told.take(pane)
        here = [activity(str(n), at, "a", what) for at, n, what in answers if at // PANE == pane]
        told.fold(("x", "p"), pane, here)
    assert not len(told)
    expected: list[tuple[str, Micros, int]] = []
    for what in {what for _, _, what in answers}:
        start, count = -1, 0
        for at, _, other in answers:
            if other != what:
                continue
            if start < 0 or at >= start + window:
                if count >= least:
                    expected.append((what, start, count))
                start, count = at, 0
            count += 1
        if count >= least:
            expected.append((what, start, count))
    assert sorted((post.post, post.at, post.responses) for post in seen) == sorted(expected)


def test_only_the_pages_own_draw_is_told_unanswered() -> None:
    """A stranger's draw needs answers; the page's own answers to its posts are no attention."""
    told = PagePosts(CauseParameters(responses=2))
    rows = [
        activity("own", 1, "p", giveaway=True),
        activity("plain", 2, "p"),
        *(activity(f"self{n}", 3 + n, "p", "plain") for n in range(5)),
        activity("other", 9, "stranger"),
    ]
    told.fold(("x", "p"), 0, rows)
    assert [(post.post, post.own, post.giveaway) for post in told.take(10**6)] == [("own", True, True)]


@pytest.mark.parametrize(
    ("text", "draw"),
    [
        ("#CONCOURS RT + follow @x pour gagner un robot !", True),
        ("Jeu-concours : trois paniers", True),
        ("À GAGNER : 3 paniers. Likez la page !", True),
        ("Share and WIN a bike", True),
        ("GIVEAWAY time", True),
        ("¡Sorteo! Sigue la cuenta", True),
        ("Wir verlosen zwei Karten", True),
        ("プレゼント企画 開催中", True),
        ("抽奖活动", True),
        ("Le concours hippique de dimanche", False),
        ("On a gagné le match", False),
        ("Abonnez-vous à notre lettre", False),
        ("Windows is winding down, follow the thread", False),
        ("", False),
    ],
)
def test_words_of_prize_draws(text: str, draw: bool) -> None:
    """A word that is sure, or a prize and something that is asked for."""
    assert is_giveaway(normalise(text)) == draw


def test_minutes_are_whole_panes() -> None:
    """The pane is that of the swarms, in which pages are folded."""
    from pipeline.detect import swarms

    assert PANE == swarms.PANE == 10 * MINUTE

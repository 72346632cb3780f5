"""What is planted is as it is described, for several seeds."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from rapidfuzz import fuzz

from pipeline.scenario import Planted, Scenario, generate
from pipeline.scenario.plants import INNOCENT, PLANTS
from pipeline.scenario.plants.own_campaign import LINK
from pipeline.scenario.speech import EMOJI, without_accents
from schemas.records import FanCount, Follow, Post
from schemas.times import DAY, HOUR, MINUTE, SECOND


class Case:
    """A scenario with look-ups."""

    def __init__(self, seed: int) -> None:
        self.scenario: Scenario = generate(seed, scale=0.1)
        self.truth = {planted.name: planted for planted in self.scenario.truth}
        self.posts = {r.id: r for r in self.scenario.records if isinstance(r, Post)}
        self.follows = [r for r in self.scenario.records if isinstance(r, Follow)]
        self.counts = [r for r in self.scenario.records if isinstance(r, FanCount)]

    def of(self, name: str) -> tuple[Planted, list[Post]]:
        planted = self.truth[name]
        return planted, [self.posts[post] for post in planted.posts]

    def usual(self, planted: Planted, hours: float) -> float:
        """Posts an hour on the planted page at the same time of the first day, and two hours around it."""
        day = (planted.start - self.scenario.start) // DAY
        low = planted.start - day * DAY - 2 * HOUR
        high = low + int((hours + 4) * HOUR)
        page = (planted.platform, planted.subject_id)
        mine = (p.created_at for p in self.posts.values() if (p.platform, p.target) == page)
        return sum(low <= at < high for at in mine) / (hours + 4)


@pytest.fixture(scope="module", params=[1, 2, 3, 4, 5])
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


def _core(text: str) -> str:
    words = [word for word in text.split() if not word.startswith(("http", "@", "#"))]
    plain = without_accents(" ".join(words)).lower()
    return " ".join("".join(c if c.isalnum() else " " for c in plain).split())


def test_truth_agrees_with_the_records(case: Case) -> None:
    """All plants are there; posts and accounts exist, in order, in the window, a day after the start."""
    assert len(case.truth) == len(PLANTS)
    for planted in case.scenario.truth:
        posts = [case.posts[post] for post in planted.posts]
        page = (planted.platform, planted.subject_id)
        actors = {f.actor_id for f in case.follows if (f.platform, f.page_id) == page}
        assert planted.start < planted.end
        assert planted.min_severity == ("warning" if planted.expected == "alert" else "info")
        assert len(set(planted.posts)) == len(planted.posts)
        assert len(set(planted.accounts)) == len(planted.accounts)
        if planted.kind == "fan_spike":
            assert set(planted.accounts) <= actors
        else:
            assert {post.author_id for post in posts} == set(planted.accounts)
            assert (posts[0].created_at, posts[-1].created_at) == (planted.start, planted.end)
        assert [post.created_at for post in posts] == sorted(post.created_at for post in posts)
        if planted.name != "fil_d_actualite":  # its pace is its habit, from the first day
            assert case.scenario.start + DAY <= planted.start
            assert planted.end <= case.scenario.end + HOUR
        assert planted.fr != planted.en


def test_copied_campaign(case: Case) -> None:
    """About thirty accounts, three to five posts each in two hours; all texts differ, their cores hardly."""
    planted, posts = case.of("campagne_copiee")
    each = Counter(post.author_id for post in posts)
    assert 27 <= len(each) <= 33
    assert set(each.values()) <= {3, 4, 5}
    assert planted.end - planted.start <= 2 * HOUR
    assert len({post.text for post in posts}) > 0.9 * len(posts)
    cores = [_core(post.text) for post in posts]
    assert min(fuzz.ratio(cores[0], core) for core in cores) >= 95
    assert len(cores[0]) >= 100
    tags = {post.author_id: post.hashtags for post in posts}
    assert len(set(tags.values())) == len(tags)  # each account its own
    links = [url for post in posts for url in post.urls]
    assert len(set(links)) == len(links) > len(posts) / 2
    assert any(post.mentions for post in posts)
    assert any(any(emoji in post.text for emoji in EMOJI) for post in posts)
    new = [
        a
        for a, p in {p.author_id: p for p in posts}.items()
        if (p.author_created_at or 0) > planted.start - 30 * DAY
    ]
    assert len(new) > len(each) / 3


def test_trickled_campaign(case: Case) -> None:
    """Twelve accounts, one post each, about twenty hours from first to last, one core."""
    planted, posts = case.of("campagne_au_compte_gouttes")
    assert len(posts) == len(planted.accounts) == 12
    assert 18 * HOUR < planted.end - planted.start < 22 * HOUR
    assert len({post.text for post in posts}) == 12
    assert min(fuzz.ratio(_core(posts[0].text), _core(post.text)) for post in posts) >= 95


def test_bought_fans(case: Case) -> None:
    """Three thousand follows in two hours by empty accounts of the same three weeks; the counter rises."""
    planted = case.truth["fans_achetes"]
    follows = [f for f in case.follows if f.actor_id in set(planted.accounts)]
    assert 2900 <= len(follows) == len(planted.accounts) <= 3100
    assert planted.end - planted.start <= 2 * HOUR
    born = [f.actor_created_at or 0 for f in follows]
    assert max(born) - min(born) <= 21 * DAY
    assert all(f.actor_posts == 0 and (f.actor_followers or 0) <= 3 for f in follows)
    series = [c for c in case.counts if c.page_id == planted.subject_id]
    before = max(c.followers for c in series if c.observed_at < planted.start)
    after = min(c.followers for c in series if c.observed_at > planted.end)
    assert 2800 < after - before < 3300


def test_televised_page(case: Case) -> None:
    """Comparable growth that decays, by accounts of all ages, and posts on the page at the same time."""
    planted, posts = case.of("passage_tele")
    follows = [f for f in case.follows if f.actor_id in set(planted.accounts)]
    assert 2800 < len(follows) < 4500
    hours = Counter((f.at - planted.start) // HOUR for f in follows)
    assert hours[0] > 2 * hours[3] > 2 * hours[7]
    born = sorted(f.actor_created_at or 0 for f in follows)
    assert born[len(born) * 3 // 4] - born[len(born) // 4] > 3 * 365 * DAY
    assert len({post.author_id for post in posts}) == len(posts) >= 10
    assert {post.target for post in posts} == {planted.subject_id}


def test_prize_draw(case: Case) -> None:
    """The page's own announcement, then answers and reposts of it, and fans of all ages who come ever more rarely."""
    planted, posts = case.of("tirage_au_sort")
    follows = [f for f in case.follows if f.actor_id in set(planted.accounts)]
    assert 600 < len(follows) < 1600
    hours = Counter((f.at - planted.start) // HOUR for f in follows)
    assert hours[0] > 2 * hours[4] > 2 * hours[9]
    born = sorted(f.actor_created_at or 0 for f in follows)
    assert born[len(born) * 3 // 4] - born[len(born) // 4] > 3 * 365 * DAY
    first, *others = sorted(posts, key=lambda post: post.created_at)
    assert first.author_id == planted.subject_id
    assert {post.repost_of or post.reply_to for post in others} == {first.id}
    assert len(others) >= 40


def test_bad_buzz(case: Case) -> None:
    """Far above the usual volume, decaying, by many mostly old accounts, with replies, without copies."""
    planted, posts = case.of("bad_buzz")
    hours = Counter((post.created_at - planted.start) // HOUR for post in posts)
    assert max(hours.values()) > 8 * case.usual(planted, 2)
    assert hours[1] > 2 * hours[8]
    assert len(planted.accounts) > 0.55 * len(posts)
    assert sum(planted.start - (p.author_created_at or 0) > 60 * DAY for p in posts) > 0.9 * len(posts)
    assert 0.2 < sum(post.reply_to is not None for post in posts) / len(posts) < 0.45
    assert _alike(posts) <= 2


def test_match_final(case: Case) -> None:
    """Four outbreaks within minutes, short texts."""
    planted, posts = case.of("finale")
    minutes = Counter((post.created_at - planted.start) // (5 * MINUTE) for post in posts)
    assert max(minutes.values()) * 12 > 20 * max(case.usual(planted, 2), 1.5)
    lengths = sorted(len(post.text) for post in posts)
    assert lengths[len(lengths) // 2] < 60
    assert all(planted.subject_id in post.text for post in posts)


def test_machine_account(case: Case) -> None:
    """One account, every minute give or take seconds, for eight hours and more, all texts different."""
    planted, posts = case.of("compte_machine")
    assert len(planted.accounts) == 1
    assert planted.end - planted.start >= 8 * HOUR
    gaps = [after.created_at - before.created_at for before, after in pairwise(posts)]
    assert all(54 * SECOND < gap < 66 * SECOND for gap in gaps)
    assert len(set(gaps)) > 100
    assert len({post.text for post in posts}) == len(posts)


def test_coordinated_burst(case: Case) -> None:
    """25 accounts of at most three weeks, several posts each, far above the usual volume, no copies."""
    planted, posts = case.of("raz_de_maree_coordonne")
    each = Counter(post.author_id for post in posts)
    assert len(each) == 25
    assert sum(each.values()) / 25 >= 4
    assert planted.end - planted.start <= 80 * MINUTE
    assert all(planted.start - (post.author_created_at or 0) < 25 * DAY for post in posts)
    assert len(posts) / (80 / 60) > 20 * case.usual(planted, 2)
    assert _alike(posts) <= 2


def test_innocents(case: Case) -> None:
    """Ticker, share button, wishes and giveaway are what their look-alikes are not."""
    ticker, posts = case.of("fil_d_actualite")
    assert len(ticker.accounts) == 1
    assert {post.author_name for post in posts} == {"Valombre Actu 24"}
    assert all(len(post.urls) == 1 for post in posts)
    assert len(posts) == 612
    assert _alike(posts[:150]) <= 3
    shared, posts = case.of("bouton_partager")
    assert len(shared.accounts) == 40
    assert len({(post.text, post.urls) for post in posts}) == 1
    wishes, posts = case.of("voeux")
    assert len(wishes.accounts) == 60
    assert len({_core(post.text) for post in posts}) == 1
    _, posts = case.of("jeu_concours")
    assert sum(post.is_repost for post in posts) == 120
    assert len(posts) == 151
    assert all("RT + follow" in post.text for post in posts)


def test_fake_fans_and_a_fan_club(case: Case) -> None:
    """One workshop: same weeks, no followers, as many posts each. The club: old and varied, a long tail."""
    fake, posts = case.of("faux_fans")
    each = Counter(post.author_id for post in posts)
    born = [post.author_created_at or 0 for post in posts]
    assert 22 <= len(each) <= 28
    assert set(each.values()) <= {6, 7, 8, 9}
    assert max(born) - min(born) <= 21 * DAY
    assert all((post.author_followers or 0) <= 5 for post in posts)
    assert fake.end - fake.start > DAY
    assert _alike(posts) <= 4
    _, posts = case.of("club_de_fans")
    each = Counter(post.author_id for post in posts)
    born = sorted(post.author_created_at or 0 for post in posts)
    assert len(each) == 40
    assert max(each.values()) >= 10
    assert born[len(born) * 3 // 4] - born[len(born) // 4] > 2 * 365 * DAY
    assert _alike(posts) <= 8


def test_pile_on_and_its_look_alikes(case: Case) -> None:
    """The pack never came before and praises the rival; customers and spectators are of all ages."""
    pack, posts = case.of("meute")
    page = (pack.platform, pack.subject_id)
    before = {
        p.author_id
        for p in case.posts.values()
        if (p.platform, p.target) == page and p.created_at < pack.start
    }
    praise = {p.author_id for p in case.posts.values() if p.target == "norelia" and p.created_at < pack.start}
    assert 32 <= len(pack.accounts) <= 40
    assert not before & set(pack.accounts)
    assert set(pack.accounts) <= praise
    assert pack.end - pack.start <= 2 * HOUR
    assert _alike(posts) <= 2
    for name in ("panne_et_clients", "page_a_la_tele"):
        twin, posts = case.of(name)
        born = sorted(post.author_created_at or 0 for post in posts)
        assert len(twin.accounts) >= 25
        assert born[len(born) * 3 // 4] - born[len(born) // 4] > 365 * DAY
    _, posts = case.of("panne_et_clients")
    assert 0.3 < sum(post.reply_to is not None for post in posts) / len(posts) < 0.7


@pytest.mark.parametrize("seed", [1, 2])
def test_further_look_alikes(seed: int) -> None:
    """Breaking news, a fandom, new year's wishes and a declared call are what they are described as."""
    names = ("breaking_news", "fandom", "holiday", "own_campaign")
    scenario = generate(seed, scale=0.1, plants={name: INNOCENT[name] for name in names})
    by_id = {r.id: r for r in scenario.records if isinstance(r, Post)}
    posts = {planted.name: [by_id[post] for post in planted.posts] for planted in scenario.truth}
    news = posts["panne_geante"]
    own = [post for post in news if not post.is_repost and not post.urls]
    assert 0.2 < 1 - len(own) / len(news) < 0.5
    assert _alike(own) <= 2
    fans = Counter(post.author_id for post in posts["communaute_de_fans"])
    new = {
        p.author_id
        for p in posts["communaute_de_fans"]
        if p.created_at - (p.author_created_at or 0) < 30 * DAY
    }
    assert max(fans.values()) >= 5
    assert 0.08 < len(new) / len(fans) < 0.3
    assert _alike(posts["communaute_de_fans"]) <= 2
    wishes = posts["nouvel_an"]
    assert len({post.author_id for post in wishes}) == len(wishes) >= 120
    assert sum(post.created_at - wishes[0].created_at <= HOUR for post in wishes) > len(wishes) / 3
    call = posts["campagne_declaree"]
    assert all(post.urls == (LINK,) for post in call)
    assert sum(post.created_at - call[0].created_at <= 8 * MINUTE for post in call) >= 30


def test_dirty_counters(case: Case) -> None:
    """One counter shows zero once, one stands still for a night and then agrees with its growth again."""
    zero = case.truth["compteur_a_zero"]
    series = [c.followers for c in case.counts if c.page_id == zero.subject_id]
    assert series.count(0) == 1
    assert all(abs(after - before) < 2000 for before, after in pairwise(n for n in series if n))
    frozen = case.truth["compteur_fige"]
    still = [
        c.followers
        for c in case.counts
        if c.page_id == frozen.subject_id and frozen.start <= c.observed_at < frozen.end - HOUR
    ]
    assert len(still) >= 7
    assert len(set(still)) == 1


def _alike(posts: list[Post]) -> int:
    """Pairs of long texts of which one could be a copy of the other."""
    texts = [core for post in posts if len(core := _core(post.text)) >= 40]
    return sum(fuzz.ratio(one, two, score_cutoff=85) > 0 for i, one in enumerate(texts) for two in texts[:i])

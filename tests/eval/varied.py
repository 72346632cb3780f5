"""Operations and look-alikes of varied strength: from ones that anybody would see to ones that nobody can tell apart.

Each world holds two of each kind of operation and two of each kind of look-alike, on pages and with accounts of their
own. What they are like is drawn at random, evenly on a logarithmic scale where it is a size. The look-alikes are hard on
purpose: slogans of fans, an association that declared nothing, a scheduled programme account, readers of one feed.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log
from random import Random

from pipeline.scenario.authors import Author, join_date, recruit
from pipeline.scenario.pages import Page
from pipeline.scenario.plants import Plant
from pipeline.scenario.plants.base import authors_of, camouflage, crowd, grown, young
from pipeline.scenario.plants.copying import disguise, own_hashtag
from pipeline.scenario.plants.news_ticker import article_url, headline
from pipeline.scenario.rhythm import poisson
from pipeline.scenario.speech import capital, grammar, speak
from pipeline.scenario.truth import Expected, Planted
from pipeline.scenario.world import World, decaying, moments
from schemas.alerts import AlertKind
from schemas.records import Post
from schemas.times import DAY, HOUR, MINUTE, SECOND, Micros

Made = tuple[str, list[Post]]
"""The subject's id, or "" where it is not one page; the posts."""

_ON_PAGES = ("transvia", "fibralto", "gourmelis", "velocea", "ville-de-valombre", "courrier-valombre", "norelia", "#meteo")


def _size(rng: Random, low: float, high: float) -> float:
    """Evenly on a logarithmic scale."""
    return exp(rng.uniform(log(low), log(high)))


def _begin(world: World, rng: Random) -> Micros:
    """Somewhere in the second day or the first half of the third."""
    return world.at(2, rng.uniform(0, 32))


def _text(rng: Random, sentences: int = 2) -> str:
    source = grammar("fr")
    return " ".join(capital(source.say("post", rng)).rstrip(".!") + "." for _ in range(sentences))[:230]


def _spread(start: Micros, span: Micros, count: int, rng: Random) -> list[Micros]:
    """Moments that begin together and thin out, as news does."""
    return sorted(start + min(int(rng.expovariate(3) * span), span) for _ in range(count))


# Copies. An operation disguises its copies; a look-alike passes on something that exists.


def copied(world: World, rng: Random, place: int) -> Made:
    core, size = _text(rng, rng.choice((1, 1, 2))), round(_size(rng, 3, 60))
    start, span = _begin(world, rng), round(_size(rng, 10 * MINUTE, 30 * HOUR))
    people = [
        young(world, "twitter", rng, (2, 21)) if rng.random() < 0.6 else grown(world, "twitter", rng)
        for _ in range(size)
    ]
    handles = [person.handle for person in people] + ["presse"]
    posts = []
    for person in people:
        camouflage(world, person, world.start + DAY, rng)
        for at in moments(start, start + span, rng.choice((1, 1, 2, 3)), rng):
            posts.append(world.say(person, at, disguise(core, person, own_hashtag(rng), handles, rng), rng))
    return "", posts


def passed_on(world: World, rng: Random, place: int) -> Made:
    """A wish, a headline with its link, a headline without, a slogan of fans, a call that nobody declared."""
    size, start = round(_size(rng, 3, 60)), _begin(world, rng)
    span = round(_size(rng, 30 * MINUTE, 30 * HOUR))
    people, title = crowd(world, "twitter", "fr", size, rng), headline(rng)
    link = article_url("courrier-valombre", rng)
    text = rng.choice(
        (
            "Bonne fête à toutes les mamans du monde",
            f"{title} {link}",
            f"{title} {link}",
            title,
            f"#NoréaEnTournée {_text(rng, 1)[:60]}",
            f"{_text(rng, 1)} https://association-{rng.randrange(100)}.example/appel",
        )
    )
    posts = []
    for person, at in zip(people, _spread(start, span, size, rng), strict=True):
        said = text.lower() if person.manner.lower else text
        posts.append(world.say(person, at, said + rng.choice(("", "", " !", " 👏", " ❤️", " à lire")), rng))
    return "", posts


# Bursts on a page.


def _wave(world: World, rng: Random, place: int, people: list[Author], copied_share: float, replies: float) -> Made:
    page = world.page("twitter", _ON_PAGES[place % len(_ON_PAGES)])
    start, hours = _begin(world, rng), _size(rng, 0.4, 5)
    rate = max(_size(rng, 8, 60) * world.rate(page, start), _size(rng, 150, 1500))
    source, zeal = grammar("fr", page.topic), [rng.lognormvariate(0, 0.7) for _ in people]
    slogans = [_text(rng, 1) for _ in range(3)]
    times = decaying(start, start + round(hours * HOUR), [(start, rate, round(hours * HOUR / 2))], rate / 8, rng)
    posts: list[Post] = []
    for at in times:
        author = rng.choices(people, zeal)[0]
        parent = rng.choice(posts[-15:]).id if posts and rng.random() < replies else None
        if rng.random() < copied_share:
            text = rng.choice(slogans)
        else:
            text = speak(source, "reply" if parent else "post", "fr", author.manner, rng)
        posts.append(world.say(author, at, text, rng, page, reply_to=parent))
    return page.id, posts


def flood(world: World, rng: Random, place: int) -> Made:
    """Few or young accounts, some copies, bystanders among them."""
    size, fresh = round(_size(rng, 4, 80)), rng.random()
    people = [
        young(world, "twitter", rng, (1, 25)) if rng.random() < fresh else grown(world, "twitter", rng)
        for _ in range(size)
    ]
    people += crowd(world, "twitter", "fr", round(size * rng.uniform(0, 1.5)), rng)
    return _wave(world, rng, place, people, rng.choice((0.0, rng.uniform(0, 0.7))), rng.uniform(0, 0.3))


def outcry(world: World, rng: Random, place: int) -> Made:
    """A crowd, sometimes a small one; some newcomers, some slogans, some talk."""
    size = round(_size(rng, 12, 300))
    fresh = 0.3 * rng.random() ** 2
    people = [
        young(world, "twitter", rng, (1, 25)) if rng.random() < fresh else person
        for person in crowd(world, "twitter", "fr", size, rng)
    ]
    return _wave(world, rng, place, people, 0.3 * rng.random() ** 2, rng.uniform(0.1, 0.7))


# The pace of an account.


def _paced(
    world: World, rng: Random, gap: float, jitter: float, hours: float, sites: int, start: Micros
) -> Made:
    """Posts about every `gap` seconds; `jitter` is the spread of the logarithm; links to so many sites."""
    author = recruit(rng, "twitter", "paris", world.start - int(rng.uniform(60, 2000) * DAY))
    source, posts, at = grammar("fr"), list[Post](), float(start)
    while at < start + hours * HOUR:
        text = speak(source, "post", "fr", author.manner, rng)
        if sites:
            text = f"{text[:180]} {article_url(f'site-{rng.randrange(sites)}', rng)}"
        posts.append(world.say(author, int(at), text, rng))
        at += gap * SECOND * exp(rng.gauss(0, jitter))
    return author.id, posts


def machine(world: World, rng: Random, place: int) -> Made:
    jitter = rng.choice((0.02, rng.uniform(0, 0.9)))
    return _paced(world, rng, _size(rng, 15, 900), jitter, _size(rng, 2, 26), 0, _begin(world, rng))


def busy_person(world: World, rng: Random, place: int) -> Made:
    """Somebody at a match, a newsroom, a shared account, a radio's programme that does not call itself a bot."""
    start, kind = _begin(world, rng), rng.randrange(4)
    if kind == 0:
        return _paced(world, rng, _size(rng, 20, 120), rng.uniform(0.7, 1.3), _size(rng, 1.5, 6), 0, start)
    if kind == 1:
        return _paced(world, rng, _size(rng, 60, 400), rng.uniform(0.4, 1.2), 16, 1, start)
    if kind == 2:
        return _paced(world, rng, _size(rng, 90, 600), rng.uniform(0.7, 1.3), 24, 0, start)
    return _paced(world, rng, _size(rng, 170, 260), 0.25, 24, rng.choice((0, 1, 6)), start)


# Fans.


def _fans(world: World, rng: Random, page: Page, times: list[Micros], actors: list[Author], said: list[int]) -> Made:
    for at, actor, posts in zip(times, actors, said, strict=True):
        world.follow(page, actor, at, posts)
    return page.id, []


def _tracked(world: World, place: int) -> Page:
    pages = [page for page in world.pages if page.tracked]
    return pages[place % len(pages)]


def bought(world: World, rng: Random, place: int) -> Made:
    page, start, size = _tracked(world, place), _begin(world, rng), round(_size(rng, 60, 4000))
    empty, batch = rng.uniform(0.05, 1), world.start - int(rng.uniform(20, 400) * DAY)
    width = _size(rng, 3, 900) * DAY
    times = moments(start, start + round(_size(rng, 0.3, 20) * HOUR), size, rng)
    actors = [
        recruit(rng, page.platform, "paris", min(world.start, batch - int(rng.random() * width)))
        for _ in times
    ]
    return _fans(
        world, rng, page, times, actors,
        [0 if rng.random() < empty else int(rng.lognormvariate(4, 1.6)) for _ in times],
    )  # fmt: skip


def broadcast(world: World, rng: Random, place: int) -> Made:
    """Fans after a broadcast, or because the platform recommends the page to those who have just joined."""
    page, start, size = _tracked(world, place), _begin(world, rng), round(_size(rng, 60, 4000))
    fresh = 0.5 * rng.random() ** 2
    times = _spread(start, round(_size(rng, 2, 20) * HOUR), size, rng)
    actors = [
        recruit(rng, page.platform, "paris", world.start - int(rng.random() * 20 * DAY))
        if rng.random() < fresh
        else recruit(rng, page.platform, "paris", join_date(page.platform, world.start, rng))
        for _ in times
    ]
    return _fans(world, rng, page, times, actors, [poisson(0.5 + rng.lognormvariate(2, 2), rng) for _ in times])


# Groups that share the same things.


def _ring(world: World, rng: Random, people: list[Author], links: list[str], gap: float, missing: float) -> Made:
    start, posts = _begin(world, rng), []
    for link in links:
        at = start + int(rng.random() * 14 * HOUR)
        for person in people:
            if rng.random() >= missing:
                moment = at + int(rng.random() * gap * SECOND)
                posts.append(world.say(person, moment, f"{_text(rng, 1)[:140]} {link}", rng))
    return "", posts


def ring(world: World, rng: Random, place: int) -> Made:
    people = [grown(world, "twitter", rng) for _ in range(round(_size(rng, 3, 25)))]
    links = [article_url(f"site-{rng.randrange(200)}", rng) for _ in range(round(_size(rng, 3, 30)))]
    return _ring(world, rng, people, links, _size(rng, 2, 200), rng.uniform(0, 0.6))


def readers(world: World, rng: Random, place: int) -> Made:
    """Outlets of one publisher, readers of one paper, or people whose tool posts what one feed brings."""
    people = crowd(world, "twitter", "fr", round(_size(rng, 3, 25)), rng)
    sites = rng.choice((1, 1, 2, 200))
    links = [article_url(f"journal-{rng.randrange(sites)}", rng) for _ in range(round(_size(rng, 3, 15)))]
    return _ring(world, rng, people, links, _size(rng, 10, 1000), rng.uniform(0.1, 0.7))


Maker = Callable[[World, Random, int], Made]

MAKERS: tuple[tuple[str, AlertKind, Expected, Maker], ...] = (
    ("copied", "copy_paste", "alert", copied),
    ("passed_on", "copy_paste", "no_warning", passed_on),
    ("flood", "burst", "alert", flood),
    ("outcry", "burst", "no_warning", outcry),
    ("machine", "author_burst", "alert", machine),
    ("busy_person", "author_burst", "no_warning", busy_person),
    ("bought", "fan_spike", "alert", bought),
    ("broadcast", "fan_spike", "no_warning", broadcast),
    ("ring", "coordinated_accounts", "alert", ring),
    ("readers", "coordinated_accounts", "no_warning", readers),
)
TIMES = 2
"""How often each stands in one world."""


def _plant(name: str, kind: AlertKind, expected: Expected, maker: Maker, place: int) -> Plant:
    def plant(world: World, rng: Random) -> Planted:
        before = len(world.follows)
        subject, posts = maker(world, rng, place)
        posts.sort(key=lambda post: (post.created_at, post.id))
        follows = world.follows[before:]
        times = [post.created_at for post in posts] + [follow.at for follow in follows]
        accounts = authors_of(posts) or tuple(follow.actor_id for follow in follows)
        platform = follows[0].platform if follows else "twitter"
        return Planted(
            name, kind, expected, "warning" if expected == "alert" else "info", platform, subject, accounts,
            tuple(post.id for post in posts), min(times), max(times), name, name,
        )  # fmt: skip

    return plant


def plants(seed: int) -> dict[str, Plant]:
    """What one world holds. No page has two waves or two rushes of fans."""
    rng = Random(seed)
    pages, tracked = rng.sample(range(len(_ON_PAGES)), 2 * TIMES), rng.sample(range(8), 2 * TIMES)
    out: dict[str, Plant] = {}
    for name, kind, expected, maker in MAKERS:
        for turn in range(TIMES):
            second = turn + TIMES * (expected == "no_warning")
            place = {"burst": pages, "fan_spike": tracked}.get(kind, pages)[second]
            out[f"{name}/{turn}"] = _plant(name, kind, expected, maker, place)
    return out

"""Posts of varied strength: copied campaigns and what people pass on, staged waves and outcries, machines and busy
people. One half of `tests.eval.varied`."""

from __future__ import annotations

from math import exp, log
from random import Random

from pipeline.scenario.authors import Author, recruit
from pipeline.scenario.plants.base import camouflage, crowd, grown, young
from pipeline.scenario.plants.copying import disguise, own_hashtag
from pipeline.scenario.plants.news_ticker import article_url, headline
from pipeline.scenario.speech import capital, grammar, speak
from pipeline.scenario.world import World, decaying, moments
from schemas.records import Post
from schemas.times import DAY, HOUR, MINUTE, SECOND, Micros

Made = tuple[str, list[Post]]
"""The subject's id, or "" where it is not one page; the posts."""

ON_PAGES = (
    "transvia",
    "fibralto",
    "gourmelis",
    "velocea",
    "ville-de-valombre",
    "courrier-valombre",
    "norelia",
    "#meteo",
)


def size_between(rng: Random, low: float, high: float) -> float:
    """Evenly on a logarithmic scale."""
    return exp(rng.uniform(log(low), log(high)))


def begin(world: World, rng: Random) -> Micros:
    """Somewhere in the second day or the first half of the third."""
    return world.at(2, rng.uniform(0, 32))


def text_of(rng: Random, sentences: int = 2) -> str:
    """Something to say, 230 characters at most."""
    source = grammar("fr")
    return " ".join(capital(source.say("post", rng)).rstrip(".!") + "." for _ in range(sentences))[:230]


def spread(start: Micros, span: Micros, count: int, rng: Random) -> list[Micros]:
    """Moments that begin together and thin out, as news does."""
    return sorted(start + min(int(rng.expovariate(3) * span), span) for _ in range(count))


# Copies. An operation disguises its copies; a look-alike passes on something that exists.


def copied(world: World, rng: Random, place: int) -> Made:
    """Three to sixty accounts in ten minutes to thirty hours, each copy disguised."""
    core, size = text_of(rng, rng.choice((1, 1, 2))), round(size_between(rng, 3, 60))
    start, span = begin(world, rng), round(size_between(rng, 10 * MINUTE, 30 * HOUR))
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
    size, start = round(size_between(rng, 3, 60)), begin(world, rng)
    span = round(size_between(rng, 30 * MINUTE, 30 * HOUR))
    people, title = crowd(world, "twitter", "fr", size, rng), headline(rng)
    link = article_url("courrier-valombre", rng)
    text = rng.choices(
        (
            "Bonne fête à toutes les mamans du monde",
            f"{title} {link}",
            title,
            f"#NoréaEnTournée {text_of(rng, 1)[:60]}",
            f"{text_of(rng, 1)} https://association-{rng.randrange(100)}.example/appel",
        ),
        (2, 3, 1, 1, 1),
    )[0]
    posts = []
    for person, at in zip(people, spread(start, span, size, rng), strict=True):
        said = text.lower() if person.manner.lower else text
        posts.append(world.say(person, at, said + rng.choice(("", "", " !", " 👏", " ❤️", " à lire")), rng))
    return "", posts


# Bursts on a page.


def _wave(
    world: World, rng: Random, place: int, people: list[Author], copied_share: float, replies: float
) -> Made:
    page = world.page("twitter", ON_PAGES[place % len(ON_PAGES)])
    start, hours = begin(world, rng), size_between(rng, 0.4, 5)
    rate = max(size_between(rng, 8, 60) * world.rate(page, start), size_between(rng, 150, 1500))
    source, zeal = grammar("fr", page.topic), [rng.lognormvariate(0, 0.7) for _ in people]
    slogans = [text_of(rng, 1) for _ in range(3)]
    times = decaying(
        start, start + round(hours * HOUR), [(start, rate, round(hours * HOUR / 2))], rate / 8, rng
    )
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
    size, fresh = round(size_between(rng, 4, 80)), rng.random()
    people = [
        young(world, "twitter", rng, (1, 25)) if rng.random() < fresh else grown(world, "twitter", rng)
        for _ in range(size)
    ]
    people += crowd(world, "twitter", "fr", round(size * rng.uniform(0, 1.5)), rng)
    return _wave(world, rng, place, people, rng.choice((0.0, rng.uniform(0, 0.7))), rng.uniform(0, 0.3))


def outcry(world: World, rng: Random, place: int) -> Made:
    """A crowd, sometimes a small one; some newcomers, some slogans, some talk."""
    size = round(size_between(rng, 12, 300))
    fresh = 0.3 * rng.random() ** 2
    people = [
        young(world, "twitter", rng, (1, 25)) if rng.random() < fresh else person
        for person in crowd(world, "twitter", "fr", size, rng)
    ]
    slogans = rng.choice((0.0, 0.0, 0.0, rng.uniform(0, 0.3)))
    return _wave(world, rng, place, people, slogans, rng.uniform(0.1, 0.7))


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
    return _paced(
        world, rng, size_between(rng, 15, 900), jitter, size_between(rng, 2, 26), 0, begin(world, rng)
    )


def busy_person(world: World, rng: Random, place: int) -> Made:
    """Somebody at a match, a newsroom, a shared account, a radio's programme that does not call itself a bot."""
    start, kind = begin(world, rng), rng.randrange(4)
    if kind == 0:
        gap, jitter = size_between(rng, 20, 120), rng.uniform(0.7, 1.3)
        return _paced(world, rng, gap, jitter, size_between(rng, 1.5, 6), 0, start)
    if kind == 1:
        return _paced(world, rng, size_between(rng, 60, 400), rng.uniform(0.4, 1.2), 16, 1, start)
    if kind == 2:
        return _paced(world, rng, size_between(rng, 90, 600), rng.uniform(0.7, 1.3), 24, 0, start)
    return _paced(world, rng, size_between(rng, 170, 260), 0.25, 24, rng.choice((0, 1, 6)), start)

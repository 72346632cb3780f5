"""Ordinary life: who posts when and where, in threads, with reposts and links."""

from __future__ import annotations

from collections import deque
from random import Random

from pipeline.scenario.authors import Author
from pipeline.scenario.names import TOWNS_EN, TOWNS_FR
from pipeline.scenario.pages import Page
from pipeline.scenario.rhythm import awake, poisson
from pipeline.scenario.speech import form, grammar, speak, without_accents
from pipeline.scenario.topics import TOPICS
from pipeline.scenario.world import MEAN_AWAKE, POSTS_A_DAY, SLOT, World
from schemas.records import Post
from schemas.times import DAY, HOUR, MINUTE, Micros

Draft = tuple[Micros, int, Author, Page | None]
"""When, a running number, who, where."""

_AGAIN = 0.22  # people who are at it post again within minutes
_REPLY = {"twitter": 0.30, "bluesky": 0.30, "forum": 0.65, "youtube": 0.25}
_REPOST = {"twitter": 0.10, "bluesky": 0.08, "forum": 0.0, "youtube": 0.0}
_LINK = 0.07


def drafts(world: World) -> list[Draft]:
    """Who posts when and where, in order of time."""
    rng = world.stream("life/drafts")
    hours = int((world.end - world.start) // HOUR) + 1
    # Pages have good and bad hours beyond their rhythm: real counts spread more than Poisson's.
    mood = {
        page: [
            world.stream(f"mood/{page.platform}/{page.id}/{hour}").gammavariate(14, 1 / 14)
            for hour in range(hours)
        ]
        for page in world.pages
    }
    out: list[Draft] = []
    for slot in range(world.start, world.end, SLOT):
        hour = int((slot - world.start) // HOUR)
        places: dict[tuple[str, str], tuple[list[Page | None], list[float]]] = {}
        for circle in world.people.circles:
            level = awake(slot + SLOT // 2, circle.zone, circle.chronotype) / MEAN_AWAKE
            rate = POSTS_A_DAY * world.scale * circle.share * level * SLOT / DAY * (1 - _AGAIN)
            count = poisson(rate, rng)
            if not count:
                continue
            group = (circle.platform, circle.zone)
            if group not in places:
                weights = world.page_weights(circle.platform, circle.lang, slot, circle.zone)
                places[group] = (
                    [page for page, _ in weights],
                    [weight * (mood[page][hour] if page else 1.0) for page, weight in weights],
                )
            pages, levels = places[group]
            for author, page in zip(
                circle.draw(count, rng), rng.choices(pages, levels, k=count), strict=True
            ):
                at = slot + int(rng.random() * SLOT)
                out.append((at, len(out), author, page))
                while rng.random() < _AGAIN:
                    at += int(rng.expovariate(1 / (4 * MINUTE))) + 5_000_000
                    if at < world.end:
                        out.append((at, len(out), author, page))
    out.sort(key=lambda draft: draft[:2])
    return out


def _article(lang: str, at: Micros, rng: Random) -> str:
    """A link to an article of the last hours; few are read by many."""
    step = 25 * MINUTE
    number = int(at // step - rng.expovariate(1 / 8))
    pick = Random(number)  # noqa: S311 - an article is the same for whoever links to it
    town = without_accents(pick.choice(TOWNS_FR if lang == "fr" else TOWNS_EN)).lower()
    site = pick.choice(
        ("courrier-valombre", "lejournaldici", "radio-rivage")
        if lang == "fr"
        else ("haverleypost", "thedailynorth")
    )
    return f"https://www.{site}.example/{town}-{number % 1_000_000}"


def _hashtag(topic: str | None, lang: str, rng: Random) -> str:
    """A hashtag of the topic, one word."""
    subject = TOPICS[topic] if topic else TOPICS[rng.choice(list(TOPICS))]
    noun = rng.choice(subject.english if lang == "en" else subject.masculine + subject.feminine)
    return "#" + "".join(c for c in without_accents(noun).title() if c.isalnum())


def _original(author: Author, page: Page | None, parent: Post | None, at: Micros, rng: Random) -> str:
    topic = page.topic if page else None
    text = speak(
        grammar(author.lang, topic),
        form(author.platform, author.manner, rng, parent is not None),
        author.lang, author.manner, rng,
    )  # fmt: skip
    if author.platform in ("twitter", "bluesky"):
        if page is not None and page.kind == "feed":
            text = f"{text} {page.id}"
        elif page is not None and rng.random() < 0.6:
            text = f"@{page.id} {text}" if rng.random() < 0.6 else f"{text} @{page.id}"
        if rng.random() < author.manner.hashtag:
            text = f"{text} {_hashtag(topic, author.lang, rng)}"
    if rng.random() < _LINK and parent is None:
        text = f"{text} {_article(author.lang, at, rng)}"
    return text


def live(world: World) -> None:
    """Adds the ordinary posts to the world, in order of time."""
    rng = world.stream("life/texts")
    threads: dict[tuple[str, str], deque[tuple[Post, Author]]] = {}
    seen: dict[tuple[str, str], deque[tuple[Post, Page | None]]] = {}
    for at, _, author, page in drafts(world):
        place = threads.setdefault(
            (author.platform, page.id if page else "/" + author.lang), deque(maxlen=60)
        )
        feed = seen.setdefault((author.platform, author.lang), deque(maxlen=400))
        if feed and rng.random() < _REPOST[author.platform]:
            original, where = feed[int(rng.random() ** 2 * len(feed))]
            if original.author_id != author.id:
                world.say(author, at, original.text, rng, where, repost_of=original.id)
                continue
        parent = None
        if place and rng.random() < _REPLY[author.platform]:
            parent, other = place[-1 - min(int(rng.expovariate(1 / 5)), len(place) - 1)]
        text = _original(author, page, parent, at, rng)
        if parent is not None and author.platform in ("twitter", "bluesky"):
            text = f"@{other.handle} {text}"
        post = world.say(author, at, text, rng, page, reply_to=parent.id if parent else None)
        place.append((post, author))
        if parent is None and len(text) >= 40:
            feed.append((post, page))

"""An outage: customers, regulars and people who never came before, complain on the operator's page."""

from __future__ import annotations

from random import Random

from pipeline.scenario.grammar import words
from pipeline.scenario.plants.base import authors_of, crowd, grown, of_posts
from pipeline.scenario.speech import extended, speak
from pipeline.scenario.truth import Planted
from pipeline.scenario.world import World, decaying
from schemas.records import Post
from schemas.times import HOUR, MINUTE

RULES = {
    "net": ["Beamtel", "@beamtel", "thanks Beamtel", "hey Beamtel", "Beamtel in {town}", "our Beamtel box"],
    "down": words(
        "down in {town} | no signal since {num} | {who} has no internet | {np} is dead | {num} hours without {np}"
        " | {who} cannot work | lost {np} mid-call | {np} keeps blinking | nothing loads in {town}"
        " | {who} is on hold for {num} minutes | {np} dropped again | the app blames {np}"
    ),
    "complaint": [
        "3*{net}, {down}, {judge}{end}",
        "{down}. {net} {c}{end}",
        "{open}, {down} and {down}{end}",
        "{time} {net}: {down}{end}",
        "{c}, but {down}. {net}{end}",
    ],
}


def plant(world: World, rng: Random) -> Planted:
    """Fifteen times the usual volume by accounts of all ages, half of them replies to the operator's own post."""
    page = world.page("twitter", "beamtel")
    start = world.at(2, 19) + int(rng.uniform(-0.5, 0.5) * HOUR)
    host = grown(world, page.platform, rng, "london")
    notice = world.say(host, start, "We know some of you are offline and are looking into it.", rng, page)
    summit = max(15 * world.rate(page, start), 60.0)
    waves = [(start, 0.6 * summit, HOUR), (start + 30 * MINUTE, 0.4 * summit, 2 * HOUR)]
    times = decaying(start + MINUTE, start + 6 * HOUR, waves, 1.0, rng)
    people = crowd(world, page.platform, "en", max(30, int(0.8 * len(times))), rng)
    grammar = extended("en", "telecom", RULES)
    posts: list[Post] = [notice]
    for number, at in enumerate(times):
        author = people[number] if number < len(people) else rng.choice(people)
        text = speak(grammar, "complaint", "en", author.manner, rng)
        parent = notice.id if rng.random() < 0.5 else None
        posts.append(world.say(author, at, text, rng, page, reply_to=parent))
    return of_posts(
        "panne_et_clients",
        "pile_on",
        "no_warning",
        page.platform,
        page.id,
        posts,
        f"Une panne chez {page.name} : {len(authors_of(posts))} clients se plaignent sur la page"
        f" ({len(posts)} messages).",
        f"An outage at {page.name}: {len(authors_of(posts))} customers complain on the page"
        f" ({len(posts)} posts).",
    )

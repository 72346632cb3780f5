"""Breaking news: the power goes out in half a region, and everybody says so on the newspaper's page."""

from __future__ import annotations

from random import Random

from pipeline.scenario.grammar import words
from pipeline.scenario.plants.base import crowd, grown, of_posts
from pipeline.scenario.plants.news_ticker import article_url
from pipeline.scenario.speech import extended, speak
from pipeline.scenario.truth import Planted
from pipeline.scenario.world import World, decaying
from schemas.times import HOUR, MINUTE

RULES = {
    "dark": words(
        "plus de courant | tout est noir | panne géante | coupure totale | plus de lumière | noir complet"
        " | tout s'est éteint | plus rien ne marche | panne d'électricité | le quartier est éteint"
    ),
    "where": words(
        "à {town} | chez {who} | rue de {town} | au {num} de ma rue | au bureau de {first} | dans tout {town}"
        " | entre {town} et {town} | au lycée de {first} | sur la ligne de {town} | au cinéma"
    ),
    "sight": words(
        "{who} coincé avec {np} dans l'ascenseur | {num} rames à l'arrêt, {who} à pied | {who} cherche {np} à tâtons"
        " | sirènes vers {town}, {who} {v3} {np} | plus de feux, {who} {v3} {np} | {np} sauve la soirée de {who}"
        " | le congélateur de {who} et {np} vont y passer | {num} voisins dehors avec {np}"
        " | {who} {v3} {np} à la bougie | la radio parle de {np} à {town} | {first} accouche {spot}, merci {who}"
        " | {who} recharge {np} dans la voiture de {first}"
    ),
    "flash": [
        "3*{dark} {where}",
        "2*{dark} {where}, {sight}{end}",
        "{open}, {dark} {where}. {sight}",
        "{sight}. {c}, {judge}{end}",
        "{dark} {where} ? {sight}",
        "{time} {sight}, {judge}{end}",
        "{sight}, {who} {v3} {np} {spot}{end}",
    ],
    "answer": ["3*{short}", "2*{sight}, {judge}{end}", "pareil {where}", "{judge}, {c}{end}", "{judge}{end}"],
}


def plant(world: World, rng: Random) -> Planted:
    """Thirty times the usual volume at the summit; a third pass on the paper's flash or its article."""
    page = world.page("twitter", "courrier-valombre")
    start = world.at(3, 12) + int(rng.uniform(-0.5, 0.5) * HOUR)
    end = start + 6 * HOUR
    summit = max(30 * world.rate(page, start), 360.0)
    waves = [(start, 0.6 * summit, 50 * MINUTE), (start + 40 * MINUTE, 0.5 * summit, 90 * MINUTE)]
    times = decaying(start, end, waves, 0.0, rng)
    people = crowd(world, page.platform, "fr", max(20, int(0.8 * len(times))), rng)
    link = article_url("courrier-valombre", rng)
    title = f"Panne d'électricité géante autour de Valombre : ce que l'on sait {link} via @{page.id}"
    paper = grown(world, page.platform, rng)
    flash = world.say(
        paper, start, f"🔴 ALERTE INFO Une panne d'électricité touche Valombre {link}", rng, page
    )
    grammar = extended("fr", "town", RULES)
    posts = [flash]
    for number, at in enumerate(times):
        author = rng.choice(people) if rng.random() < 0.2 else people[number % len(people)]
        kind = rng.random()
        if kind < 0.22:
            posts.append(world.say(author, at, flash.text, rng, page, repost_of=flash.id))
        elif kind < 0.32:
            posts.append(world.say(author, at, title, rng, page))
        elif kind < 0.40:
            text = f"{speak(grammar, 'flash', 'fr', author.manner, rng)} {link}"
            posts.append(world.say(author, at, text, rng, page))
        else:
            parent = rng.choice(posts[-15:]) if rng.random() < 0.3 else None
            text = speak(grammar, "answer" if parent else "flash", "fr", author.manner, rng)
            posts.append(world.say(author, at, text, rng, page, reply_to=parent.id if parent else None))
    return of_posts(
        "panne_geante",
        "burst",
        "no_warning",
        page.platform,
        page.id,
        posts,
        f"Une panne d'électricité : {len(posts)} messages sur {page.name}, un tiers pour relayer l'information.",
        f"A power cut: {len(posts)} posts on {page.name}, a third of them to pass the news on.",
    )

"""A railway cancels trains without a word: an organic outcry."""

from __future__ import annotations

from random import Random

from pipeline.scenario.grammar import words
from pipeline.scenario.plants.base import authors_of, crowd, of_posts
from pipeline.scenario.speech import extended, speak
from pipeline.scenario.truth import Planted
from pipeline.scenario.world import World, decaying
from schemas.records import Post
from schemas.times import HOUR, MINUTE

RULES = {
    "firm": [
        "Transvia",
        "Transvia",
        "@transvia",
        "@transvia",
        "encore Transvia",
        "chez Transvia",
        "merci Transvia",
    ],
    "trip": [
        "2*{town}-{town}",
        "le {num}h{num} pour {town}",
        "mon train pour {town}",
        "le TER de {town}",
        "la ligne {town}-{town}",
        "le dernier {town}",
        "notre {town}-{town}",
        "le {num}h{num}",
        "le direct {town}",
        "le car de {town}",
        "le train de {who}",
        "la voie {num} à {town}",
    ],
    "fail": words(
        "annulé | supprimé | bloqué | en rade | disparu | {num} min de retard | à l'arrêt"
        " | terminus {town} | vidé | sans clim | détourné par {town} | remplacé par rien | bondé"
        " | en panne vers {town} | reporté à {day} | coupé en deux | invisible | fantôme | envolé | gelé"
        " | rayé du tableau | sans conducteur | {num}e annulation"
    ),
    "stuck": words(
        "dort à {town} | a raté {np} | rentre à pied | attend depuis {num} h | paie {num} euros de taxi"
        " | a renoncé | pleure | campe avec {who} | appelle {who} | n'a plus de batterie | a loupé {who}"
        " | fait du stop | mange froid | est coincé avec {first} | prend le vélo | abandonne {np}"
        " | tourne en rond à {town} | tremble | cherche un lit à {town} | a perdu {np} | console {first}"
        " | filme {np}"
    ),
    "excuse": words(
        "la faute à {np} | on accuse {np} | excuse : {np} | {np} comme explication"
        " | à cause de {np}, si si | un problème de {nm} à {town} | une {nf} à {town}, paraît-il"
        " | personne ne dit rien à {town} | l'agent de {town} n'en sait rien | l'appli parle de {np}"
        " | on me propose {np}"
    ),
    "anger": words(
        "honteux | fini pour moi | je reprends la voiture | vous vous moquez | on paie ça | du jamais vu"
        " | respect zéro | et l'excuse ? | la direction dort | courage à {who} | pensée pour {town}"
        " | vivement un concurrent | démission | ras-le-bol | {num} ans d'abonnement | {first} est choqué"
        " | remboursez {who} | j'écris à {first} | scandale | nul | minable | c'est trop | on craque"
        " | quelle honte | à vomir | lamentable | {judge}"
    ),
    "wrong": [
        "3*{trip} {fail}, {who} {stuck}",
        "{trip} {fail}, {excuse}",
        "{who} {stuck}, {trip} {fail} {time}",
    ],
    "buzz": [
        "3*{firm} {wrong}, {anger}{end}",
        "2*{wrong}. {firm} {anger}{end}",
        "{anger} {firm} ! {wrong}{end}",
        "{wrong}. {c}. {firm}{end}",
        "{open}, {wrong}, {firm} {anger}{end}",
        "{wrong} et {wrong}, {anger} {firm}",
        "{c} {spot} mais {wrong}. {firm}{end}",
        "{time} {wrong}, {excuse}. {firm} {anger}{end}",
    ],
    "echo": [
        "3*{short}",
        "{anger}{end}",
        "2*{wrong}, {anger}{end}",
        "ici {who} {stuck} {spot}, {excuse}{end}",
        "{excuse} ? {who} {stuck} {spot}{end}",
        "{c} {spot}, {anger}{end}",
        "et {who} {stuck} {tail}{end}",
    ],
}


def plant(world: World, rng: Random) -> Planted:
    """Twenty times the usual volume, thousands of people at scale 1, texts of their own, hours of decay."""
    page = world.page("twitter", "transvia")
    start = world.at(2, 14) + int(rng.uniform(-0.3, 0.3) * HOUR)
    end = start + 10 * HOUR
    summit = max(20 * world.rate(page, start + HOUR), 20.0)
    waves = [
        (start, 0.30 * summit, 3 * HOUR),
        (start + 20 * MINUTE, 0.45 * summit, 4 * HOUR),
        (start + 50 * MINUTE, 0.45 * summit, 4 * HOUR),
    ]
    times = decaying(start, end, waves, 0.0, rng)
    people = crowd(world, page.platform, "fr", max(20, int(0.8 * len(times))), rng)
    grammar = extended("fr", "trains", RULES)
    posts: list[Post] = []
    for at in times:
        # Most speak up once; some come back.
        author = rng.choice(people) if rng.random() < 0.2 else people[len(posts) % len(people)]
        parent = None
        if posts and rng.random() < 0.33:
            parent = posts[-1 - min(int(rng.expovariate(1 / 15)), len(posts) - 1)]
        text = speak(grammar, "echo" if parent else "buzz", "fr", author.manner, rng)
        posts.append(world.say(author, at, text, rng, page, reply_to=parent.id if parent else None))
    return of_posts(
        "bad_buzz",
        "burst",
        "no_warning",
        page.platform,
        page.id,
        posts,
        f"Des trains supprimés sans annonce : la colère contre {page.name} est vive et sincère"
        f" ({len(posts)} messages de {len(authors_of(posts))} comptes).",
        f"Trains cancelled without notice: the anger at {page.name} is loud and sincere"
        f" ({len(posts)} posts by {len(authors_of(posts))} accounts).",
    )

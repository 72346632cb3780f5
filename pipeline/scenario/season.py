"""A scenario as the end of three weeks in which thirty ordinary profiles work for a brand on four forums."""

from __future__ import annotations

from dataclasses import replace

from pipeline.scenario.generate import Scenario, by_time
from pipeline.scenario.plants.base import of_posts
from pipeline.scenario.truth import Expected
from pipeline.scenario.weeks import TWINS, WEEKS, weeks

_RING = 30
_ORDINARY = 400
_GROUPS: dict[str, tuple[str, Expected, str, str]] = {
    f"ring_{_RING}": (
        "anneau_de_profils",
        "alert",
        "trente profils ordinaires vantent une marque sur quatre forums, trois semaines durant",
        "thirty ordinary profiles praise a brand on four forums for three weeks",
    ),
    "fan_club": (
        "amateurs_d_une_marque",
        "no_warning",
        "le club des amateurs d’une marque, sur un forum",
        "the club of those who like a brand, on one forum",
    ),
    "employees": (
        "employes",
        "no_warning",
        "les employés d’une entreprise parlent d’elle aux heures de bureau",
        "a firm’s employees speak of it in office hours",
    ),
    "journalists": (
        "journalistes",
        "no_warning",
        "des journalistes suivent une même affaire",
        "journalists follow one story",
    ),
    "regulars": ("habitues", "no_warning", "les habitués d’un forum", "the regulars of a forum"),
    "charity": (
        "oeuvre",
        "no_warning",
        "une œuvre et ceux qui relaient sa page",
        "a charity and those who pass its page on",
    ),
}
"""Of each group of `weeks`: its name in the truth, what is expected, and what it is."""


def with_weeks(scenario: Scenario) -> Scenario:
    """The scenario, and on forums of their own the weeks up to its end."""
    # A charity whose words are copied is told as copies, and rightly; here people pass on its link alone.
    charity, manner = TWINS["charity"]
    twins = {**TWINS, "charity": (charity, replace(manner, copied=0.0))}
    start = scenario.end - WEEKS
    world = weeks(scenario.seed, (_RING,), ordinary=_ORDINARY, start=start, twins=twins)
    truth = []
    for group, accounts in world.groups.items():
        name, expected, fr, en = _GROUPS[group]
        posts = [post for post in world.posts if (post.platform, post.author_id) in accounts]
        truth.append(of_posts(name, "coordinated_accounts", expected, posts[0].platform, "", posts, fr, en))
    records = sorted([*world.posts, *scenario.records], key=by_time)
    truth = sorted([*scenario.truth, *truth], key=lambda planted: (planted.start, planted.name))
    return Scenario(scenario.seed, start, scenario.end, records, truth)

"""What accounts have in common, in words: French first, English beside it."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.explain.words import NARROW, Pair, joined, plural_en, plural_fr, span_en, span_fr
from pipeline.export.graph import Account, Graph, Hub, Key, Link

KINDS: dict[str, tuple[str, str, str, str]] = {
    "copy": ("copie", "copies", "copy", "copies"),
    "text": ("texte identique", "textes identiques", "identical text", "identical texts"),
    "link": ("lien web partagé", "liens web partagés", "shared web link", "shared web links"),
    "media": (
        "image ou vidéo partagée",
        "images ou vidéos partagées",
        "shared picture or video",
        "shared pictures or videos",
    ),
    "hashtags": ("suite de mots-dièse", "suites de mots-dièse", "set of hashtags", "sets of hashtags"),
    "repost": (
        "message repris par tous deux",
        "messages repris par tous deux",
        "post that both reposted",
        "posts that both reposted",
    ),
    "answer": (
        "message auquel tous deux répondent",
        "messages auxquels tous deux répondent",
        "post that both answered",
        "posts that both answered",
    ),
    "repost_of_each_other": (
        "reprise de l’un par l’autre",
        "reprises de l’un par l’autre",
        "repost of one by the other",
        "reposts of one by the other",
    ),
    "answer_of_each_other": (
        "réponse de l’un à l’autre",
        "réponses de l’un à l’autre",
        "answer of one to the other",
        "answers of one to the other",
    ),
    "mention": (
        "mention de l’un par l’autre",
        "mentions de l’un par l’autre",
        "mention of one by the other",
        "mentions of one by the other",
    ),
    "moment": ("moment commun", "moments communs", "moment in common", "moments in common"),
    "name": ("forme de nom", "formes de nom", "form of name", "forms of name"),
    "rare": (
        "chose rare en commun",
        "choses rares en commun",
        "rare thing in common",
        "rare things in common",
    ),
    "page": ("page en commun", "pages en commun", "page in common", "pages in common"),
    "created": ("période de création", "périodes de création", "time of creation", "times of creation"),
    "alert": ("autre alerte", "autres alertes", "other alert", "other alerts"),
}
"""Kind of thing -> French singular and plural, English singular and plural."""

_MOST = 5
"""Links of an account that are told in its row."""


def counted(counts: Mapping[str, int]) -> Pair:
    """« 3 copies, 1 lien web partagé »"""
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return joined(
        (plural_fr(count, *KINDS[kind][:2]), plural_en(count, *KINDS[kind][2:])) for kind, count in ordered
    )


def between(link: Link) -> Pair:
    """What two accounts have in common, and how close in time."""
    fr, en = counted(link.counts)
    if link.closest is not None:
        fr += f" (à {span_fr(link.closest)} d’écart au plus près)"
        en += f" ({span_en(link.closest)} apart at the closest)"
    return fr, en


def links_of(graph: Graph) -> dict[Key, list[tuple[Key, Link]]]:
    """For each account its links, the strongest first."""
    near: dict[Key, list[tuple[Key, Link]]] = {key: [] for key in graph.accounts}
    for (a, b), link in graph.links.items():
        near[a].append((b, link))
        near[b].append((a, link))
    for links in near.values():
        links.sort(key=lambda one: (-(one[1].evidence or 0.0), -one[1].weight, one[0]))
    return near


def hubs_of(graph: Graph) -> dict[Key, list[Hub]]:
    """For each account the things that many have in common, to which it is tied."""
    tied: dict[Key, list[Hub]] = {key: [] for key in graph.accounts}
    for hub in graph.hubs:
        for key in hub.uses:
            tied[key].append(hub)
    return tied


def why(links: list[tuple[Key, Link]], hubs: list[Hub]) -> Pair:
    """Why an account is there: its strongest links, and what it has in common with many."""
    said: list[Pair] = []
    for (_, other), link in links[:_MOST]:
        fr, en = between(link)
        said.append((f"avec {other}{NARROW}: {fr}", f"with {other}: {en}"))
    counts: dict[str, tuple[int, int]] = {}
    for hub in hubs:
        number, most = counts.get(hub.thing.kind, (0, 0))
        counts[hub.thing.kind] = (number + 1, max(most, len(hub.uses)))
    for kind, (number, most) in sorted(counts.items()):
        fr, en = counted({kind: number})
        said.append(
            (
                f"{fr} (jusqu’à {plural_fr(most, 'compte', 'comptes')} en tout)",
                f"{en} (up to {plural_en(most, 'account', 'accounts')} in all)",
            )
        )
    return joined(said, (f"{NARROW}; ", "; "))


def label(key: Key, account: Account) -> str:
    """An account's name in the graph."""
    return f"{account.name} ({key[1]})" if account.name and account.name != key[1] else key[1]

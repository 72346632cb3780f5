"""coordinated_accounts in words."""

from __future__ import annotations

from pipeline.detect.finding import Finding
from pipeline.explain import ring_weeks
from pipeline.explain.words import (
    NARROW,
    cut,
    joined,
    moment_en,
    moment_fr,
    number_en,
    number_fr,
    plural_en,
    plural_fr,
    span_en,
    span_fr,
)
from schemas.alerts import Summary
from schemas.times import SECOND

_KINDS = {
    "hashtags": ("suites de mots-dièse", "sets of hashtags"),
    "link": ("liens", "links"),
    "media": ("images ou vidéos", "pictures or videos"),
    "repost": ("reprises", "reposts"),
    "text": ("textes", "texts"),
}
_INNOCENT = {
    "one_source": (
        "une même source, que chacun relaie dès parution",
        "one source that all of them relay at once",
    ),
    "native_reposts": ("des fans qui reprennent les mêmes messages", "fans who repost the same posts"),
    "popular_objects": ("des contenus qui circulent largement", "things that go round widely"),
}


def summary(finding: Finding) -> Summary:
    """Who shared what at the same time, how strongly, and which innocent reasons were checked."""
    said = {reason.code: reason.values for reason in finding.reasons}
    if "weak_links" in said:
        return ring_weeks.summary(finding)
    same, pairs = said["same_objects"], said["linked_pairs"]
    window = round(same["seconds"] * SECOND)
    count, objects = finding.accounts.count, same["objects"]
    platform = cut(finding.subject.platform, 40)
    kinds = [(number, *_KINDS[kind]) for kind, number in same["kinds"].items()]
    listed_fr, listed_en = joined(
        (f"{fr}{NARROW}: {number_fr(number)}", f"{en}: {number_en(number)}") for number, fr, en in kinds
    )
    gap = said["simultaneous"]["median_seconds"]
    fr = (
        f"{plural_fr(count, 'compte', 'comptes')} ({platform}) ont partagé "
        f"{plural_fr(objects, 'contenu commun', 'contenus communs')} à moins de {span_fr(window)} d’écart "
        f"({listed_fr}), depuis le {moment_fr(finding.first_seen)}, en "
        f"{span_fr(finding.last_seen - finding.first_seen)}{NARROW}; écart médian{NARROW}: {number_fr(gap, 1)} s. "
        f"{plural_fr(pairs['pairs'], 'paire de comptes le fait', 'paires de comptes le font')} de façon répétée, "
        f"sur {number_fr(pairs['of'])} possibles."
    )
    en = (
        f"{plural_en(count, 'account', 'accounts')} ({platform}) shared "
        f"{plural_en(objects, 'thing in common', 'things in common')} within {span_en(window)} of each other "
        f"({listed_en}), from {moment_en(finding.first_seen)}, over "
        f"{span_en(finding.last_seen - finding.first_seen)}; median gap: {number_en(gap, 1)} s. "
        f"{plural_en(pairs['pairs'], 'pair of accounts does', 'pairs of accounts do')} so repeatedly, "
        f"of {number_en(pairs['of'])} possible."
    )
    held_fr, held_en = joined(_INNOCENT[r.code] for r in finding.ruled_out if r.values["holds"])
    failed_fr, failed_en = joined(_INNOCENT[r.code] for r in finding.ruled_out if not r.values["holds"])
    if held_fr:
        fr += f" Une explication innocente tient{NARROW}: {held_fr}."
        en += f" An innocent explanation holds: {held_en}."
    else:
        fr += f" C’est compatible avec des comptes pilotés ensemble. Vérifié et écarté{NARROW}: {failed_fr}."
        en += f" This is consistent with accounts run together. Checked and ruled out: {failed_en}."
    return Summary(fr, en)

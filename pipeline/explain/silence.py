"""A silent source in words."""

from __future__ import annotations

from pipeline.detect.finding import Finding
from pipeline.explain.words import (
    NARROW,
    Pair,
    cut,
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
from schemas.times import HOUR, parse_time


def summary(finding: Finding) -> Summary:
    """Since when, how much is missing, whether the others are silent too, and whether it is back."""
    return _of_posts(finding) if finding.evidence.table == "posts" else _of_fans(finding)


_FANS: dict[str, tuple[Pair, Pair, Pair]] = {
    "fan_counts": (
        ("Les relevés d’abonnés", "Fan counts"),
        ("relevé", "count"),
        ("relevés", "counts"),
    ),
    "follows": (
        ("Les abonnements et désabonnements", "Follow events"),
        ("événement", "event"),
        ("événements", "events"),
    ),
}
"""Table -> what it has, with the article; one of them; several."""


def _of_fans(finding: Finding) -> Summary:
    values = finding.reasons[0].values
    codes = {one.code: one.values for one in finding.reasons}
    named, one, many = _FANS[finding.evidence.table]
    platform = cut(finding.subject.platform, 40)
    length, came, usual = values["hours"] * HOUR, values["records"], max(1, round(values["expected"]))
    verb, was = ("ont manqué", "were missing") if "back" in codes else ("manquent", "are missing")
    fr = [
        f"{named[0]} de {platform} {verb}{NARROW}: en {span_fr(length)} à partir du {moment_fr(finding.start)}, "
        f"{plural_fr(came, one[0], many[0])} au lieu de {number_fr(usual)} environ à ces heures-là."
    ]
    en = [
        f"{named[1]} of {platform} {was}: in {span_en(length)} from {moment_en(finding.start)}, "
        f"{plural_en(came, one[1], many[1])} where about {number_en(usual)} would be usual at these hours."
    ]
    whole = next((check.values for check in finding.ruled_out if check.code == "whole_stream"), None)
    if whole is not None and whole["holds"]:
        fr.append(
            f"Les autres données d’abonnés manquent aussi{NARROW}: c’est sans doute leur collecte ou le réseau."
        )
        en.append("Other records of fans are missing too: it is probably their collection or the network.")
    elif whole is not None and whole["sources"]:
        fr.append("Les autres données d’abonnés arrivent toujours.")
        en.append("Other records of fans go on coming.")
    if "back" in codes:
        at = parse_time(codes["back"]["at"])
        fr.append(f"Ils sont revenus le {moment_fr(at)}.")
        en.append(f"They came back on {moment_en(at)}.")
    elif "given_up" in codes:
        fr.append("Ils ne sont plus attendus.")
        en.append("They are no longer waited for.")
    else:
        fr.append(
            "C’est compatible avec un connecteur arrêté, un accès retiré ou une panne de la plateforme"
            f"{NARROW}; tant que cela dure, un afflux d’abonnés y passerait inaperçu."
        )
        en.append(
            "This is consistent with a connector that has stopped, an access withdrawn or an outage of the platform; "
            "as long as it lasts, a rise of fans would not be seen there."
        )
    return Summary(" ".join(fr), " ".join(en))


def _of_posts(finding: Finding) -> Summary:
    values = finding.reasons[0].values
    codes = {one.code: one.values for one in finding.reasons}
    source, platform = cut(finding.subject.id, 60), cut(finding.subject.platform, 40)
    named_fr = f"La source {source} ({platform})" if source != platform else f"La source {platform}"
    named_en = f"The source {source} ({platform})" if source != platform else f"The source {platform}"
    length, posts, usual = values["hours"] * HOUR, values["posts"], max(1, round(values["expected"]))
    verb, was = ("a été", "was") if "back" in codes else ("est", "is")
    fr = [
        f"{named_fr} {verb} muette{NARROW}: en {span_fr(length)} à partir du {moment_fr(finding.start)}, "
        f"{plural_fr(posts, 'message', 'messages')} au lieu de {number_fr(usual)} environ à ces heures-là."
    ]
    en = [
        f"{named_en} {was} silent: in {span_en(length)} from {moment_en(finding.start)}, "
        f"{plural_en(posts, 'post', 'posts')} where about {number_en(usual)} would be usual at these hours."
    ]
    whole = next((one.values for one in finding.ruled_out if one.code == "whole_stream"), None)
    if whole is not None and whole["holds"]:
        fr.append(
            "Les autres sources se taisent aussi : c’est sans doute la collecte ou le réseau.".replace(
                " :", f"{NARROW}:"
            )
        )
        en.append("The other sources are silent too: it is probably the collection or the network.")
    elif whole is not None and whole["sources"]:
        fr.append("Les autres sources continuent.")
        en.append("The other sources go on.")
    if "back" in codes:
        at = parse_time(codes["back"]["at"])
        fr.append(f"Elle a repris le {moment_fr(at)}.")
        en.append(f"It came back on {moment_en(at)}.")
    elif "given_up" in codes:
        fr.append("Elle n’est plus attendue.")
        en.append("It is no longer waited for.")
    else:
        fr.append(
            "C’est compatible avec un connecteur arrêté, un accès retiré ou une panne de la plateforme."
        )
        en.append(
            "This is consistent with a connector that has stopped, an access withdrawn or an outage of the platform."
        )
    return Summary(" ".join(fr), " ".join(en))

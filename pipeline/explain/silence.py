"""A silent source in words."""

from __future__ import annotations

from pipeline.detect.finding import Finding
from pipeline.explain.words import (
    NARROW,
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

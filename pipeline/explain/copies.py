"""copy_paste in words."""

from __future__ import annotations

from pipeline.detect.finding import Finding
from pipeline.explain.words import (
    moment_en,
    moment_fr,
    plural_en,
    plural_fr,
    quote_en,
    quote_fr,
    span_en,
    span_fr,
)
from schemas.alerts import Summary
from schemas.times import MINUTE

CHECKED_FR = {
    "declared": "une campagne déclarée",
    "reposts": "des partages natifs",
    "share_button": "un bouton de partage",
    "wire_copy": "une dépêche d’agence",
    "set_phrase": "une formule d’usage",
    "quotation": "une citation ou des paroles de chanson",
    "giveaway": "un jeu-concours",
    "app_boilerplate": "un message automatique d’application",
    "short_text": "un texte trop court pour être à quelqu’un",
    "loose_chain": "des textes qui ne se ressemblent que de proche en proche",
}
CHECKED_EN = {
    "declared": "a declared campaign",
    "reposts": "native reposts",
    "share_button": "a share button",
    "wire_copy": "an agency's wire copy",
    "set_phrase": "a set phrase",
    "quotation": "a quotation or lyrics",
    "giveaway": "a giveaway",
    "app_boilerplate": "an app's boilerplate",
    "short_text": "a text too short to be anybody's own",
    "loose_chain": "texts alike only from one to the next",
}


def summary(finding: Finding) -> Summary:
    """Who wrote what, how fast, and which innocent reasons were checked."""
    values = {r.code: r.values for r in finding.reasons}
    copies = values["copies"]
    lasted = finding.last_seen - finding.first_seen
    text_fr, text_en = "(supprimé depuis)", "(deleted since)"
    if copies["sample"]:
        text_fr, text_en = quote_fr(copies["sample"], 120), quote_en(copies["sample"], 120)
    held = [code.removeprefix("explained_by_") for code in values if code.startswith("explained_by_")]
    failed = [r.code for r in finding.ruled_out if not r.values["holds"]]
    if "accounts_in_span" in values:
        dense = values["accounts_in_span"]
        span = round(dense["minutes"] * MINUTE)
        pace_fr = f", dont {plural_fr(dense['accounts'], 'compte', 'comptes')} en {span_fr(span)}"
        pace_en = f", {plural_en(dense['accounts'], 'account', 'accounts')} of them within {span_en(span)}"
    else:
        pace_fr = pace_en = ""
    if held:
        verdict_fr = f"Une explication innocente tient : {', '.join(CHECKED_FR[c] for c in held)}."
        verdict_en = f"An innocent explanation holds: {', '.join(CHECKED_EN[c] for c in held)}."
    else:
        verdict_fr = (
            "C’est compatible avec une campagne concertée. Explications innocentes vérifiées et écartées : "
            f"{', '.join(CHECKED_FR[c] for c in failed)}."
        )
        verdict_en = (
            "This is consistent with a coordinated campaign. Innocent explanations checked and ruled out: "
            f"{', '.join(CHECKED_EN[c] for c in failed)}."
        )
    return Summary(
        fr=f"{plural_fr(copies['accounts'], 'compte a', 'comptes ont')} publié "
        f"{plural_fr(copies['posts'], 'fois', 'fois')} le même texte à peu de chose près, {text_fr}, "
        f"depuis le {moment_fr(finding.first_seen)}, en {span_fr(lasted)}{pace_fr}. {verdict_fr}",
        en=f"{plural_en(copies['accounts'], 'account', 'accounts')} posted nearly the same text "
        f"{plural_en(copies['posts'], 'time', 'times')}, {text_en}, "
        f"from {moment_en(finding.first_seen)}, over {span_en(lasted)}{pace_en}. {verdict_en}",
    )

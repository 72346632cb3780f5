"""A fan spike in words: what was gained, who came, and how much that proves."""

from __future__ import annotations

from typing import Any

from pipeline.detect.fan_causes import ANSWERED, BURST, GIVEAWAY
from pipeline.detect.finding import Finding
from pipeline.explain import platform as platform_wide
from pipeline.explain.words import (
    NARROW,
    Pair,
    cut,
    joined,
    moment_en,
    moment_fr,
    number_en,
    number_fr,
    percent_en,
    percent_fr,
    plural_en,
    plural_fr,
    quote_en,
    quote_fr,
)
from schemas.alerts import Summary
from schemas.times import Micros, parse_time

_Said = dict[str, dict[str, Any]]


def summary(finding: Finding) -> Summary:
    """Two to four sentences; never more certain than the finding."""
    if platform_wide.is_platform_wide(finding):
        return platform_wide.summary(finding)
    said: _Said = {reason.code: reason.values for reason in finding.reasons}
    before = [*_who(finding, said), *_elsewhere(said), *_meanwhile(said)]
    sentences = [_growth(finding, said), *before, _verdict(finding, said)]
    return Summary(*joined(sentences, (" ", " ")))


def _growth(finding: Finding, said: _Said) -> Pair:
    name = cut(finding.subject.name or finding.subject.id, 80)
    platform = cut(finding.subject.platform, 40)
    gained, usual = finding.observed, max(0.0, finding.expected)
    counted = said.get("growth_above_baseline", {})
    start = parse_time(counted["since"]) if "since" in counted else finding.start
    end = parse_time(counted["until"]) if "until" in counted else finding.end
    return (
        f"La page {name} ({platform}) a gagné {plural_fr(gained, 'fan', 'fans')} entre le "
        f"{moment_fr(start)} et le {moment_fr(end)}{NARROW}; "
        f"il en vient d’habitude {_usual_fr(usual)} dans le même temps.",
        f"The page {name} ({platform}) gained {plural_en(gained, 'fan', 'fans')} between "
        f"{moment_en(start)} and {moment_en(end)}; "
        f"{_usual_en(usual)} would be usual in that time.",
    )


def _usual_fr(usual: float) -> str:
    return f"environ {number_fr(usual)}" if usual >= 0.5 else "presque aucun"


def _usual_en(usual: float) -> str:
    return f"about {number_en(usual)}" if usual >= 0.5 else "hardly any"


def _who(finding: Finding, said: _Said) -> list[Pair]:
    """One sentence with what those who came have in common, if anything."""
    marks: list[Pair] = []
    if values := said.get("creation_cohort"):
        start, end = parse_time(values["start"]), parse_time(values["end"])
        fr = f"{percent_fr(values['share'])} ont été créés entre le {_day_fr(start)} et le {_day_fr(end)}"
        en = f"{percent_en(values['share'])} were created between {_day_en(start)} and {_day_en(end)}"
        marks.append((fr, en))
    if values := said.get("empty_profiles"):
        marks.append(
            (
                f"{percent_fr(values['share'])} sont des profils vides "
                f"({percent_fr(values['usual'])} d’habitude)",
                f"{percent_en(values['share'])} are empty profiles (usually {percent_en(values['usual'])})",
            )
        )
    if values := said.get("young_accounts"):
        marks.append(
            (
                f"{percent_fr(values['share'])} ont moins d’un mois "
                f"({percent_fr(values['usual'])} d’habitude)",
                f"{percent_en(values['share'])} are less than a month old "
                f"(usually {percent_en(values['usual'])})",
            )
        )
    if values := said.get("sequential_names"):
        stem = values["stem"]
        marks.append(
            (
                f"{percent_fr(values['share'])} portent un nom numéroté en {quote_fr(stem, 40)}",
                f"{percent_en(values['share'])} bear a numbered name in {quote_en(stem, 40)}",
            )
        )
    if not marks:
        return []
    count = finding.accounts.count
    marks_fr, marks_en = joined(marks)
    known = f"Sur {plural_fr(count, 'compte arrivé', 'comptes arrivés')}"
    return [
        (
            f"{known}, {marks_fr} (là où on le sait).",
            f"Of {plural_en(count, 'account', 'accounts')} that came, {marks_en} (where that is known).",
        )
    ]


def _elsewhere(said: _Said) -> list[Pair]:
    values = said.get("same_accounts_elsewhere")
    if values is None:
        return []
    pages, share = values["pages"], values["share"]
    return [
        (
            f"Parmi les premiers venus, {percent_fr(share)} sont arrivés au même moment sur "
            f"{plural_fr(pages, 'autre page', 'autres pages')}.",
            f"Of the first who came, {percent_en(share)} came at the same time to "
            f"{plural_en(pages, 'other page', 'other pages')}.",
        )
    ]


def _meanwhile(said: _Said) -> list[Pair]:
    """What was posted just before or meanwhile, by name."""
    told: list[Pair] = []
    if values := said.get(GIVEAWAY):
        post, at = cut(values["post_ids"][0], 60), parse_time(values["at"])
        told.append(
            (
                f"La page a annoncé un jeu-concours le {moment_fr(at)} (message {post}).",
                f"The page announced a prize draw on {moment_en(at)} (post {post}).",
            )
        )
    if values := said.get(ANSWERED):
        post, at, count = cut(values["post_ids"][0], 60), parse_time(values["at"]), values["responses"]
        told.append(
            (
                f"Un message du {moment_fr(at)} a reçu "
                f"{plural_fr(count, 'réponse ou reprise', 'réponses et reprises')} sur la page (message {post}).",
                f"A post of {moment_en(at)} got {plural_en(count, 'answer or repost', 'answers and reposts')} "
                f"on the page (post {post}).",
            )
        )
    if values := said.get(BURST):
        since, count = parse_time(values["since"]), values["posts"]
        told.append(
            (
                f"On a beaucoup écrit sur la page à partir du {moment_fr(since)} "
                f"({plural_fr(count, 'message', 'messages')}, alerte {values['alerts'][0]}).",
                f"Much was written on the page from {moment_en(since)} on "
                f"({plural_en(count, 'post', 'posts')}, alert {values['alerts'][0]}).",
            )
        )
    return told


def _verdict(finding: Finding, said: _Said) -> Pair:
    if "same_accounts_elsewhere" in said:
        return (
            "Des foules ordinaires n’ont presque personne en commun\N{NARROW NO-BREAK SPACE}: c’est compatible avec un "
            "achat de fans livré à plusieurs pages.",
            "Ordinary crowds have hardly anybody in common: this is consistent with bought fans, "
            "delivered to several pages.",
        )
    if said.get("attribution", {}).get("cause") == "giveaway":
        return (
            f"C’est ce que donne un jeu-concours{NARROW}: rien ne montre un achat, mais on vient pour le prix.",
            "This is what a prize draw brings: nothing shows a purchase, but people come for the prize.",
        )
    if "arrival_even" in said:
        return (
            "Les comptes venus sont aussi variés que d’ordinaire et arrivent régulièrement, heure après heure"
            f"{NARROW}: c’est l’allure d’une publicité plutôt que d’un achat.",
            "Those who came are as varied as ever and arrive evenly, hour after hour: "
            "this looks like an advertisement rather than a purchase.",
        )
    if "arrival_fades" in said:
        return (
            "Les comptes venus sont aussi variés que d’ordinaire et leur afflux retombe d’heure en heure, ce que donne "
            "un moment d’attention (passage à la télévision, publication très partagée) plutôt qu’un achat.",
            "Those who came are as varied as ever and their influx dies away hour by hour: what a moment of attention "
            "brings (an appearance on television, a widely shared post) rather than a purchase.",
        )
    if "varied_accounts" in said:
        return (
            "Les comptes venus sont aussi variés que d’ordinaire, ce que donne un moment d’attention "
            "(passage à la télévision, publication très partagée) plutôt qu’un achat.",
            "Those who came are as varied as ever: what a moment of attention brings (an appearance on "
            "television, a widely shared post) rather than a purchase.",
        )
    if "who_came_unknown" not in said:
        return (
            "C’est compatible avec un achat de fans.",
            "This is consistent with bought fans.",
        )
    if "gradual_decay" in said:
        return (
            "La hausse s’éteint peu à peu, comme après un moment d’attention. On ne sait pas qui est venu.",
            "The rise dies away little by little, as after a moment of attention. Who came is not known.",
        )
    if "sustained_growth" in said:
        return (
            "La page croît depuis plus vite qu’avant, sans à-coup. On ne sait pas qui est venu.",
            "The page has been growing faster since, evenly. Who came is not known.",
        )
    if "sharp_step" in said:
        return (
            "La hausse s’arrête net, ce qui est compatible avec un achat de fans mais ne le prouve pas"
            f"{NARROW}: on ne sait pas qui est venu.",
            "The rise stops dead, which is consistent with bought fans but does not prove it: "
            "who came is not known.",
        )
    return (
        "C’est compatible avec un achat de fans comme avec un moment d’attention"
        f"{NARROW}: on ne sait ni qui est venu, ni comment la hausse finit.",
        "This is consistent with bought fans and with a moment of attention alike: "
        "neither who came nor how the rise ends is known.",
    )


def _day_fr(at: Micros) -> str:
    return moment_fr(at).split(" à ")[0]


def _day_en(at: Micros) -> str:
    return moment_en(at).split(" at ")[0]

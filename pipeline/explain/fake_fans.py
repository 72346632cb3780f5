"""fake_fans in words."""

from __future__ import annotations

from typing import Any

from pipeline.detect.finding import Finding
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
from schemas.times import parse_time

_Said = dict[str, dict[str, Any]]


def _marks(said: _Said) -> list[Pair]:
    marks: list[Pair] = []
    if values := said.get("created_together"):
        start, end = parse_time(values["start"]), parse_time(values["end"])
        marks.append(
            (
                f"{number_fr(values['cohort'])} créés entre le {moment_fr(start)} et le {moment_fr(end)}",
                f"{number_en(values['cohort'])} created between {moment_en(start)} and {moment_en(end)}",
            )
        )
    if values := said.get("young_accounts"):
        days = round(values["days"])
        marks.append(
            (
                f"{number_fr(values['accounts'])} créés depuis moins de {days} jours",
                f"{number_en(values['accounts'])} younger than {days} days",
            )
        )
    if values := said.get("empty_profiles"):
        marks.append(
            (
                f"{number_fr(values['accounts'])} presque sans abonnés",
                f"{number_en(values['accounts'])} with hardly any followers",
            )
        )
    if values := said.get("sequential_names"):
        marks.append(
            (
                f"{number_fr(values['accounts'])} dont les noms ne diffèrent que par un numéro",
                f"{number_en(values['accounts'])} whose names differ in their number only",
            )
        )
    if values := said.get("same_words"):
        marks.append(
            (
                f"{number_fr(values['accounts'])} qui reprennent les mots des autres",
                f"{number_en(values['accounts'])} that use the words of others",
            )
        )
    if values := said.get("lock_step"):
        marks.append(
            (
                f"{number_fr(values['accounts'])} qui écrivent aux mêmes moments, à {values['minutes']} minutes près",
                f"{number_en(values['accounts'])} that post at the same moments, within {values['minutes']} minutes",
            )
        )
    if "even_activity" in said:
        marks.append(("des nombres de messages presque égaux", "nearly equal numbers of posts"))
    return marks


def _usual(finding: Finding) -> Pair:
    checked = {one.code: one.values for one in finding.ruled_out}
    if values := checked.get("comparable_pages"):
        return (
            f"les autres pages suivies ({plural_fr(values['pages'], 'page', 'pages')}{NARROW}: "
            f"{percent_fr(values['share'])} de leurs fans les plus actifs)",
            f"other pages watched ({plural_en(values['pages'], 'page', 'pages')}: "
            f"{percent_en(values['share'])} of their most active fans)",
        )
    return (
        "les autres pages suivies (trop peu pour dire ce qui est habituel)",
        "other pages watched (too few to say what is usual)",
    )


def summary(finding: Finding) -> Summary:
    """How many of the most active fans look fake, why, and what was checked."""
    said: _Said = {one.code: one.values for one in finding.reasons}
    fakes, whole = said["fans_that_look_fake"], said["concentration"]
    platform = cut(finding.subject.platform, 40)
    marks = joined(_marks(said))
    fr = (
        f"{quote_fr(finding.subject.id, 60)} ({platform}){NARROW}: parmi les {number_fr(fakes['fans'])} fans "
        f"les plus actifs entre le {moment_fr(finding.start)} et le {moment_fr(finding.end)}, "
        f"{plural_fr(fakes['accounts'], 'compte est compatible', 'comptes sont compatibles')} avec de faux comptes "
        f"({plural_fr(finding.posts.count, 'message', 'messages')}){NARROW}: {marks[0]}. Ces fans font "
        f"{percent_fr(whole['top_share'])} des messages de la page "
        f"(indice de Gini {number_fr(whole['gini'], 2)})."
    )
    en = (
        f"{quote_en(finding.subject.id, 60)} ({platform}): among the {number_en(fakes['fans'])} most active fans "
        f"between {moment_en(finding.start)} and {moment_en(finding.end)}, "
        f"{plural_en(fakes['accounts'], 'account is', 'accounts are')} consistent with fake accounts "
        f"({plural_en(finding.posts.count, 'post', 'posts')}): {marks[1]}. These fans made "
        f"{percent_en(whole['top_share'])} of the page's posts (Gini {number_en(whole['gini'], 2)})."
    )
    if finding.severity == "info":
        fr += " C’est comme ailleurs."
        en += " That is as elsewhere."
    usual = _usual(finding)
    return Summary(
        f"{fr} Vérifié{NARROW}: dates de création, profils, textes, heures, {usual[0]}.",
        f"{en} Checked: creation dates, profiles, texts, hours, {usual[1]}.",
    )

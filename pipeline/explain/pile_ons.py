"""pile_on in words. Whether the swarm scolds or praises is not judged."""

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
    if values := said.get("common_other_page"):
        marks.append(
            (
                f"{percent_fr(values['share'])} de ces comptes écrivent aussi sur une même autre page, "
                f"{quote_fr(values['page'], 60)} ({percent_fr(values['usual'])} d’ordinaire)",
                f"{percent_en(values['share'])} of these accounts also post on one other page, "
                f"{quote_en(values['page'], 60)} (usually {percent_en(values['usual'])})",
            )
        )
    if values := said.get("members_of_alerts"):
        listed, accounts = ", ".join(values["alerts"][:3]), values["accounts"]
        marks.append(
            (
                f"{plural_fr(accounts, 'compte figure', 'comptes figurent')} dans d’autres alertes ({listed})",
                f"{plural_en(accounts, 'account is', 'accounts are')} part of other alerts ({listed})",
            )
        )
    if values := said.get("created_together"):
        start, end = parse_time(values["start"]), parse_time(values["end"])
        marks.append(
            (
                f"{percent_fr(values['share'])} ont été créés entre le {moment_fr(start)} et le {moment_fr(end)}",
                f"{percent_en(values['share'])} were created between {moment_en(start)} and {moment_en(end)}",
            )
        )
    if values := said.get("empty_profiles"):
        marks.append(
            (
                f"{percent_fr(values['share'])} n’ont presque pas d’abonnés "
                f"({percent_fr(values['usual'])} d’ordinaire)",
                f"{percent_en(values['share'])} have hardly any followers (usually {percent_en(values['usual'])})",
            )
        )
    return marks


def _checks(finding: Finding) -> Pair:
    checked = {one.code: one.values for one in finding.ruled_out}
    own, ages, profiles = checked["own_interests"], checked["varied_ages"], checked["established_profiles"]
    talk, regulars = checked["conversation"], checked["regulars"]
    return (
        f"autres pages fréquentées ({percent_fr(own['share'])} au plus sur une même page), dates de création "
        f"({percent_fr(ages['share'])} au plus dans les mêmes semaines), profils vides "
        f"({percent_fr(profiles['share'])}), réponses ({percent_fr(talk['share'])}), habitués de la page "
        f"({percent_fr(regulars['share'])} des messages)",
        f"other pages they visit ({percent_en(own['share'])} at most on one page), creation dates "
        f"({percent_en(ages['share'])} at most within the same weeks), empty profiles "
        f"({percent_en(profiles['share'])}), replies ({percent_en(talk['share'])}), regulars of the page "
        f"({percent_en(regulars['share'])} of the posts)",
    )


def summary(finding: Finding) -> Summary:
    """Who came, against what is usual, what marks them, what was checked."""
    said: _Said = {one.code: one.values for one in finding.reasons}
    came, page = said["newcomers"], finding.subject.id
    platform = cut(finding.subject.platform, 40)
    count, posts, hours = came["accounts"], finding.posts.count, came["minutes"] / 60
    fr = (
        f"{quote_fr(page, 60)} ({platform}){NARROW}: "
        f"{plural_fr(count, 'compte qui n’y venait pas', 'comptes qui n’y venaient pas')} y écrivent depuis le "
        f"{moment_fr(finding.first_seen)} ({plural_fr(posts, 'message', 'messages')}){NARROW}; "
        f"il en vient d’habitude {number_fr(came['usual'], 1)} au plus en {number_fr(hours)} h."
    )
    en = (
        f"{quote_en(page, 60)} ({platform}): {plural_en(count, 'account', 'accounts')} that never came there "
        f"have posted since {moment_en(finding.first_seen)} ({plural_en(posts, 'post', 'posts')}); "
        f"usually at most {number_en(came['usual'], 1)} come within {number_en(hours)} h."
    )
    marks, checks = joined(_marks(said)), _checks(finding)
    if finding.severity == "info":
        fr += f" À noter{NARROW}: {marks[0]}."
        en += f" Of note: {marks[1]}."
    else:
        fr += f" Compatible avec une action concertée contre ou autour de la page{NARROW}: {marks[0]}."
        en += f" Consistent with concerted action against or around the page: {marks[1]}."
    return Summary(f"{fr} Vérifié{NARROW}: {checks[0]}.", f"{en} Checked: {checks[1]}.")

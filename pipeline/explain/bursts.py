"""A burst in words."""

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
    span_en,
    span_fr,
)
from schemas.alerts import Reason, Summary
from schemas.times import HOUR, parse_time

_ENOUGH = 10
"""Posts of an hour below which shares say nothing."""


def _values(reasons: tuple[Reason, ...]) -> dict[str, dict[str, Any]]:
    return {reason.code: reason.values for reason in reasons}


def _marks(said: dict[str, dict[str, Any]]) -> list[Pair]:
    marks: list[Pair] = []
    if values := said.get("copies"):
        marks.append(
            (
                f"{percent_fr(values['share'])} de textes partagés par {values['accounts']} comptes ou plus",
                f"{percent_en(values['share'])} are texts shared by {values['accounts']} accounts or more",
            )
        )
    if values := said.get("new_accounts"):
        days = round(values["days"])
        marks.append(
            (
                f"{percent_fr(values['share'])} viennent de comptes de moins de {days} jours "
                f"(date de création connue pour {number_fr(values['known'])})",
                f"{percent_en(values['share'])} come from accounts younger than {days} days "
                f"(creation date known for {number_en(values['known'])})",
            )
        )
    if values := said.get("few_accounts"):
        marks.append(
            (
                f"les cinq comptes les plus actifs en font {percent_fr(values['top5'])}",
                f"the five most active accounts made {percent_en(values['top5'])} of them",
            )
        )
    if values := said.get("one_source"):
        domain = cut(values["domain"], 60)
        marks.append(
            (
                f"{percent_fr(values['share'])} renvoient vers {domain}",
                f"{percent_en(values['share'])} link to {domain}",
            )
        )
    return marks


def _checks(checked: dict[str, dict[str, Any]]) -> list[Pair]:
    done: list[Pair] = []
    if values := checked.get("many_distinct_accounts"):
        each = values["posts_per_account"]
        done.append(
            (
                f"nombre de comptes ({number_fr(each, 1)} message par compte)"
                if each < 2
                else f"nombre de comptes ({number_fr(each, 1)} messages par compte)",
                f"number of accounts ({number_en(each, 1)} posts each)",
            )
        )
    if values := checked.get("known_rhythm"):
        done.append(
            (
                f"rythme habituel à cette heure ({number_fr(values['expected_at_this_hour'], 1)} attendus)",
                f"usual rhythm at this hour ({number_en(values['expected_at_this_hour'], 1)} expected)",
            )
        )
    if values := checked.get("own_words"):
        done.append((f"copies ({percent_fr(values['copies'])})", f"copies ({percent_en(values['copies'])})"))
    if (values := checked.get("varied_sources")) and values["domain"]:
        domain = cut(values["domain"], 60)
        done.append(
            (
                f"liens ({percent_fr(values['share'])} au plus vers un même site, {domain})",
                f"links ({percent_en(values['share'])} at most to one site, {domain})",
            )
        )
    if values := checked.get("native_reposts"):
        done.append(
            (f"reprises ({percent_fr(values['share'])})", f"native reposts ({percent_en(values['share'])})")
        )
    if values := checked.get("conversation"):
        done.append((f"réponses ({percent_fr(values['share'])})", f"replies ({percent_en(values['share'])})"))
    if values := checked.get("established_accounts"):
        done.append(
            (
                f"comptes récents ({percent_fr(values['new_share'])})",
                f"new accounts ({percent_en(values['new_share'])})",
            )
        )
    return done


def _course(said: dict[str, dict[str, Any]]) -> Pair:
    """How much of it bears a mark, hour by hour; which other alerts joined in."""
    course = said["course"]
    shares = [
        (marked / posts, number)
        for number, (posts, marked) in enumerate(zip(course["posts"], course["marked"], strict=True))
        if posts >= _ENOUGH
    ]
    fr = en = ""
    if len(shares) >= 2:
        (least, _), (most, place) = min(shares), max(shares, key=lambda one: (one[0], -one[1]))
        at = parse_time(course["start"]) + place * course["hours"] * HOUR
        if most > 0:
            fr = (
                f" Heure par heure, {percent_fr(least)} à {percent_fr(most)} des messages sont des copies ou viennent "
                f"de comptes récents (le plus à partir du {moment_fr(at)})."
            )
            en = (
                f" Hour by hour, {percent_en(least)} to {percent_en(most)} of the posts are copies or by new accounts "
                f"(most from {moment_en(at)})."
            )
    if joined_in := said.get("joined_by_alerts"):
        listed, count = ", ".join(joined_in["alerts"][:3]), joined_in["accounts"]
        fr += f" S’y sont joints {plural_fr(count, 'compte', 'comptes')} d’autres alertes ({listed})."
        en += f" It was joined by {plural_en(count, 'account', 'accounts')} of other alerts ({listed})."
    return fr, en


def summary(finding: Finding) -> Summary:
    """What, since when, against what is usual, why it is or is not suspicious, and what was checked."""
    said, checked = _values(finding.reasons), _values(finding.ruled_out)
    volume, organic = said["volume_above_baseline"], said["organic_share"]
    length = finding.end + 1 - finding.start
    platform = cut(finding.subject.platform, 40)
    posts, accounts = finding.posts.count, finding.accounts.count
    fr = (
        f"{quote_fr(finding.subject.id, 60)} ({platform}){NARROW}: "
        f"{plural_fr(posts, 'message', 'messages')} de {plural_fr(accounts, 'compte', 'comptes')} "
        f"en {span_fr(length)}, depuis le {moment_fr(finding.first_seen)}, "
        f"contre {number_fr(finding.expected, 1)} d’ordinaire (×{number_fr(volume['ratio'], 1)})."
    )
    en = (
        f"{quote_en(finding.subject.id, 60)} ({platform}): {plural_en(posts, 'post', 'posts')} by "
        f"{plural_en(accounts, 'account', 'accounts')} in {span_en(length)}, "
        f"since {moment_en(finding.first_seen)}, "
        f"against {number_en(finding.expected, 1)} usually (×{number_en(volume['ratio'], 1)})."
    )
    if wave := said.get("sustained"):
        fr += (
            f" Vague lente{NARROW}: {plural_fr(wave['posts'], 'message', 'messages')} en une heure, "
            f"contre {number_fr(wave['expected'], 1)} d’ordinaire."
        )
        en += (
            f" A slow wave: {plural_en(wave['posts'], 'post', 'posts')} in one hour, "
            f"against {number_en(wave['expected'], 1)} usually."
        )
    marks = joined(_marks(said))
    if finding.severity == "info":
        fr += " Compatible avec un emballement spontané"
        en += " Consistent with a spontaneous wave"
        fr += f", à ceci près{NARROW}: {marks[0]}." if marks[0] else "."
        en += f", with this reservation: {marks[1]}." if marks[1] else "."
    else:
        fr += f" Compatible avec une mise en scène{NARROW}: {marks[0]}."
        en += f" Consistent with staging: {marks[1]}."
    fr += (
        f" Part sans aucun des signes cherchés{NARROW}: {percent_fr(organic['share'])} "
        f"(entre {percent_fr(organic['low'])} et {percent_fr(organic['high'])})."
    )
    en += (
        f" Share that shows none of the marks looked for: {percent_en(organic['share'])} "
        f"(between {percent_en(organic['low'])} and {percent_en(organic['high'])})."
    )
    course = _course(said)
    fr, en = fr + course[0], en + course[1]
    if history := said.get("history_short"):
        fr += f" Historique court{NARROW}: {number_fr(history['hours'])} h{NARROW}; à prendre avec prudence."
        en += f" Short history: {number_en(history['hours'])} h; to be taken with care."
    if not organic["known_ages"]:
        fr += " L’âge des comptes est inconnu."
        en += " The age of the accounts is unknown."
    checks = joined(_checks(checked))
    return Summary(f"{fr} Vérifié{NARROW}: {checks[0]}.", f"{en} Checked: {checks[1]}.")

"""An account's inhuman pace in words."""

from __future__ import annotations

from typing import Any

from pipeline.detect.finding import Finding
from pipeline.explain.words import (
    NARROW,
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
from schemas.times import HOUR

_INNOCENT = {
    "news_ticker": ("un fil d’information automatique", "a news ticker"),
    "declared_bot": ("un automate déclaré comme tel", "a declared bot"),
    "live_commentary": ("le commentaire d’un événement en direct", "somebody following an event live"),
    "conversation": ("une conversation", "a conversation"),
    "native_reposts": ("des reprises en série", "a series of native reposts"),
}
_CHECKED = {
    "news_ticker": ("fil d’information", "news ticker"),
    "declared_bot": ("automate déclaré", "declared bot"),
    "live_commentary": ("commentaire en direct", "live commentary"),
    "conversation": ("conversation", "conversation"),
    "native_reposts": ("reprises", "native reposts"),
}


def _evidence(said: dict[str, dict[str, Any]]) -> tuple[str, str]:
    fr: list[str] = []
    en: list[str] = []
    if values := said.get("regular_spacing"):
        fr.append(f"intervalles très réguliers (coefficient de variation {number_fr(values['cv'], 2)}")
        en.append(f"very even spacing (coefficient of variation {number_en(values['cv'], 2)}")
        if values["clock_lock"] >= 0.3:
            fr[-1] += f", mêmes minutes d’une heure à l’autre à {percent_fr(values['clock_lock'])}"
            en[-1] += f", same minutes from hour to hour {percent_en(values['clock_lock'])}"
        fr[-1] += ")"
        en[-1] += ")"
    if values := said.get("sleepless"):
        active, hours = values["active_hours"], values["hours"]
        fr.append(f"aucune nuit de sommeil (actif {number_fr(active)} h sur {number_fr(hours)})")
        en.append(f"no night’s sleep (active in {number_en(active)} of {number_en(hours)} hours)")
    if (values := said.get("pace")) and values["extreme"]:
        fr.append("une cadence qu’aucune main ne tient")
        en.append("a pace that no hand keeps")
    return ", ".join(fr), ", ".join(en)


def _platform(said: dict[str, dict[str, Any]]) -> tuple[str, str]:
    """What is usual on the platform, or that little is known of it."""
    values = said.get("platform_habit") or said["platform_unknown"]
    accounts, days = values["accounts"], values["days"]
    seen_fr = f"{plural_fr(accounts, 'compte', 'comptes')} par jour sur {plural_fr(days, 'jour', 'jours')}"
    seen_en = f"{plural_en(accounts, 'account', 'accounts')} a day over {plural_en(days, 'day', 'days')}"
    if "platform_habit" not in said:
        if not days:
            return (
                f"Les habitudes de la plateforme ne sont pas encore connues{NARROW}: seuils fixes.",
                "What is usual on the platform is not known yet: fixed thresholds.",
            )
        return (
            f"Les habitudes de la plateforme sont encore mal connues ({seen_fr}){NARROW}: seuils fixes.",
            f"Little is known yet of what is usual on the platform ({seen_en}): fixed thresholds.",
        )
    median, high, rare = values["median"], values["high"], round(1 / values["share"])
    return (
        f"Sur cette plateforme, dans l’heure la plus chargée de sa journée, le compte médian écrit "
        f"{plural_fr(median, 'message', 'messages')} et un compte sur {number_fr(rare)} environ "
        f"en écrit {number_fr(high)} ou plus ({seen_fr}).",
        f"On this platform, in the fullest hour of its day, the median account makes "
        f"{plural_en(median, 'post', 'posts')} and about one account in {number_en(rare)} makes "
        f"{number_en(high)} or more ({seen_en}).",
    )


def summary(finding: Finding) -> Summary:
    """What, since when, against what is usual, why it is or is not suspicious, and what was checked."""
    said = {reason.code: reason.values for reason in finding.reasons}
    checked = {reason.code: reason.values for reason in finding.ruled_out}
    hours = (finding.end + 1 - finding.start) // HOUR
    posts, peak = finding.posts.count, finding.observed
    platform = cut(finding.subject.platform, 40)
    fr = (
        f"Le compte {quote_fr(finding.subject.id, 60)} ({platform}){NARROW}: "
        f"{plural_fr(posts, 'message', 'messages')} en {number_fr(hours)} h, "
        f"depuis le {moment_fr(finding.first_seen)}, jusqu’à {number_fr(peak)} en une heure"
    )
    en = (
        f"The account {quote_en(finding.subject.id, 60)} ({platform}): {plural_en(posts, 'post', 'posts')} "
        f"in {number_en(hours)} h, since {moment_en(finding.first_seen)}, up to {number_en(peak)} in one hour"
    )
    if habit := said.get("habit"):
        fr += f", contre {number_fr(habit['posts_per_hour'])} dans ses heures actives ordinaires."
        en += f", against {number_en(habit['posts_per_hour'])} in its usual busy hours."
    else:
        most = said["habit_unknown"]["at_most"]
        fr += f"{NARROW}; rien ne montre qu’il dépasse d’ordinaire {number_fr(most)} par heure."
        en += f"; nothing shows that it usually goes beyond {number_en(most)} an hour."
    usual = _platform(said)
    fr, en = f"{fr} {usual[0]}", f"{en} {usual[1]}"
    evidence = _evidence(said)
    holds = [code for code, values in checked.items() if values["holds"]]
    if finding.severity == "info":
        innocent_fr, innocent_en = joined((_INNOCENT[code] for code in holds), (" ou ", " or "))
        if innocent_fr:
            fr += f" Compatible avec {innocent_fr}."
            en += f" Consistent with {innocent_en}."
        else:
            fr += f" La cadence seule ne prouve rien{NARROW}: compatible avec une personne très active."
            en += " Pace alone proves nothing: consistent with a very active person."
        if evidence[0]:
            fr += f" À noter{NARROW}: {evidence[0]}."
            en += f" To be noted: {evidence[1]}."
    else:
        fr += f" Compatible avec une publication automatique{NARROW}: {evidence[0]}."
        en += f" Consistent with automatic posting: {evidence[1]}."
    failed_fr, failed_en = joined(_CHECKED[code] for code in checked if code not in holds)
    if failed_fr:
        fr += f" Explications vérifiées et non retenues{NARROW}: {failed_fr}."
        en += f" Checked and not borne out: {failed_en}."
    return Summary(fr, en)

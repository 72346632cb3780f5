"""A platform-wide move in words: how many pages, how much, and that no page did it."""

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
)
from schemas.alerts import Summary


def is_platform_wide(finding: Finding) -> bool:
    """Whether the finding speaks of a platform, not of a page."""
    return any(one.code in ("platform_wide_loss", "platform_wide_gain") for one in finding.reasons)


def summary(finding: Finding) -> Summary:
    """What happened, how much of it was undone, and what it means for the pages."""
    values, loss = finding.reasons[0].values, finding.reasons[0].code == "platform_wide_loss"
    platform = cut(finding.subject.platform, 40)
    pages, judged, fans = values["pages"], values["judged"], values["fans"]
    lost_fr, lost_en = ("perdu", "lost") if loss else ("gagné", "gained")
    fr = [
        f"Entre le {moment_fr(finding.start)} et le {moment_fr(finding.end)}, "
        f"{plural_fr(pages, 'page', 'pages')} de {platform} sur {number_fr(judged)} suivies ont {lost_fr} ensemble "
        f"{plural_fr(fans, 'fan', 'fans')} hors de leur rythme, soit {_share_fr(values['share'])} des leurs "
        f"({_share_fr(values['median_share'])} pour la page médiane)\N{NARROW NO-BREAK SPACE}; "
        f"{number_fr(values['same_way'])} en tout ont {lost_fr} des fans ce jour-là."
    ]
    en = [
        f"Between {moment_en(finding.start)} and {moment_en(finding.end)}, {plural_en(pages, 'page', 'pages')} of "
        f"{platform}, of {number_en(judged)} watched, together {lost_en} {plural_en(fans, 'fan', 'fans')} beyond "
        f"their usual pace, {_share_en(values['share'])} of theirs ({_share_en(values['median_share'])} for the "
        f"median page); {number_en(values['same_way'])} in all {lost_en} fans that day."
    ]
    undone = next((one.values for one in finding.reasons if one.code == "partly_undone"), None)
    if undone is not None:
        back_fr, back_en = ("revenue", "came back") if loss else ("repartie", "went away again")
        fr.append(f"Une part, {_share_fr(undone['share'])}, est {back_fr} dans les jours suivants.")
        en.append(f"Some of it, {_share_en(undone['share'])}, {back_en} in the days after.")
    if loss:
        fr.append(
            "Tant de pages le même jour, c’est la plateforme qui retire des comptes, non une affaire de l’une "
            "d’elles."
        )
        en.append(
            "So many pages on one day: it is the platform that removes accounts, no matter of any one of them."
        )
    else:
        fr.append(
            "Tant de pages le même jour, c’est la plateforme qui rend des comptes, ou une actualité qui les touche "
            f"toutes{NARROW}; rien n’indique un achat par l’une d’elles."
        )
        en.append(
            "So many pages on one day: it is the platform that restores accounts, or news that concerns them all; "
            "nothing points to a purchase by any one of them."
        )
    return Summary(" ".join(fr), " ".join(en))


def _share_fr(share: float) -> str:
    return f"{number_fr(100 * share, 1)}{NARROW}%"


def _share_en(share: float) -> str:
    return f"{number_en(100 * share, 1)}%"

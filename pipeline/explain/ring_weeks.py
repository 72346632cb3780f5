"""coordinated_accounts that were seen over weeks, in words."""

from __future__ import annotations

from pipeline.detect.finding import Finding
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
)
from schemas.alerts import Summary


def summary(finding: Finding) -> Summary:
    """Who is linked, how widely, and what they have in common beyond their interests."""
    said = {reason.code: reason.values for reason in finding.reasons}
    weak = said["weak_links"]
    count, days, platforms = weak["accounts"], weak["days"], weak["platforms"]
    names = ", ".join(cut(name, 40) for name in list(platforms)[:5])
    fr = (
        f"{plural_fr(count, 'compte', 'comptes')} ({names}) ont entre eux plus de points communs que n’en donnerait "
        f"le hasard, sur {plural_fr(days, 'jour', 'jours')} depuis le {moment_fr(finding.first_seen)}{NARROW}: "
        f"{plural_fr(weak['pairs'], 'paire liée', 'paires liées')} sur {number_fr(weak['of'])} possibles."
    )
    en = (
        f"{plural_en(count, 'account', 'accounts')} ({names}) have more in common than chance would give, over "
        f"{plural_en(days, 'day', 'days')} from {moment_en(finding.first_seen)}: "
        f"{plural_en(weak['pairs'], 'linked pair', 'linked pairs')} of {number_en(weak['of'])} possible."
    )
    signs: list[tuple[str, str]] = []
    if made := said.get("made_together"):
        n, of, within = made["accounts"], made["of"], round(made["days"])
        signs.append(
            (
                f"{number_fr(n)} sur {number_fr(of)} créés en {plural_fr(within, 'jour', 'jours')}",
                f"{number_en(n)} of {number_en(of)} made within {plural_en(within, 'day', 'days')}",
            )
        )
    if alike := said.get("named_alike"):
        n = alike["accounts"]
        signs.append(
            (f"{number_fr(n)} noms bâtis sur le même modèle", f"{number_en(n)} names of one pattern")
        )
    if words := said.get("same_words"):
        n = words["texts"]
        signs.append(
            (
                f"{plural_fr(n, 'texte repris', 'textes repris')} entre eux",
                f"{plural_en(n, 'text', 'texts')} of one said again by others",
            )
        )
    listed_fr, listed_en = joined(signs)
    fr += (
        f" Au-delà de leurs centres d’intérêt{NARROW}: {listed_fr}. C’est compatible avec des comptes pilotés "
        f"ensemble. Vérifié et écarté{NARROW}: un simple intérêt commun."
    )
    en += (
        f" Beyond their interests: {listed_en}. This is consistent with accounts run together. "
        "Checked and ruled out: a mere interest in common."
    )
    return Summary(fr, en)

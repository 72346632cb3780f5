"""An alert as a message for people: French or English, one line of headline, one paragraph."""

from __future__ import annotations

from pipeline.explain.words import NARROW, moment_en, moment_fr, number_en, number_fr
from pipeline.notify.quota import Held
from schemas.alerts import SEVERITIES, Alert, Severity

_KINDS = {
    "fr": {
        "burst": "volume inhabituel",
        "author_burst": "cadence d’un compte",
        "copy_paste": "copies en nombre",
        "fan_spike": "afflux d’abonnés",
        "coordinated_accounts": "comptes coordonnés",
        "fake_fans": "faux fans",
        "pile_on": "meute",
        "source_silent": "source muette",
    },
    "en": {
        "burst": "unusual volume",
        "author_burst": "an account's pace",
        "copy_paste": "copies in number",
        "fan_spike": "influx of followers",
        "coordinated_accounts": "coordinated accounts",
        "fake_fans": "fake fans",
        "pile_on": "pile-on",
        "source_silent": "silent source",
    },
}
_SEVERITIES = {
    "fr": {"info": "information", "warning": "attention", "error": "grave", "critical": "critique"},
    "en": {"info": "info", "warning": "warning", "error": "serious", "critical": "critical"},
}
_STATUS = {
    "fr": {"open": "nouvelle", "updated": "suite", "closed": "close"},
    "en": {"open": "new", "updated": "update", "closed": "closed"},
}


def safe(text: str) -> str:
    """Without control characters: what people posted must not steer a terminal or a chat."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)


_CALLS = str.maketrans({"@": "@\u200b", "<": "<\u200b"})


def uncalling(text: str) -> str:
    """A message that calls nobody and links nowhere, whatever it quotes: @everyone, <!channel>, <@U1>, [text](address).
    An invisible blank stands behind the sign that would do it."""
    return text.translate(_CALLS).replace("](", "]\u200b(")


_SEVERAL = {"fr": "plusieurs plateformes", "en": "several platforms"}


def headline(alert: Alert, language: str) -> str:
    """Severity, kind, subject, status."""
    name, platform = alert.subject.name or alert.subject.id, alert.subject.platform
    place = _SEVERAL[language] if platform == "*" else platform
    return safe(
        f"[{_SEVERITIES[language][alert.severity]}] {_KINDS[language][alert.kind]} · {name} ({place})"
        f" · {_STATUS[language][alert.status]}"
    )


def body(alert: Alert, language: str) -> str:
    """The paragraph."""
    return safe(alert.summary.fr if language == "fr" else alert.summary.en)


def held_back(held: Held, language: str) -> str:
    """One line for all that was held back."""
    number = held.kinds.total()
    parts = [
        f"{number_fr(count) if language == 'fr' else number_en(count)} {_KINDS[language][kind]}"
        for kind, count in sorted(held.kinds.items())
    ]
    if language == "fr":
        what = "autre alerte retenue" if number == 1 else "autres alertes retenues"
        return (
            f"{number_fr(number)} {what} entre le {moment_fr(held.start)} et le {moment_fr(held.end)}{NARROW}: "
            f"{', '.join(parts)}. Rien n’est perdu{NARROW}: `vigie alerts` les montre toutes."
        )
    what = "other alert" if number == 1 else "other alerts"
    return (
        f"{number_en(number)} {what} held back between {moment_en(held.start)} and {moment_en(held.end)}: "
        f"{', '.join(parts)}. Nothing is lost: `vigie alerts` shows all of them."
    )


def at_least(alert: Alert, severity: Severity) -> bool:
    """The alert is at least so severe."""
    return SEVERITIES.index(alert.severity) >= SEVERITIES.index(severity)

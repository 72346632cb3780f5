"""Numbers and moments as people write them, in French and in English."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.times import DAY, HOUR, MINUTE, SECOND, Micros, to_datetime

_MONTHS_FR = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]
_MONTHS_EN = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
Pair = tuple[str, str]
"""The same in French and in English."""

NARROW = "\u202f"
"""The narrow no-break space: between thousands and before high punctuation in French."""


def joined(pairs: Iterable[Pair], between: Pair = (", ", ", ")) -> Pair:
    """What was said piece by piece, as one enumeration in each language."""
    said = list(pairs)
    return between[0].join(fr for fr, _ in said), between[1].join(en for _, en in said)


def number_fr(value: float, digits: int = 0) -> str:
    """1 234,5 with a narrow no-break space."""
    return f"{value:,.{digits}f}".replace(",", NARROW).replace(".", ",")


def number_en(value: float, digits: int = 0) -> str:
    """1,234.5"""
    return f"{value:,.{digits}f}"


def percent_fr(share: float) -> str:
    """A share of 1 as « 12 % »."""
    return f"{number_fr(100 * share)}{NARROW}%"


def percent_en(share: float) -> str:
    """A share of 1 as 12%."""
    return f"{number_en(100 * share)}%"


def moment_fr(at: Micros) -> str:
    """« 2 décembre 2015 à 14 h 05 UTC »"""
    t = to_datetime(at)
    day = "1er" if t.day == 1 else str(t.day)
    return f"{day} {_MONTHS_FR[t.month - 1]} {t.year} à {t.hour} h {t.minute:02d} UTC"


def moment_en(at: Micros) -> str:
    """2 December 2015 at 14:05 UTC"""
    t = to_datetime(at)
    return f"{t.day} {_MONTHS_EN[t.month - 1]} {t.year} at {t.hour:02d}:{t.minute:02d} UTC"


def _span(length: Micros) -> tuple[int, str]:
    for unit, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (SECOND, "second")):
        if length >= 2 * unit or (length >= unit and unit <= MINUTE):
            return round(length / unit), name
    return round(length / SECOND), "second"


def span_fr(length: Micros) -> str:
    """« 6 minutes »"""
    count, name = _span(length)
    word = {"day": "jour", "hour": "heure", "minute": "minute", "second": "seconde"}[name]
    return f"{number_fr(count)} {word}{'s' if count >= 2 else ''}"


def span_en(length: Micros) -> str:
    """6 minutes"""
    count, name = _span(length)
    return f"{number_en(count)} {name}{'' if count == 1 else 's'}"


def plural_fr(count: float, one: str, many: str) -> str:
    """« 1 compte », « 97 comptes »: in French the plural begins at two."""
    return f"{number_fr(count)} {many if count >= 2 else one}"


def plural_en(count: float, one: str, many: str) -> str:
    """1 account, 97 accounts"""
    return f"{number_en(count)} {one if count == 1 else many}"


def quote_fr(text: str, limit: int = 100) -> str:
    """« text », cut at `limit` characters, on one line."""
    return f"«{NARROW}{cut(text, limit)}{NARROW}»"


def quote_en(text: str, limit: int = 100) -> str:
    """“text”, cut at `limit` characters, on one line."""
    return f"“{cut(text, limit)}”"


def cut(text: str, limit: int) -> str:
    """One line, without control characters, at most `limit` characters."""
    line = "".join(c if c.isprintable() else " " for c in " ".join(text.split()))
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"

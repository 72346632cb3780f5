"""The brute-force check of alerts: it bears out copies, and nothing that only begins alike."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.detect.copy_parameters import CopyParameters
from schemas.times import HOUR, MINUTE, Micros, format_time
from tests.eval.oracle import Row, confirmed, copiers, unconfirmed

START: Micros = 1_772_535_600_000_000
TEXT = "le nouveau parfum de la maison sent vraiment bon"


def rows(texts: list[str], apart: Micros = MINUTE, authors: int = 100) -> list[Row]:
    return [(START + n * apart, f"a{n % authors}", text) for n, text in enumerate(texts)]


def alert(severity: str, ids: list[str]) -> dict[str, Any]:
    parameters = msgspec.structs.asdict(CopyParameters())
    return {
        "alert_id": f"of {ids[0]}",
        "kind": "copy_paste",
        "severity": severity,
        "posts": {"ids": ids},
        "detector": {"parameters": parameters},
    }


def test_authors_count_within_the_stretch_of_time() -> None:
    """Different authors of near texts, whatever their case, links and mentions; others and repeats do not count."""
    salted = [
        TEXT,
        TEXT.upper(),
        f"@a {TEXT} https://a.example/1",
        f"[id12ab|Marie], {TEXT} !",
        f"très {TEXT}",
    ]
    assert copiers(rows(salted), HOUR) == 5
    assert copiers(rows(salted, HOUR), HOUR) == 3
    assert copiers(rows(salted * 3, authors=2), HOUR) == 2
    assert copiers(rows([*salted, "quelle honte ce service client ne répond jamais"]), HOUR) == 5
    assert copiers(rows(["bonne nuit"] * 9), HOUR) == 0


def test_answers_to_one_person_are_no_copies() -> None:
    """What a forum writes in front of every answer is not what people wrote."""
    answers = [
        f"[id31dc7412912852fe51df3a4c5df01f27|Marie-Antoinette], {word}"
        for word in (
            "merci beaucoup pour tout",
            "je ne suis pas d'accord du tout",
            "et pourquoi donc ce soir",
            "oui",
        )
    ]
    assert not confirmed(alert("warning", ["x"]), rows(answers * 3))
    assert confirmed(alert("warning", ["x"]), rows([f"[id1|Marie], {TEXT}"] * 5))


def test_slow_campaigns_need_more_accounts() -> None:
    """Five within an hour, ten within a day or a week."""
    one = alert("warning", ["x"])
    assert confirmed(one, rows([TEXT] * 5, 10 * MINUTE))
    assert not confirmed(one, rows([TEXT] * 9, 2 * HOUR))
    assert confirmed(one, rows([TEXT] * 10, 2 * HOUR))
    assert not confirmed(one, rows([TEXT] * 10, 200 * HOUR))


def test_only_loud_alerts_of_copies_are_checked() -> None:
    """Alerts of severity info, and of other kinds, are left alone."""
    words = ("ciel", "route", "jardin", "fenêtre", "musique")
    posts = {
        f"p{n}": {"created_at": format_time(START + n), "author_id": f"a{n}", "text": 9 * f"{word} {n} "}
        for n, word in enumerate(words)
    }
    ids = list(posts)
    other = {**alert("warning", ids), "kind": "burst"}
    assert unconfirmed([alert("info", ids), other], posts) == []
    assert unconfirmed([alert("warning", ids)], posts) == ["of p0"]

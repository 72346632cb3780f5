"""Innocent copies through the whole detection core: named, and not alarmed; the same text by operators is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pipeline.backtest import Backtest
from pipeline.connect.files import stamp
from pipeline.demo import items
from pipeline.detect.copy_parameters import CopyParameters
from pipeline.detect.parameters import Parameters
from pipeline.scenario.generate import START
from schemas.alerts import Alert
from schemas.records import Post
from schemas.times import DAY, HOUR, MINUTE, Micros

PRAISE = "Deux semaines avec mon vélo et je ne prends plus la voiture, quelle assistance incroyable"


def made(
    text: str | Callable[[int], str], apart: Micros = 20 * MINUTE, count: int = 12, **fields: Any
) -> list[Post]:
    """One post each of `count` accounts, `apart` from each other."""
    return [
        Post(
            f"p{n}",
            "twitter",
            f"a{n}",
            START + n * apart,
            text if isinstance(text, str) else text(n),
            **{name: value(n) if callable(value) else value for name, value in fields.items()},
        )
        for n in range(count)
    ]


def told(posts: list[Post], parameters: CopyParameters | None = None) -> list[Alert]:
    """The copy_paste alerts of a backtest over these posts."""
    run = Backtest(Parameters(copies=parameters or CopyParameters()))
    run.feed(list(stamp(items(posts))), end=True)
    assert run.counts["posts"].accepted == len(posts)
    return [alert for alert in run.alerts.values() if alert.kind == "copy_paste"]


def site(n: int) -> str:
    return f"https://journal-{n}.example/region/incendie-entrepot-port"


MINUTES_APART = 30_000_000  # microseconds: all of them within a few minutes

INNOCENT = [
    ("reposts", made(f"RT @velo: {PRAISE}", MINUTES_APART)),
    (
        "share_button",
        made("Le maire inaugure la nouvelle piscine https://journal.example/piscine-du-port-2026"),
    ),
    (
        "wire_copy",
        made("PARIS (AFP) - Un incendie a détruit un entrepôt du port dans la nuit", MINUTES_APART),
    ),
    ("wire_copy", made("Пожар уничтожил склад в порту, пострадавших нет (ТАСС)", MINUTES_APART)),
    (
        "wire_copy",
        made(lambda n: f"Un incendie a détruit un entrepôt du port dans la nuit {site(n)}", MINUTES_APART),
    ),
    ("set_phrase", made("Bonne année à tous mes abonnés, santé et bonheur pour vous !", MINUTES_APART)),
    ("set_phrase", made("Joyeux anniversaire à la plus belle chanteuse du monde", MINUTES_APART)),
    ("set_phrase", made("كل عام وأنتم بخير وصحة وسعادة يا أصدقائي الكرام", MINUTES_APART)),
    ("set_phrase", made("あけましておめでとうございます。今年もよろしくお願いします。", MINUTES_APART)),
    ("set_phrase", made("สุขสันต์วันเกิดนะคะ ขอให้มีความสุขมากๆ สุขภาพแข็งแรง", MINUTES_APART)),
    ("quotation", made("« On ne voit bien qu'avec le cœur, l'essentiel est invisible » — Saint-Exupéry")),
    ("quotation", made("“The only way out is through the river we feared to cross” - Ann Lowell #quote")),
    ("quotation", made("🎶 et la nuit s'en va danser sur les toits de la ville endormie 🎶")),
    ("giveaway", made("RT + follow @marque pour gagner le vélo électrique de vos rêves", MINUTES_APART)),
    (
        "app_boilerplate",
        made("I just activated my city bike pass with the Rollo app, join me", MINUTES_APART),
    ),
    ("short_text", made("tout à fait d'accord avec ça", MINUTES_APART)),
]


@pytest.mark.parametrize(
    ("code", "posts"), INNOCENT, ids=[f"{code}-{n}" for n, (code, _) in enumerate(INNOCENT)]
)
def test_innocent_copies_are_named_and_not_alarmed(code: str, posts: list[Post]) -> None:
    """One alert of severity info, which names the explanation."""
    (alert,) = told(posts)
    assert alert.severity == "info"
    assert alert.accounts.count == len(posts)
    assert f"explained_by_{code}" in {reason.code for reason in alert.reasons}
    assert "explication innocente" in alert.summary.fr


OPERATORS = [
    made(PRAISE, MINUTES_APART),
    made(f"« {PRAISE} » Je confirme, achetez le vôtre chez eux dès ce soir", MINUTES_APART),
    made(f"“{PRAISE}”", MINUTES_APART),  # in quotation marks, but all within six minutes
    made(lambda n: f"{PRAISE} https://lien-{n % 3}.example/x{n}", MINUTES_APART),
    made(
        lambda n: f"{PRAISE} https://court-{n}.example/x{n}", MINUTES_APART
    ),  # a shortener each, no articles
    made(f"{PRAISE} https://velo.example/offre-de-printemps-2026", MINUTES_APART),
]


@pytest.mark.parametrize("posts", OPERATORS)
def test_the_same_by_operators_is_alarmed(posts: list[Post]) -> None:
    """No explanation holds for a text that many accounts post within minutes, in quotation marks or with links."""
    (alert,) = told(posts)
    assert alert.severity == "warning"
    assert not any(reason.values["holds"] for reason in alert.ruled_out)


def test_native_reposts_and_quotes_are_not_compared() -> None:
    """Passing on is what the button is for; a hundred of them are no copies. Quotes are compared by their own words."""
    assert told(made(PRAISE, MINUTES_APART, 100, repost_of="original")) == []
    assert told(made(PRAISE, MINUTES_APART, 100, is_repost=True)) == []
    remarks = ("bien vu", "à méditer ce soir", "enfin quelqu'un qui le dit", "et la pluie alors ?")
    assert (
        told(made(lambda n: f"{remarks[n % 4]} https://twitter.example/velo/status/1", MINUTES_APART)) == []
    )


@pytest.mark.parametrize(
    "declared",
    [
        CopyParameters(declared_phrases=("je ne prends plus la VOITURE",)),
        CopyParameters(declared_urls=("velo.example/offre",)),
        CopyParameters(declared_urls=("https://www.velo.example/offre?utm_source=lettre",)),
        CopyParameters(declared_accounts=tuple(f"a{n}" for n in range(12))),
        CopyParameters(declared_accounts=tuple(f"twitter:a{n}" for n in range(10))),
    ],
)
def test_declared_campaigns_are_named(declared: CopyParameters) -> None:
    """An organisation's own campaign, declared by phrase, link or accounts, is told as such; else alarmed."""
    posts = made(f"{PRAISE} https://velo.example/offre/printemps", MINUTES_APART)
    (alert,) = told(posts, declared)
    assert alert.severity == "info"
    assert "explained_by_declared" in {reason.code for reason in alert.reasons}
    (alert,) = told(posts)
    assert alert.severity == "warning"


def test_what_is_declared_covers_no_other_campaign() -> None:
    """Another phrase, another link, or half of the accounts change nothing."""
    posts = made(f"{PRAISE} https://velo.example/offre/printemps", MINUTES_APART)
    for declared in (
        CopyParameters(declared_phrases=("je prends la voiture", " !!! ")),
        CopyParameters(declared_urls=("autre.example",)),
        CopyParameters(declared_accounts=tuple(f"a{n}" for n in range(6))),
    ):
        (alert,) = told(posts, declared)
        assert alert.severity == "warning"


def test_a_campaign_trickled_over_days_is_found() -> None:
    """Twelve accounts, one post every twelve hours, salted with hashtags: one alert; thirty days are too slow."""

    def text(n: int) -> str:
        return f"{PRAISE}, je recommande à tous #lundi{n}"

    (alert,) = told(made(text, 12 * HOUR))
    assert alert.severity == "warning"
    assert alert.accounts.count == 12
    (reason,) = [reason for reason in alert.reasons if reason.code == "accounts_in_window"]
    assert reason.values == {"accounts": 12, "hours": 168.0}
    assert told(made(text, 3 * DAY)) == []


def test_a_common_sentence_over_a_week_is_no_campaign() -> None:
    """What ten accounts say within a day is alarmed, within a week only when it is long enough to be somebody's own."""
    sentence = "il fait un temps magnifique sur la côte"
    (alert,) = told(made(sentence, 2 * HOUR))
    assert alert.severity == "warning"
    (alert,) = told(made(sentence, 12 * HOUR))
    assert alert.severity == "info"
    assert "explained_by_short_text" in {reason.code for reason in alert.reasons}

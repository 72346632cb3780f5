"""Campaigns: who counts, how grave it is, and each innocent explanation where it holds and where not."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from pipeline.detect.campaigns import Campaigns
from pipeline.detect.clock import FINAL
from pipeline.detect.copies import CopyPost, Link
from pipeline.detect.copy_parameters import CopyParameters
from pipeline.detect.finding import Finding
from pipeline.detect.innocent import densest, likeness
from pipeline.text.phrases import MANUAL_REPOST, REPLY
from schemas.times import HOUR, MINUTE, Micros

START: Micros = 1_772_535_600_000_000
PLAIN = "le nouveau parfum de la maison sent vraiment bon"


def posts(
    count: int = 10,
    text: str | Callable[[int], str] = PLAIN,
    apart: Micros = MINUTE,
    url: str | Callable[[int], str] = "",
    flags: int | Callable[[int], int] = 0,
) -> list[CopyPost]:
    """`count` posts by as many accounts, `apart` from each other."""
    return [
        CopyPost(
            "forum",
            f"p{n}",
            f"a{n}",
            START + n * apart,
            url if isinstance(url, str) else url(n),
            flags if isinstance(flags, int) else flags(n),
            text if isinstance(text, str) else text(n),
        )
        for n in range(count)
    ]


def judged(group: list[CopyPost], parameters: CopyParameters | None = None) -> Finding | None:
    """The closed finding on a chain of these posts."""
    campaigns = Campaigns(parameters or CopyParameters())
    campaigns.add(Link(a, b) for a, b in pairwise(group))
    findings = campaigns.advance(FINAL).findings
    return findings[-1] if findings else None


def far_apart(n: int) -> str:
    """Texts of which each shares words with the next alone."""
    words = [2 * letter + 2 * vowel + letter for letter in "bcdfghjklmnp" for vowel in "aiou"][::4]
    return " ".join(f"{word}{word}" for word in words[n : n + 3])


def mostly(value: int, share: float) -> Callable[[int], int]:
    """A flag that this share of ten posts bears."""
    return lambda n: value if n < 10 * share else 0


EXPLANATIONS = [
    ("reposts", posts(flags=mostly(MANUAL_REPOST, 0.8)), posts(flags=mostly(MANUAL_REPOST, 0.7))),
    # One link, from people at different times; all within minutes is no share button, nor are several links.
    (
        "share_button",
        posts(url="journal.fr/article", apart=20 * MINUTE),
        posts(url="journal.fr/article", apart=MINUTE // 2),
    ),
    (
        "share_button",
        posts(url=lambda n: "journal.fr/article" if n < 8 else "", apart=20 * MINUTE),
        posts(url=lambda n: f"journal.fr/{n % 2}", apart=20 * MINUTE),
    ),
    ("set_phrase", posts(text="Bonne année à tous les amis du village !"), posts()),
    (
        "set_phrase",
        posts(text="Happy birthday dear friends of the club"),
        posts(text="Bonne année. " + 3 * PLAIN),
    ),
    # Agency copy names the agency, or stands on the sites of many outlets.
    ("wire_copy", posts(text="PARIS (AFP) - Un incendie a détruit un entrepôt du port"), posts()),
    (
        "wire_copy",
        posts(url=lambda n: f"journal-{n}.fr/region/incendie-au-port"),
        posts(url=lambda n: f"j{n}.fr/x"),
    ),
    # Somebody's words: people come upon them at different times.
    (
        "quotation",
        posts(text="« Le cœur a ses raisons que la raison ignore » – Pascal", apart=20 * MINUTE),
        posts(text="« Le cœur a ses raisons que la raison ignore » – Pascal", apart=MINUTE // 2),
    ),
    ("giveaway", posts(text="Concours ! RT et follow pour gagner le parfum de la maison"), posts()),
    ("giveaway", posts(text="RT and follow to win the new perfume of the house"), posts()),
    ("app_boilerplate", posts(text="J'ai signé la pétition pour les abeilles, à vous maintenant"), posts()),
    ("app_boilerplate", posts(text="I just earned the night owl badge in the running app"), posts()),
    ("short_text", posts(text="tout à fait d'accord"), posts()),
    # Hashtags beside words are where people meet: they do not make a text longer; three of them are a text.
    (
        "short_text",
        posts(text="tout à fait d'accord #retraites #manif"),
        posts(text="#onlacherien #retraites #manifestation"),
    ),
    ("loose_chain", posts(text=far_apart), posts()),
]


@pytest.mark.parametrize(("code", "innocent", "not_innocent"), EXPLANATIONS)
def test_innocent_explanations(code: str, innocent: list[CopyPost], not_innocent: list[CopyPost]) -> None:
    """Where an explanation holds, it is named, severity is info and the score low; where not, it is ruled out."""
    held = judged(innocent)
    assert held is not None
    assert f"explained_by_{code}" in {reason.code for reason in held.reasons}
    assert held.severity == "info"
    assert next(reason.values["holds"] for reason in held.ruled_out if reason.code == code) is True
    failed = judged(not_innocent)
    assert failed is not None
    assert f"explained_by_{code}" not in {reason.code for reason in failed.reasons}
    assert next(reason.values["holds"] for reason in failed.ruled_out if reason.code == code) is False


def test_every_explanation_is_tried_here() -> None:
    """No explanation is without its pair of examples, and all are reported on every finding."""
    finding = judged(posts())
    assert finding is not None
    # What is declared needs settings: test_innocent_copies.
    tried = {code for code, _, _ in EXPLANATIONS} | {"declared"}
    assert {reason.code for reason in finding.ruled_out} == tried
    assert not any(reason.code.startswith("explained_by_") for reason in finding.reasons)


@pytest.mark.parametrize(
    ("group", "severity"),
    [
        (posts(4), None),
        (posts(5), "warning"),
        (posts(5, apart=20 * MINUTE), None),  # five, but never within the hour
        (posts(9, apart=40 * MINUTE), None),
        (posts(10, apart=40 * MINUTE), "warning"),  # slow, but ten within the day
        (posts(20), "error"),
        (posts(50), "critical"),
    ],
)
def test_severity_follows_the_number_of_accounts(group: list[CopyPost], severity: str | None) -> None:
    """Five accounts within an hour or ten within a day make a campaign; twenty an error, fifty a critical one."""
    finding = judged(group)
    assert (finding.severity if finding else None) == severity


def test_accounts_count_not_posts() -> None:
    """Fifty posts by four accounts are no campaign."""
    group = [CopyPost("forum", f"p{n}", f"a{n % 4}", START + n * MINUTE, "", 0, PLAIN) for n in range(50)]
    assert judged(group) is None


def test_scores_rise_with_accounts_and_fall_with_an_explanation() -> None:
    """More accounts within the hour score higher; what is explained scores low, however large."""
    few, many, explained = judged(posts(5)), judged(posts(30)), judged(posts(30, text="bonne année à tous"))
    assert few is not None
    assert many is not None
    assert explained is not None
    assert 0 < few.score < many.score <= 1
    assert explained.score < few.score


def test_the_same_ids_on_two_platforms_are_two_accounts() -> None:
    """A campaign over several platforms names none, and counts each account of each."""
    group = [
        CopyPost(platform, f"p{n}", f"a{n}", START + n * MINUTE, "", REPLY, PLAIN)
        for n in range(3)
        for platform in ("forum", "micro")
    ]
    finding = judged(group)
    assert finding is not None
    assert finding.subject.platform == "*"
    assert finding.accounts.count == 6


def test_densest_finds_the_first_fullest_stretch() -> None:
    """The most accounts in any span, its beginning and its end; the same account again does not count."""
    at = [0, 50, 55, 60, 200, 210, 220]
    group = [
        CopyPost("forum", f"p{n}", author, START + minute * MINUTE, "", 0, PLAIN)
        for n, (minute, author) in enumerate(zip(at, "abbcdef", strict=True))
    ]
    assert densest(group, HOUR) == (3, START, START + 60 * MINUTE)
    assert densest(group, 30 * MINUTE) == (3, START + 200 * MINUTE, START + 220 * MINUTE)
    assert densest(group[:1], HOUR) == (1, START, START)


def test_likeness_of_copies_and_of_chains() -> None:
    """Copies are all like one of them; of a chain only neighbours are alike."""
    length, cohesion = likeness(posts(30), CopyParameters())
    assert (length, cohesion) == (len(PLAIN), 1.0)
    _, cohesion = likeness(posts(10, text=far_apart), CopyParameters())
    assert cohesion < 0.5

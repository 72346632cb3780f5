"""Texts that many people write without having agreed on it, told by their words, as a set of bits."""

from __future__ import annotations

import re
from typing import Final

from pipeline.text.normalise import Forms, normalise

GREETING: Final = 1
GIVEAWAY: Final = 2
BOILERPLATE: Final = 4
REPLY: Final = 8
MANUAL_REPOST: Final = 16


def _one_of(*phrases: str) -> str:
    """Alternatives of phrases as people write them: normalised text has no accents, and its look-alikes are folded."""
    return "|".join(normalise(phrase).full for phrase in phrases)


# Written against normalised text: no case, no accents, no punctuation, words apart by one space.
_GREETING = re.compile(
    r"\b(?:joyeux (?:noel|anniversaire)|joyeuses (?:fetes|paques)"
    r"|bon (?:anniversaire|week end|weekend|courage|dimanche)"
    r"|bonne (?:journee|nuit|fete|semaine|soiree)|meilleurs voeux|bonne et heureuse"
    r"|(?:bonne|belle|heureuse|joyeuse|douce|excellente|merveilleuse) (?:nouvelle )?annee"
    r"|(?:belles?|douces?|bonnes?|excellentes?|heureuses?) fetes|(?:doux|bon|heureux|beau) noel"
    r"|happy (?:new year|birthday|thanksgiving|easter|mother s day|father s day|halloween|holidays|friday|eid|diwali)"
    r"|merry christmas|good (?:morning|night)|rest in peace|rip|condolences|sinceres condoleances|repose en paix"
    r"|feliz (?:ano nuevo|navidad|cumpleanos)|buenos dias|frohe weihnachten|frohes neues jahr|guten morgen"
    r"|eid mubarak|ramadan (?:kareem|mubarak)|"
    + _one_of(
        "с новым годом",
        "с днем рождения",
        "с добрым утром",
        "с рождеством",
        "доброе утро",
        "спокойной ночи",
        "с праздником",
        "كل عام وأنتم بخير",
        "عيد مبارك",
        "رمضان كريم",
        "صباح الخير",
        "مساء الخير",
        "عيد سعيد",
    )
    + r")\b|"
    + _one_of(
        "あけましておめでとう",
        "明けましておめでとう",
        "お誕生日おめでとう",
        "おはようございます",
        "メリークリスマス",
        "おやすみなさい",
        "สุขสันต์วันเกิด",
        "สวัสดีปีใหม่",
        "สวัสดีตอนเช้า",
        "新年快乐",
        "生日快乐",
    )
)
_GIVEAWAY = re.compile(
    r"\b(?:concours|giveaway|(?:rt|retweet\w*|repost\w*|partage\w*|like\w*) "
    r"(?:and|et|plus|to|pour|\w+ ){0,3}(?:follow|win|gagner|tenter)"
    r"|(?:follow|suivez?|abonne\w*) .{0,40}\b(?:rt|retweet\w*|partage\w*)|tirage au sort|chance to win|sorteo|"
    + _one_of("розыгрыш", "конкурс репостов")
    + r")\b|"
    + _one_of("プレゼント企画", "フォロー&RT", "フォローとリツイート", "リポストで応募", "แจกฟรี", "ลุ้นรับ")
)
_BOILERPLATE = re.compile(
    r"\b(?:i (?:just )?(?:activated|earned|unlocked|voted|signed|liked a|added a video"
    r"|posted a (?:new )?(?:photo|video)|checked in)"
    r"|i just (?:completed|joined|backed|finished|scored|reached level|ran \d+)"
    r"|je viens (?:d activer|de debloquer|de terminer|de gagner|de signer|de rejoindre)"
    r"|j ai (?:signe|vote|aime une|debloque|active|obtenu) .{0,20}(?:petition|video|badge|niveau|trophee|succes)"
    r"|(?:signez|sign) (?:la|the|cette|this) petition"
    r"|my (?:daily|week on) (?:stats|twitter)|via (?:youtube|change org|lemonde)"
    r"|people followed me|new followers? and|automatically checked by)\b"
)
_MANUAL_REPOST = re.compile(r"^\W*RT\s*:?\s*@", re.IGNORECASE)


def post_flags(text: str, reply: bool) -> int:
    """The bits that each post has of its own."""
    flags = REPLY if reply else 0
    return flags | MANUAL_REPOST if _MANUAL_REPOST.match(text) else flags


def phrase_flags(forms: Forms) -> int:
    """The bits that a text's wording gives, the same for all its copies."""
    flags = GREETING if _GREETING.search(forms.full) else 0
    if _GIVEAWAY.search(forms.full):
        flags |= GIVEAWAY
    if _BOILERPLATE.search(forms.full):
        flags |= BOILERPLATE
    return flags

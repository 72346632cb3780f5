"""What copyists change cheaply is taken away; what people write without agreement is recognised; links are one."""

from __future__ import annotations

import pytest

from pipeline.detect.post_step import targets
from pipeline.text.contract import to_contract
from pipeline.text.enrich import enrich
from pipeline.text.language import language
from pipeline.text.normalise import MAX_COMPARED, Forms, normalise
from pipeline.text.phrases import (
    BOILERPLATE,
    GIVEAWAY,
    GREETING,
    MANUAL_REPOST,
    REPLY,
    phrase_flags,
    post_flags,
)
from pipeline.text.urls import canonical, domain, links
from schemas.records import Post

PLAIN = "le parfum de la maison"


@pytest.mark.parametrize(
    "text",
    [
        "Le parfum de la maison",
        "LE PARFUM DE LA MAISON !!!",
        "  le   parfum\n de\tla maison…",
        "«Le parfum» de la – maison.",
        "le parfum de la maison 😀🔥",
        "le\u200b par\u200dfum de la mai\ufeffson",
        "le p\u0430rfum d\u0435 la m\u0430ison",  # Cyrillic а and е
        "L\u0415 P\u0410RFUM D\u0415 LA M\u0410IS\u039f\u039d",  # Cyrillic Е and А, Greek Ο and Ν
        "ｌｅ ｐａｒｆｕｍ ｄｅ ｌａ ｍａｉｓｏｎ",
        "le_parfum_de_la_maison",
        "@marie le parfum de la maison",
        "le parfum de la maison https://exemple.fr/a?b=c",
        "http://exemple.fr le parfum www.exemple.fr/x de la maison",
        "le parfum de @jean.dupont-31 la maison",
        "HTTPS://EXEMPLE.FR/A le parfum de la maison",
    ],
)
def test_cheap_changes_are_taken_away(text: str) -> None:
    """Case, space, punctuation, emoji, look-alikes, zero-width letters, links and mentions make no difference."""
    assert normalise(text) == Forms(PLAIN, PLAIN)


def test_hashtags_stay_in_one_form_and_go_from_the_other() -> None:
    """`full` keeps the words of hashtags, `bare` does not; a text that is only hashtags has an empty `bare`."""
    assert normalise("le parfum #Maison #bon_plan") == Forms("le parfum maison bon plan", "le parfum")
    assert normalise("#Maison #Parfum") == Forms("maison parfum", "")
    assert normalise("n# 5 # 6") == Forms("n 5 6", "n 5 6")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("été", "ete"),
        ("e\u0301te\u0301", "ete"),
        ("œuvre", "oeuvre"),
        ("naïve", "naive"),
        ("hôpital", "hopital"),
        ("Ve\u0301\u0302\u0308lo", "velo"),
    ],
)
def test_accents_are_taken_away(text: str, expected: str) -> None:
    """Copyists leave accents out or put some in, in either Unicode form of writing them."""
    assert normalise(text).full == expected
    assert normalise(text.upper()).full == expected


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("كتاب", "كِتَابٌ"),  # vowel signs
        ("يكتبون على كل شيء", "یکتبون علی کل شیء"),  # Persian letters that look the same
        ("جميل", "جـــميل"),  # tatweel
        ("แดง", "เเดง"),  # one letter, and two that look like it
        ("น้ำ", "น้ํา"),
        ("カタカナ", "ｶﾀｶﾅ"),
        ("リボン", "りボン"),
        ("ロボット工学", "口ボットエ学"),
        ("мёд", "мед"),
        ("скоро весна", "cкopo вecнa"),  # Latin letters
    ],
)
def test_ways_to_write_one_word(text: str, other: str) -> None:
    """Scripts other than Latin have cheap changes of their own."""
    assert normalise(text) == normalise(other)


@pytest.mark.parametrize(
    "text",
    [
        "[id31dc7412|Jean-P.], le parfum de la maison",
        "le parfum bit.example/x7Yz de la maison",
        "le parfum de la maison WWW.exemple.fr/a",
        "@a@exemple.social le parfum de la maison",
        5000 * "\u200b" + "le par" + 5000 * "\u2060" + "fum de la maison",
    ],
)
def test_whom_it_calls_and_where_it_points_goes_in_any_form(text: str) -> None:
    """Forum markup, federated names and links without scheme are no text; invisible padding does not fill the part that
    is compared."""
    assert normalise(text).full == PLAIN


def test_a_list_of_people_says_their_names() -> None:
    """Mentions are the text of a post that is little else; not of an answer, which carries those of all who talk."""
    listed = normalise("#ff @marie @jean_dupont @paulette https://exemple.fr/a")
    assert listed == Forms("ff marie jean dupont paulette", "marie jean dupont paulette")
    assert normalise("bravo @marie @jean") == Forms("bravo", "bravo")
    assert normalise("bravo @marie @marie @marie") == Forms("bravo", "bravo")
    assert normalise("@marie @jean_dupont @paulette bravo") == Forms("bravo", "bravo")
    assert normalise(f"@marie @jean_dupont @paulette {PLAIN}") == Forms(PLAIN, PLAIN)
    assert normalise(f"{PLAIN} @marie @jean_dupont @paulette") == Forms(PLAIN, PLAIN)


@pytest.mark.parametrize("text", ["НОВЫЙ ГОД В РОССИИ", "ΚΑΛΗΜΕΡΑ ΣΕ ΟΛΟΥΣ", "ĀRIS UN ŪDENS"])
def test_case_of_other_alphabets(text: str) -> None:
    """Letters that are like other ones as capitals than as small ones still have no case."""
    assert normalise(text) == normalise(text.lower()) == normalise(text.title())


@pytest.mark.parametrize("text", ["", " ", "!!!", "😀", "https://exemple.fr", "@marie", "\u200b"])
def test_nothing_may_be_left(text: str) -> None:
    """Texts without words are empty in both forms."""
    assert normalise(text) == Forms("", "")


def test_long_texts_are_compared_by_their_beginning() -> None:
    """Beyond `MAX_COMPARED` characters nothing counts."""
    assert normalise("a" * MAX_COMPARED + " end") == normalise("a" * MAX_COMPARED)


def test_an_address_with_at_sign_is_no_sentence() -> None:
    """A mention takes its whole handle with it."""
    assert normalise("merci @marie_d-31.bsky.social pour tout").full == "merci pour tout"


@pytest.mark.parametrize(
    "text",
    [
        "Joyeux Noël à tous",
        "JOYEUX ANNIVERSAIRE Léa !",
        "Bonne année 2026 🎉",
        "Très belle et heureuse année à vous tous, et surtout la santé",
        "Belles fêtes de fin d'année",
        "Doux Noël à vos familles",
        "bonne nuit les amis",
        "Meilleurs vœux",
        "Happy New Year!!!",
        "happy mother's day",
        "Merry Christmas everyone",
        "good morning twitter",
        "С Новым годом!",
    ],
)
def test_greetings(text: str) -> None:
    """Set phrases of French, English and Russian."""
    assert phrase_flags(normalise(text)) & GREETING


@pytest.mark.parametrize(
    "text",
    [
        "Grand concours pour gagner un parfum",
        "RT et follow pour gagner",
        "RT + follow @marque pour tenter de gagner",
        "Follow us and RT for a chance to win",
        "GIVEAWAY time",
        "Tirage au sort dimanche",
    ],
)
def test_giveaways(text: str) -> None:
    """Contests that ask for shares."""
    assert phrase_flags(normalise(text)) & GIVEAWAY


@pytest.mark.parametrize(
    "text",
    [
        "J'ai signé la pétition pour les abeilles",
        "Signez la pétition",
        "I just earned the night owl badge",
        "I liked a YouTube video",
        "My week on Twitter: 3 likes",
        "une bonne lecture via @YouTube via YouTube",
    ],
)
def test_boilerplate(text: str) -> None:
    """What applications post in people's names."""
    assert phrase_flags(normalise(text)) & BOILERPLATE


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        "Le concert a été repoussé",
        "He will follow the road",
        "quelle année difficile",
        "grippe aviaire en Vendée",
        "I just wanted to say that the video was bad",
        "la pétition n'a servi à rien",
    ],
)
def test_ordinary_sentences_bear_no_flag(text: str) -> None:
    """Words that occur in set phrases do not make one."""
    assert phrase_flags(normalise(text)) == 0


def test_flags_of_posts() -> None:
    """Replies are told by their field, manual reposts by how they begin."""
    assert post_flags("bonjour", reply=True) == REPLY
    assert post_flags("RT @marie: bonjour", reply=False) == MANUAL_REPOST
    assert post_flags("“rt @marie bonjour", reply=True) == MANUAL_REPOST | REPLY
    assert post_flags("start @marie", reply=False) == 0
    assert post_flags("ART @marie", reply=False) == 0


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://www.LeMonde.fr/Article/", "lemonde.fr/Article"),
        ("http://lemonde.fr:80/a", "lemonde.fr/a"),
        ("https://lemonde.fr:8443/a", "lemonde.fr:8443/a"),
        ("https://lemonde.fr/a?utm_source=x&utm_medium=y&id=7#haut", "lemonde.fr/a?id=7"),
        ("https://lemonde.fr/a?fbclid=1&XTOR=2", "lemonde.fr/a"),
        ("https://lemonde.fr/?q=%C3%A9t%C3%A9&empty=", "lemonde.fr?q=%C3%A9t%C3%A9&empty="),
        ("https://jean:secret@lemonde.fr/a", "lemonde.fr/a"),
        ("https://lemonde.fr", "lemonde.fr"),
        ("not a link", "not a link"),
        ("https://", "https://"),
        ("https://[broken", "https://[broken"),
        ("https://lemonde.fr:port/a", "https://lemonde.fr:port/a"),
    ],
)
def test_links_are_written_one_way(link: str, expected: str) -> None:
    """Scheme, "www.", case of the host, trackers, fragments, user names and end slashes say nothing."""
    assert canonical(link) == expected


def test_links_of_a_post() -> None:
    """Declared links win; else those in the text, without the punctuation behind them, each once."""
    text = "Lire https://a.fr/1, puis (Https://www.a.fr/1) et «http://b.fr/2»."
    assert links(text) == ("a.fr/1", "b.fr/2")
    assert links(text, ("https://c.fr/3?utm_source=x",)) == ("c.fr/3",)
    assert links("Http://a.fr") == ("a.fr",)
    assert links("rien ici") == ()


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("lemonde.fr/a", "lemonde.fr"),
        ("blogs.lemonde.fr:8080/a", "lemonde.fr"),
        ("news.bbc.co.uk", "bbc.co.uk"),
        ("127.0.0.1/x", "127.0.0.1"),
        ("localhost", "localhost"),
        ("", ""),
    ],
)
def test_registered_domains(link: str, expected: str) -> None:
    """The domain somebody owns, or the host where there is none."""
    assert domain(link) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("quelle honte ce service client personne ne répond jamais", "fr"),
        ("what a shame nobody ever answers at this company", "en"),
        ("ok", ""),
        ("", ""),
    ],
)
def test_languages(text: str, expected: str) -> None:
    """French and English are told apart; a text too short has none."""
    assert language(text) == expected


def test_where_a_post_counts() -> None:
    """Its target, else its hashtags as declared, else those in its text; five at the most, each once."""
    post = Post("1", "forum", "a", 0, "un #Deux #deux #trois #4 #cinq #six #sept")
    assert targets(enrich(post)) == ("#deux", "#trois", "#cinq", "#six")
    post.hashtags = ("#Un", "un", "Deux")
    assert targets(enrich(post)) == ("#un", "#deux")
    post.target = "page"
    assert targets(enrich(post)) == ("page",)


def test_an_enriched_post_says_what_it_was_made_of() -> None:
    """The contract's fields are there, the unknown ones kept, and equal normalised texts have equal fingerprints."""
    one = Post(
        "1", "forum", "a", 1_772_535_600_000_000, "Quelle honte, ce service client https://a.fr/1?fbclid=2"
    )
    one.extra = {"mood": "bad"}
    two = Post("2", "forum", "b", 1_772_535_600_000_000, "QUELLE HONTE CE SERVICE CLIENT")
    record = to_contract(enrich(one, late=True))
    assert record["norm_text"] == "quelle honte ce service client"
    assert record["canonical_urls"] == ["a.fr/1"]
    assert (record["language"], record["late"], record["mood"]) == ("fr", True, "bad")
    assert record["fingerprint"] == to_contract(enrich(two))["fingerprint"]

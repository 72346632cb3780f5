"""Salted copies are found: a quick part of the evasion suite, and the suite's own parts."""

from __future__ import annotations

from random import Random
from xml.etree import ElementTree

import pytest

from tests.eval.evasion import ALONE_AT_LEAST, THREE, THREE_AT_LEAST, Pair, Trial, curve, good, report, trials
from tests.eval.evasion_salts import SALTS, applies, salted
from tests.eval.evasion_texts import LANGUAGES, campaign_texts
from tests.eval.plot import Line, line_chart


def test_salted_copies_stand_in_one_cluster() -> None:
    """French and Japanese, the hardest salts and three at once: recall as asked for, no campaign mixed with another."""
    salts = ("look_alikes", "zero_width_padding", "sentences_swapped", "end_cut")
    done = trials(7, langs=("fr", "ja"), salts=salts, scale=0.03)
    assert [one.name for one in done] == [*salts, THREE]
    for one in done:
        least = THREE_AT_LEAST if one.name == THREE else ALONE_AT_LEAST
        assert min(one.recall("fr"), one.recall("ja")) >= least, one.name
        assert one.mixed == 0, one.name
        assert len(one.pairs) > 1000
    assert good(done)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_salts_change_the_text_and_follow_from_the_seed(lang: str) -> None:
    """Every salt changes most texts of a language, and the same randomness gives the same text."""
    texts = [" ".join(sentences) for sentences in campaign_texts(lang, 8, Random(1))]
    assert len(set(texts)) == 8
    for name in SALTS:
        if applies(name, lang):
            one, two = ([salted(text, lang, [name], Random(5)) for text in texts] for _ in range(2))
            assert one == two
            assert sum(a != b for a, b in zip(one, texts, strict=True)) >= 3, name


def test_a_salt_that_hides_copies_fails_the_suite() -> None:
    """The judgement is by language: one that is missed is not made up for by the others."""
    pairs = [Pair("fr", 0.1, together=True)] * 99 + [Pair("th", 0.1, together=False)]
    assert not good([Trial("emoji", pairs, 0, 1)])
    assert good([Trial("emoji", pairs[:99], 0, 1)])
    assert "| emoji | 1.000 | – | – | – | – | 0.000 | 0.990 | 0 |" in report([Trial("emoji", pairs, 0, 1)])


def test_recall_by_distance_leaves_thin_bins_out() -> None:
    """Each point is the middle of a bin of twenty pairs or more."""
    pairs = [Pair("fr", 0.05, together=True)] * 20 + [
        Pair("fr", 0.55, together=n % 2 == 0) for n in range(20)
    ]
    assert curve([*pairs, Pair("fr", 0.95, together=True)]) == [(0.05, 1.0), (0.55, 0.5)]


def test_the_chart_is_svg_and_says_what_it_shows() -> None:
    """Well-formed, escaped, one mark for each point; what does not lie on the axes is refused."""
    chart = line_chart("a < b", "x & y", "z", [Line("one", [(0.0, 1.0), (0.5, 0.25)]), Line("two", [])])
    root = ElementTree.fromstring(chart)
    kinds = [element.tag.partition("}")[2] for element in root.iter()]
    assert kinds.count("circle") == 2
    assert kinds.count("polyline") == 2
    assert {"a < b", "x & y", "one", "two"} <= {element.text for element in root.iter()}
    with pytest.raises(ValueError, match="does not lie"):
        line_chart("", "", "", [Line("one", [(0.0, 1.5)])])
    with pytest.raises(ValueError, match="colours"):
        line_chart("", "", "", [Line(str(n), []) for n in range(5)])

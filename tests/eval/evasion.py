"""How well copies are found that were made to look different: recall by language and salt, and by edit distance.

    python -m tests.eval.evasion

prints the tables. `make eval` writes them into docs/accuracy.md, with the plot. Everything follows from the seed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from pathlib import Path
from random import Random
from typing import NamedTuple

from rapidfuzz.distance import Levenshtein

from pipeline.backtest import Backtest
from pipeline.connect.files import stamp
from pipeline.demo import items
from pipeline.detect.parameters import Parameters
from pipeline.scenario.generate import START, generate
from schemas.records import Post
from schemas.times import DAY, HOUR, MINUTE
from tests.eval.evasion_salts import SALTS, applies, salted
from tests.eval.evasion_texts import LANGUAGES, campaign_texts
from tests.eval.plot import Line, line_chart
from tests.measure import say, table

CAMPAIGNS = 8
ACCOUNTS = 12
"""Of each language and each salt: so many campaigns, of so many accounts with one post each within forty minutes."""

TWINS = 3
"""Further rounds of eight campaigns a language, of two posts each: what one comparison finds, without other copies to
lead from one to the other. The plot shows these."""

THREE, FIVE = "three at once", "five at once"
ALONE_AT_LEAST = 0.98
THREE_AT_LEAST = 0.90
_BINS = 10

Choice = Callable[[str, Random], Sequence[str]]
"""(language, randomness) -> the salts of one copy."""


class Copy(NamedTuple):
    """One post of a campaign. `campaign` is its name."""

    campaign: str
    lang: str
    post: Post


class Pair(NamedTuple):
    """Two copies of one campaign: how different (0..1, Levenshtein over the longer text), and whether one cluster has
    them both."""

    lang: str
    distance: float
    together: bool


class Trial(NamedTuple):
    """One salt in all its languages. `mixed`: clusters that hold posts of two campaigns, or ordinary ones."""

    name: str
    pairs: list[Pair]
    mixed: int
    clusters: int

    def recall(self, lang: str | None = None) -> float:
        """Share of the pairs that stand in one cluster."""
        own = [pair.together for pair in self.pairs if lang in (None, pair.lang)]
        return sum(own) / len(own) if own else float("nan")


def ordinary(seed: int, scale: float = 0.1) -> list[Post]:
    """Three days of ordinary posts, nothing planted."""
    return [one for one in generate(seed, scale=scale, plants={}).records if isinstance(one, Post)]


def copies(
    name: str, langs: Iterable[str], choose: Choice, seed: int | str, accounts: int = ACCOUNTS
) -> list[Copy]:
    """The campaigns of one trial: the first copy of each is the text itself, the others are salted."""
    out = []
    for lang in langs:
        rng = Random(f"{seed}/{name}/{lang}")
        for number, sentences in enumerate(campaign_texts(lang, CAMPAIGNS, rng)):
            text = ("" if lang == "ja" else " ").join(sentences)
            start = START + DAY + rng.randrange(24 * HOUR)
            for account in range(accounts):
                said = salted(text, lang, choose(lang, rng), rng) if account else text
                place = f"{name}/{lang}/{number}"
                at = start + rng.randrange(40 * MINUTE)
                post = Post(f"{place}/{account}", "twitter", f"a/{place}/{account}", at, said)
                out.append(Copy(place, lang, post))
    return out


def trial(name: str, salted_posts: list[Copy], others: list[Post]) -> Trial:
    """The detection core over copies and ordinary posts together."""
    run = Backtest(Parameters())
    records = sorted(
        [*others, *(copy.post for copy in salted_posts)], key=lambda post: (post.created_at, post.id)
    )
    run.feed(list(stamp(items(records))), end=True)
    cluster_of = {post: closed.cluster_id for closed in run.copies for post in closed.post_ids}
    campaign_of = {copy.post.id: copy.campaign for copy in salted_posts}
    mixed = sum(len({campaign_of.get(post, "") for post in closed.post_ids}) > 1 for closed in run.copies)
    groups: dict[str, list[Copy]] = defaultdict(list)
    for copy in salted_posts:
        groups[copy.campaign].append(copy)
    pairs = []
    for group in groups.values():
        for a, b in combinations(group, 2):
            home = cluster_of.get(a.post.id)
            distance = Levenshtein.normalized_distance(a.post.text, b.post.text)
            pairs.append(Pair(a.lang, distance, home is not None and home == cluster_of.get(b.post.id)))
    return Trial(name, pairs, mixed, len(run.copies))


def _several(count: int) -> Choice:
    def choose(lang: str, rng: Random) -> list[str]:
        return rng.sample([salt for salt in SALTS if applies(salt, lang)], count)

    return choose


def trials(
    seed: int,
    langs: Sequence[str] = LANGUAGES,
    salts: Sequence[str] = tuple(SALTS),
    scale: float = 0.1,
) -> list[Trial]:
    """Each salt alone, then three at once, different ones for every copy."""
    others = ordinary(seed, scale)
    out = []
    for salt in salts:
        say(f"eval: copies with {salt}")
        made = copies(
            salt, [lang for lang in langs if applies(salt, lang)], lambda *_, salt=salt: [salt], seed
        )
        out.append(trial(salt, made, others))
    say(f"eval: copies with {THREE}")
    out.append(trial(THREE, copies(THREE, langs, _several(3), seed), others))
    return out


def twins(seed: int, langs: Sequence[str] = LANGUAGES) -> list[Trial]:
    """Campaigns of a text and one salted copy: with one salt, with three, with five."""
    out = []
    for name, count in (("one salt", 1), (THREE, 3), (FIVE, 5)):
        say(f"eval: one copy with {name}")
        pairs: list[Pair] = []
        mixed = clusters = 0
        for turn in range(TWINS * (3 if count == 1 else 2)):
            one = trial(name, copies(name, langs, _several(count), f"{seed}.{turn}", accounts=2), [])
            pairs += one.pairs
            mixed, clusters = mixed + one.mixed, clusters + one.clusters
        out.append(Trial(name, pairs, mixed, clusters))
    return out


def curve(pairs: Iterable[Pair]) -> list[tuple[float, float]]:
    """(middle of the bin, recall) by edit distance; bins of fewer than twenty pairs are left out."""
    bins: dict[int, list[bool]] = defaultdict(list)
    for pair in pairs:
        bins[min(_BINS - 1, int(pair.distance * _BINS))].append(pair.together)
    return [
        ((place + 0.5) / _BINS, sum(own) / len(own)) for place, own in sorted(bins.items()) if len(own) >= 20
    ]


def good(done: Iterable[Trial]) -> bool:
    """Every salt alone and three at once reach what is asked, in every language."""
    return all(
        one.recall(lang) >= (THREE_AT_LEAST if one.name == THREE else ALONE_AT_LEAST)
        for one in done
        for lang in {pair.lang for pair in one.pairs}
    )


def _rows(done: Sequence[Trial]) -> str:
    rows = [
        (
            one.name.replace("_", " "),
            *(f"{r:.3f}" if (r := one.recall(lang)) == r else "–" for lang in LANGUAGES),
            f"{one.recall():.3f}",
            one.mixed,
        )
        for one in done
    ]
    return table(("salt", *LANGUAGES, "all", "mixed"), rows)


def report(done: Sequence[Trial], two: Sequence[Trial] = (), plot: Path | None = None) -> str:
    """The section of docs/accuracy.md; draws the plot of `two` where a place for it is given."""
    text = (
        f"Campaigns of {ACCOUNTS} accounts whose copies differ by one salt, or by three (other ones in every copy), "
        "among ordinary posts. Recall: share of a campaign's pairs of posts that stand in one copy cluster. Asked for: "
        f"{ALONE_AT_LEAST} alone, {THREE_AT_LEAST} for three. Mixed: clusters that hold two campaigns, or a campaign "
        f"and ordinary posts.\n\n{_rows(done)}"
    )
    if two:
        text += (
            "\n\nThe same with two posts only, a text and one copy of it, so that no other copy leads from one to the "
            f"other:\n\n{_rows(two)}"
        )
    if plot is not None:
        chart = line_chart(
            "A text and its salted copy found, by edit distance",
            "edit distance as written (0: equal, 1: nothing in common)",
            "share of the pairs in one cluster",
            [Line(one.name, curve(one.pairs)) for one in two],
        )
        plot.parent.mkdir(parents=True, exist_ok=True)
        plot.write_text(chart, encoding="utf-8")
        text += f"\n\n![A text and its salted copy found, by edit distance](plots/{plot.name})"
    return text


if __name__ == "__main__":
    print(report(trials(1), twins(1)))

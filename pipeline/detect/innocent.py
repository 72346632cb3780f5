"""The innocent reasons why many accounts may post the same text, each checked on the figures of the cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from rapidfuzz import fuzz, process

from pipeline.detect.copies import CopyPost
from pipeline.detect.copy_parameters import CopyParameters
from pipeline.detect.finding import reason
from pipeline.text.alike import alike, comparable, weight
from pipeline.text.normalise import Forms, normalise
from pipeline.text.phrases import BOILERPLATE, GIVEAWAY, GREETING, MANUAL_REPOST, REPLY, phrase_flags
from pipeline.text.quotes import agency_credit, quotation
from pipeline.text.urls import canonical, domain
from schemas.alerts import Reason
from schemas.times import MINUTE, Micros

_MOST = 0.8
"""Share of a cluster's posts from which an innocent reason explains the cluster."""
_HALF = 0.5
_LOOKED_AT = 40
"""Posts of a cluster, evenly spaced, that are compared with each other."""
_ARTICLE = 15
"""Characters of a link's path from which it names an article; short links are shorter."""


def densest(posts: Sequence[CopyPost], span: Micros) -> tuple[int, Micros, Micros]:
    """The most distinct accounts in any `span`, and the first such stretch (start, end). Posts in order of time."""
    inside: Counter[tuple[str, str]] = Counter()
    best, start, end, left = 0, posts[0].at, posts[0].at, 0
    for post in posts:
        inside[post.platform, post.author_id] += 1
        while post.at - posts[left].at > span:
            gone = (posts[left].platform, posts[left].author_id)
            inside[gone] -= 1
            if not inside[gone]:
                del inside[gone]
            left += 1
        if len(inside) > best:
            best, start, end = len(inside), posts[left].at, post.at
    return best, start, end


def _spread(posts: Sequence[CopyPost]) -> list[CopyPost]:
    return list(posts[:: max(1, len(posts) // _LOOKED_AT)])


def likeness(posts: Sequence[CopyPost], p: CopyParameters) -> tuple[int, float]:
    """How long a cluster's text is, and how many of its posts are like one and the same of them.

    Hashtags count as text only where there are three or more: beside words they are where people meet.

    Returns:
        (median length in characters, wide ones counted twice; greatest share of posts like one post: ratio >= 75, or
        the same pieces), from a sample.
    """
    seen = _spread(posts)
    forms = [normalise(post.sample) for post in seen]
    own = [
        form.full if post.sample.count("#") >= 3 else form.bare
        for form, post in zip(forms, seen, strict=True)
    ]
    near = process.cdist(own, own, scorer=fuzz.ratio, score_cutoff=75, workers=1) > 0
    if near.mean(axis=1).max() < _HALF:
        texts = [comparable(form.full, form.bare, p.min_characters) for form in forms]
        for i, a in enumerate(texts):
            for j, b in enumerate(texts[:i]):
                if not near[i, j] and alike(a, b, 75):
                    near[i, j] = near[j, i] = True
    lengths = sorted(map(weight, own))
    return lengths[len(lengths) // 2], float(near.mean(axis=1).max())


def _share(posts: Sequence[CopyPost], holds: Callable[[CopyPost], bool]) -> float:
    return round(sum(map(holds, posts)) / len(posts), 4)


def _declared(posts: Sequence[CopyPost], forms: Sequence[Forms], p: CopyParameters) -> float:
    """The greatest share of posts that a declared phrase, link or account covers."""
    shares = [0.0]
    if p.declared_phrases:
        phrases = [found for phrase in p.declared_phrases if (found := normalise(phrase).full)]
        shares.append(
            round(sum(any(phrase in form.full for phrase in phrases) for form in forms) / len(forms), 4)
        )
    if p.declared_urls:
        links = tuple(canonical(link if "://" in link else f"https://{link}") for link in p.declared_urls)
        shares.append(_share(posts, lambda post: post.url.startswith(links)))
    if p.declared_accounts:
        known = set(p.declared_accounts)
        shares.append(
            _share(posts, lambda post: bool(known & {post.author_id, f"{post.platform}:{post.author_id}"}))
        )
    return max(shares)


def explanations(
    posts: Sequence[CopyPost], accounts: int, p: CopyParameters, slow: bool
) -> tuple[list[Reason], list[Reason]]:
    """The innocent reasons that hold, and all that were checked.

    Args:
        posts: of one cluster, in order of time.
        accounts: how many distinct ones.
        slow: it is a campaign by its number of accounts within the whole window alone.
    """
    seen = _spread(posts)
    forms = [normalise(post.sample) for post in seen]
    phrases = phrase_flags(normalise(posts[0].sample))
    length, cohesion = likeness(posts, p)
    urls = Counter(post.url for post in posts if post.url)
    same_url = round(urls.most_common(1)[0][1] / len(posts), 4) if urls else 0.0
    articles = {domain(url) for url in urls if len(url.partition("/")[2]) >= _ARTICLE}
    reposts = _share(posts, lambda post: bool(post.flags & MANUAL_REPOST))
    replies = _share(posts, lambda post: bool(post.flags & REPLY))
    quoted = _share(seen, lambda post: quotation(post.sample))
    credited = _share(seen, lambda post: agency_credit(post.sample))
    declared = _declared(seen, forms, p)
    fastest, _, _ = densest(posts, 10 * MINUTE)
    # People who come upon a thing come when they come upon it; operators come together.
    apart = fastest <= max(5, accounts // 2)
    short = p.slow_characters if slow else p.short_characters
    checks = [
        (declared >= _MOST, reason("declared", share=declared)),
        (reposts >= _MOST, reason("reposts", share=reposts)),
        # A share button brings one link, from different people at different times.
        (
            same_url >= _MOST and apart,
            reason("share_button", same_link=same_url, accounts_in_10_minutes=fastest),
        ),
        # Outlets print what an agency sends, each on a site of its own, or say whose words they are.
        (
            credited >= _MOST or len(articles) >= max(5, _MOST * accounts),
            reason("wire_copy", credited=credited, sites=len(articles)),
        ),
        (bool(phrases & GREETING) and length <= 80, reason("set_phrase", characters=length)),
        (quoted >= _MOST and apart, reason("quotation", share=quoted, accounts_in_10_minutes=fastest)),
        (bool(phrases & GIVEAWAY), reason("giveaway", characters=length)),
        (bool(phrases & BOILERPLATE), reason("app_boilerplate", characters=length)),
        (length < short, reason("short_text", characters=length, replies=replies)),
        # Copies are copies of one text. Chatter of the same few words only makes chains.
        (cohesion < _HALF, reason("loose_chain", cohesion=round(cohesion, 4))),
    ]
    return (
        [Reason(f"explained_by_{r.code}", r.values) for held, r in checks if held],
        [Reason(r.code, {**r.values, "holds": held}) for held, r in checks],
    )

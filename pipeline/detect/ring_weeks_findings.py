"""From a ring that was seen over weeks to a finding that a moderator can check by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from pipeline.detect.account_days import Account
from pipeline.detect.finding import Evidence, Finding, members, reason
from pipeline.detect.parameters_weeks import WeeksParameters
from pipeline.detect.ring_pairs import Pairs
from pipeline.detect.ring_signs import Sign
from pipeline.detect.ring_window import Window
from schemas.alerts import Detector, Reason, Severity, Subject
from schemas.times import DAY, Micros, format_time

NAME = "ring_weeks"
VERSION = "3"
MOST_NAMED = 500
"""Accounts of a ring that are told with what put them there."""
MOST_LINKS = 3
"""Of an account, the strongest ones are told."""
MOST_THINGS = 5
"""Things that an account has in common with the ring, or with one of it, that are told: the rarest ones."""


class Seen(NamedTuple):
    """A group in its window: numbers of accounts, all accounts with their days, the pairs that were kept, its signs."""

    group: list[int]
    window: Window
    pairs: Pairs
    signs: list[Sign]


def _accounts(seen: Seen) -> tuple[list[dict[str, object]], int]:
    """For each account the signs that it has, what it has in common with others of the ring, and its strongest links to
    some of them; and how many pairs are linked."""
    inside = set(seen.group)
    near: dict[int, list[tuple[float, int]]] = {n: [] for n in seen.group}
    count = 0
    for a, b, weight in zip(*(column.tolist() for column in seen.pairs), strict=True):
        if a in inside and b in inside:
            near[a].append((weight, b))
            near[b].append((weight, a))
            count += 1
    had = {n: {thing for one in seen.window.days[n] for thing in one.objects} for n in seen.group}
    popular = Counter(thing for things in had.values() for thing in things)

    def rarest(things: Iterable[str]) -> list[str]:
        order = sorted((popular[thing], thing) for thing in things if popular[thing] > 1)
        return [thing[:200] for _, thing in order[:MOST_THINGS]]

    out: list[dict[str, object]] = []
    for n in seen.group[:MOST_NAMED]:
        one = seen.window.days[n][0]
        links = [
            {
                "account": seen.window.days[other][0].author,
                "evidence": round(weight, 1),
                "common": rarest(had[n] & had[other]),
            }
            for weight, other in sorted(near[n], key=lambda link: (-link[0], link[1]))[:MOST_LINKS]
        ]
        signs = [sign.reason.code for sign in seen.signs if sign.evidence > 0 and sign.has[n]]
        out.append(
            {
                "platform": one.platform,
                "account": one.author,
                "signs": signs,
                "common": rarest(had[n]),
                "links": links,
            }
        )
    return out, count


def describe(
    p: WeeksParameters, name: str, seen: Seen, former: Mapping[Account, int], since: Micros
) -> Finding:
    """The finding. `observed`: pairs with more in common than chance gives; `expected`: those of them that chance may
    have made.

    Args:
        former: accounts that were in the ring when it was looked at before, and the last such day; the latest first.
        since: when its first post was, as far as told before.
    """
    days = [one for n in seen.group for one in seen.window.days[n]]
    accounts = [seen.window.days[n][0] for n in seen.group]
    posts = sorted({post for one in days for post in one.own})
    whole = min(one.day for one in days) * DAY, (max(one.day for one in days) + 1) * DAY - 1
    links, pairs = _accounts(seen)
    platforms = Counter(one.platform for one in accounts)
    platform = "*" if len(platforms) > 1 else accounts[0].platform
    evidence = sum(max(0.0, sign.evidence) for sign in seen.signs)
    strong = [sign for sign in seen.signs if sign.evidence >= p.evidence]
    severity: Severity = "error" if len(strong) >= 2 and len(accounts) >= p.error_accounts else "warning"
    authors = sorted({one.author for one in accounts})
    given = [sign for sign in seen.signs if sign.evidence > 0]
    said: list[Reason] = [
        reason(
            "weak_links",
            pairs=pairs,
            of=len(accounts) * (len(accounts) - 1) // 2,
            accounts=len(accounts),
            days=len({one.day for one in days}),
            platforms=dict(sorted(platforms.items())),
        ),
        *(
            Reason(sign.reason.code, {**sign.reason.values, "evidence": round(sign.evidence, 1)})
            for sign in given
        ),
        reason("account_links", links=links),
    ]
    if former:
        listed = [
            {"platform": platform, "account": author, "last": format_time(day * DAY)[:10]}
            for (platform, author), day in former.items()
        ]
        said.append(reason("former_accounts", accounts=len(former), listed=listed))
    checked = reason("common_interest", evidence=round(evidence, 1), needed=p.evidence, holds=False)
    return Finding(
        alert_id=name,
        kind="coordinated_accounts",
        severity=severity,
        score=round(1.0 - 0.5 ** (evidence / p.evidence), 4),
        subject=Subject(platform, name.removeprefix("coordinated_accounts-"), ", ".join(authors[:3])[:100]),
        first_seen=min(since, posts[0][0]),
        last_seen=posts[-1][0],
        start=posts[0][0],
        end=posts[-1][0],
        accounts=members([*authors, *(author for _, author in former)], len(accounts) + len(former)),
        posts=members((post for _, post in posts), sum(one.posts for one in days)),
        observed=float(pairs),
        expected=round(p.false_share * pairs, 2),
        reasons=tuple(said),
        ruled_out=(checked,),
        evidence=Evidence(
            "posts", {}, *whole, people=tuple(sorted({(one.platform, one.author) for one in accounts}))
        ),
        detector=Detector(NAME, VERSION, msgspec.structs.asdict(p)),
    )

"""Who posts: accounts with an age, a following, a clock and a manner, and their heavy-tailed activity."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from random import Random

from pipeline.scenario.names import FIRST_EN, FIRST_FR, LAST
from pipeline.scenario.pages import PLATFORMS
from pipeline.scenario.rhythm import CHRONOTYPES, ZONES, stream
from pipeline.scenario.speech import Habits, habits, without_accents
from schemas.times import DAY, Micros

LAUNCH: dict[str, Micros] = {  # about when each platform let people in
    "twitter": 1_199_145_600_000_000,
    "bluesky": 1_677_628_800_000_000,
    "forum": 1_072_915_200_000_000,
    "youtube": 1_199_145_600_000_000,
}
_PLATFORM_SHARE = {"twitter": 0.46, "bluesky": 0.20, "forum": 0.14, "youtube": 0.20}
_ZONE_SHARE = {"paris": 0.63, "montreal": 0.09, "london": 0.15, "newyork": 0.13}
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

AUTHORS = 12_000
"""Accounts of the ordinary life at scale 1."""

_BUSIEST = 60.0
"""Cap of an account's activity, in units of the median account's: beyond lie machines, which are planted."""


@dataclass(frozen=True, slots=True)
class Author:
    """One account. `activity` is relative to the median account."""

    id: str
    platform: str
    lang: str
    zone: str
    name: str
    handle: str
    created_at: Micros
    followers: int
    activity: float
    manner: Habits


@dataclass(frozen=True, slots=True)
class Circle:
    """The authors of one platform who keep the same hours, with the running sums of their activities."""

    platform: str
    zone: str
    lang: str
    chronotype: str
    share: float
    authors: tuple[Author, ...]
    cumulative: tuple[float, ...]

    def draw(self, count: int, rng: Random) -> list[Author]:
        """Authors by their activity, with repetition."""
        return rng.choices(self.authors, cum_weights=self.cumulative, k=count)


def account_id(platform: str, created_at: Micros, rng: Random) -> str:
    """A made-up id in the platform's form."""
    if platform == "twitter":
        return str((created_at // 1000 - 1_000_000_000_000) << 20 | rng.getrandbits(20))
    if platform == "bluesky":
        return "did:plc:" + "".join(rng.choices(_BASE32, k=24))
    if platform == "youtube":
        return "UC" + "".join(rng.choices(_BASE64, k=22))
    return f"u{created_at // 1000 % 10**10:010d}{rng.randrange(1000):03d}"


def language(zone: str) -> str:
    """What is written there."""
    return "fr" if zone in ("paris", "montreal") else "en"


def join_date(platform: str, now: Micros, rng: Random) -> Micros:
    """When an ordinary account was made: spread over the platform's life, a few in the last two months."""
    if rng.random() < 0.04:
        return now - int(rng.random() * 60 * DAY)
    return LAUNCH[platform] + int(rng.random() ** 0.8 * (now - 60 * DAY - LAUNCH[platform]))


def recruit(
    rng: Random,
    platform: str,
    zone: str,
    created_at: Micros,
    followers: int | None = None,
    activity: float = 1.0,
) -> Author:
    """One new account. Without `followers` it has an ordinary, heavy-tailed number of them."""
    lang = language(zone)
    first, last = rng.choice(FIRST_FR if lang == "fr" else FIRST_EN), rng.choice(LAST)
    plain = without_accents(f"{first}{rng.choice(('', '_', '.'))}{last}").lower()
    style = rng.random()
    name = f"{first} {last}" if style < 0.55 else first if style < 0.75 else f"{first.lower()} {last[0]}."
    return Author(
        id=account_id(platform, created_at, rng),
        platform=platform,
        lang=lang,
        zone=zone,
        name=name,
        handle=f"{plain[:14].strip('._')}{rng.randrange(10_000)}",
        created_at=created_at,
        followers=int(rng.lognormvariate(4.9, 1.5)) if followers is None else followers,
        activity=activity,
        manner=habits(rng, platform),
    )


class Population:
    """The accounts of the ordinary life, grouped by the hours they keep."""

    def __init__(self, seed: int, scale: float, now: Micros) -> None:
        rng = stream(seed, "authors")
        circles: list[Circle] = []
        for platform in PLATFORMS:
            for zone in ZONES:
                for chronotype, (_, part) in CHRONOTYPES.items():
                    share = _PLATFORM_SHARE[platform] * _ZONE_SHARE[zone] * part
                    authors = tuple(
                        recruit(
                            rng,
                            platform,
                            zone,
                            join_date(platform, now, rng),
                            activity=min(rng.lognormvariate(0.0, 1.3), _BUSIEST),
                        )
                        for _ in range(max(3, round(AUTHORS * scale * share)))
                    )
                    sums = tuple(accumulate(author.activity for author in authors))
                    circles.append(Circle(platform, zone, language(zone), chronotype, share, authors, sums))
        self.circles = tuple(circles)

    def of(self, platform: str, lang: str) -> list[Author]:
        """The accounts of one platform and language, in a fixed order."""
        return [
            author
            for circle in self.circles
            if circle.platform == platform and circle.lang == lang
            for author in circle.authors
        ]

"""Where people post: pages, brands, hashtag feeds, forums and channels, all invented."""

from __future__ import annotations

from typing import NamedTuple

PLATFORMS: tuple[str, ...] = ("twitter", "bluesky", "forum", "youtube")


class Page(NamedTuple):
    """One target. `weight` is its share of the attention among pages of its platform and language."""

    platform: str
    id: str
    name: str
    lang: str
    kind: str  # brand, feed, forum, channel, town, media, person
    topic: str
    rhythm: str
    weight: float
    followers: int
    tracked: bool  # every follow event is known, not only hourly counts


def _page(line: str, rank: int) -> Page:
    platform, lang, key, name, kind, topic, rhythm, followers = (part.strip() for part in line.split("|"))
    tracked = followers.endswith("*")
    return Page(
        platform,
        key,
        name,
        lang,
        kind,
        topic,
        rhythm,
        (rank + 1) ** -0.85,
        int(followers.rstrip("*")),
        tracked,
    )


# In order of popularity within a platform and language: attention falls with rank as Zipf's law has it.
_LINES = """
twitter | fr | transvia | Transvia | brand | trains | commute | 412300
twitter | fr | #foot | #foot | feed | football | evening | 0
twitter | fr | fibralto | Fibralto | brand | telecom | office | 238900
twitter | fr | #CoupeDesVilles | #CoupeDesVilles | feed | football | evening | 0
twitter | fr | #meteo | #meteo | feed | garden | even | 0
twitter | fr | gourmelis | Gourmélis | brand | cooking | evening | 96400
twitter | fr | velocea | Vélocéa | brand | wheels | commute | 58200
twitter | fr | ville-de-valombre | Ville de Valombre | town | town | office | 31700
twitter | fr | courrier-valombre | Le Courrier de Valombre | media | town | even | 187500
twitter | fr | #bureau | #bureau | feed | work | office | 0
twitter | fr | chef-solenn | Solenn en cuisine | person | cooking | leisure | 21400*
twitter | fr | kazapro | Kazapro | brand | home | leisure | 17800*
twitter | fr | lunaria-boutique | Lunaria | brand | shopping | even | 9200*
twitter | fr | norelia | Norélia | brand | home | office | 74100
twitter | en | northline | Northline Rail | brand | trains | commute | 305600
twitter | en | #matchday | #matchday | feed | football | evening | 0
twitter | en | beamtel | Beamtel | brand | telecom | office | 151000
twitter | en | #worklife | #worklife | feed | work | office | 0
twitter | en | parcelfox | Parcelfox | brand | shopping | even | 42700
twitter | en | city-of-haverley | City of Haverley | town | town | office | 26300
twitter | en | fitloop | Fitloop | brand | health | even | 12900*
bluesky | fr | #jeuxvideo | #jeuxvideo | feed | games | evening | 0
bluesky | fr | #cuisine | #cuisine | feed | cooking | leisure | 0
bluesky | fr | #velo | #velo | feed | wheels | commute | 0
bluesky | fr | courrier-valombre.example | Le Courrier de Valombre | media | town | even | 38200
bluesky | fr | librairie-des-quais.example | Librairie des Quais | brand | series | leisure | 6400*
bluesky | fr | #chatons | #chatons | feed | animals | leisure | 0
bluesky | en | #indiegames | #indiegames | feed | games | evening | 0
bluesky | en | #gardeninghour | #gardeninghour | feed | garden | leisure | 0
bluesky | en | #nowplaying | #nowplaying | feed | music | evening | 0
bluesky | en | #caturday | #caturday | feed | animals | leisure | 0
forum | fr | bricolage | Bricolage | forum | home | leisure | 0
forum | fr | auto-moto | Auto et moto | forum | wheels | even | 0
forum | fr | jeux | Jeux | forum | games | evening | 0
forum | fr | parents | Parents d'élèves | forum | school | even | 0
forum | fr | emploi | Emploi | forum | work | office | 0
forum | en | home-repair | Home repair | forum | home | leisure | 0
forum | en | allotments | Allotments | forum | garden | leisure | 0
forum | en | two-wheels | Two wheels | forum | wheels | even | 0
youtube | fr | la-cuisine-de-babou | La cuisine de Babou | channel | cooking | leisure | 641000
youtube | fr | studio-refrain | Studio Refrain | channel | music | evening | 288000
youtube | fr | tribune-nord | Tribune Nord | channel | football | evening | 119500
youtube | fr | serie-club | Série Club | channel | series | evening | 73300
youtube | fr | tuto-maison | Tuto Maison | channel | home | leisure | 15600*
youtube | en | pixel-vault | Pixel Vault | channel | games | evening | 802000
youtube | en | quiet-kitchen | Quiet Kitchen | channel | cooking | leisure | 254000
youtube | en | garage-notes | Garage Notes | channel | wheels | leisure | 66800
youtube | en | trail-dogs | Trail Dogs | channel | animals | even | 18100*
"""

ALOOF: dict[str, float] = {"twitter": 0.42, "bluesky": 0.55, "forum": 0.0, "youtube": 0.0}
"""Share of a platform's posts that are on nobody's page."""


def catalogue() -> tuple[Page, ...]:
    """All pages, in a fixed order."""
    ranks: dict[tuple[str, str], int] = {}
    pages: list[Page] = []
    for line in _LINES.strip().splitlines():
        group = (line.split("|")[0].strip(), line.split("|")[1].strip())
        pages.append(_page(line, ranks.setdefault(group, 0)))
        ranks[group] += 1
    return tuple(pages)

"""What counts as a move of a whole platform: many pages lose, or gain, fans on the same day."""

from __future__ import annotations

import msgspec


class PlatformParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Days are UTC days. A page is judged on a day when it has a count on it and a usual pace to go by.

    history: daily changes that make a page's usual pace, and days that make a platform's, in days.
    min_history: fewer daily changes than that, and a page is not judged; fewer days, and the platform has no usual
    share of moving pages.
    max_gap: a change is judged when its two counts are at most so many days apart.
    forget_days: a page that shows no count for so many days begins anew.
    still_days: after so many days without any change a change is a counter catching up, not a move.
    min_fans, min_share: least change of a page beyond its usual one, in fans, and as a share of its fans.
    deviations: the same in robust standard deviations (1.4826 MAD) of the page's own daily changes.
    min_judged: fewer judged pages on a day, and the platform is not judged.
    min_pages: least number of pages that move the same way.
    loss_share, gain_share: least share of the judged pages. News makes many pages gain; nothing but the platform
    makes many lose.
    usual_deviations: how far above the platform's usual share of moving pages, in robust standard deviations.
    dominance: so many times more pages move this way than the other; else the counts were read badly.
    settle_days: moves at most so many days apart are one event, which ends so many days after the last.
    longest_days: after so many days the next move is another event.
    reverted_share: when this share of what was lost (or gained) has come back by then, it was a reading error.
    own_factor: a page's own rise counts as the platform's unless it is so many times the median page's.
    """

    history: int = 90
    min_history: int = 10
    max_gap: int = 2
    forget_days: int = 60
    still_days: int = 3
    min_fans: float = 3
    min_share: float = 0.001
    deviations: float = 3
    min_judged: int = 30
    min_pages: int = 10
    loss_share: float = 0.05
    gain_share: float = 0.2
    usual_deviations: float = 8
    dominance: float = 3
    settle_days: int = 3
    longest_days: int = 14
    reverted_share: float = 0.8
    own_factor: float = 3

"""Planted operations and innocent look-alikes, one module each.

To add one, write a module with a function `plant` after `base.Plant` and name it below. Every plant draws
from random numbers of its own, so what the others plant stays the same to the byte.
"""

from __future__ import annotations

from pipeline.scenario.plants import (
    bad_buzz,
    bought_fans,
    breaking_news,
    coordinated_burst,
    copied_campaign,
    fake_fans,
    fan_club,
    fandom,
    frozen_counter,
    giveaway,
    greetings,
    holiday,
    machine_account,
    match_final,
    news_ticker,
    outage,
    own_campaign,
    pile_on,
    prize_draw,
    share_button,
    televised_page,
    television,
    trickled_campaign,
    zero_reading,
)
from pipeline.scenario.plants.base import Plant

PLANTS: dict[str, Plant] = {
    "copied_campaign": copied_campaign.plant,
    "trickled_campaign": trickled_campaign.plant,
    "bought_fans": bought_fans.plant,
    "televised_page": televised_page.plant,
    "bad_buzz": bad_buzz.plant,
    "match_final": match_final.plant,
    "machine_account": machine_account.plant,
    "coordinated_burst": coordinated_burst.plant,
    "news_ticker": news_ticker.plant,
    "share_button": share_button.plant,
    "greetings": greetings.plant,
    "giveaway": giveaway.plant,
    "frozen_counter": frozen_counter.plant,
    "zero_reading": zero_reading.plant,
    "fake_fans": fake_fans.plant,
    "fan_club": fan_club.plant,
    "pile_on": pile_on.plant,
    "outage": outage.plant,
    "television": television.plant,
    "prize_draw": prize_draw.plant,
}
"""Name of the random stream -> plant. The name must never change, or the plant's records do."""

INNOCENT: dict[str, Plant] = {
    **{
        name: PLANTS[name]
        for name in (
            "televised_page",
            "bad_buzz",
            "match_final",
            "news_ticker",
            "share_button",
            "greetings",
            "giveaway",
            "frozen_counter",
            "zero_reading",
            "fan_club",
            "outage",
            "television",
            "prize_draw",
        )
    },
    "breaking_news": breaking_news.plant,
    "fandom": fandom.plant,
    "holiday": holiday.plant,
    "own_campaign": own_campaign.plant,
}
"""Look-alikes alone, those of `PLANTS` and more: days on which nothing is staged. `own_campaign` is innocent where its
link has been declared."""

__all__ = ["INNOCENT", "PLANTS", "Plant"]

"""Alerts on ordinary posts, checked by brute force: a rule without an index, without MinHash, without our normalising.

Confirmed is a copy_paste alert among whose posts one can be found that enough other accounts repeat: as many different
authors as the alert's own rule asks for, within its stretch of time on either side, with texts of 20 characters or more
and `fuzz.ratio` >= 85. What is left over is a false alarm.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from rapidfuzz import fuzz, process

from schemas.times import HOUR, MINUTE, Micros, parse_time

_GONE = re.compile(r"https?://\S+|www\.\S+|@\w+|\[(?:id|club|public)\w+\|[^\]]*\]")
_NOT_WORD = re.compile(r"[\W_]+")
LEAST = 20
CUTOFF = 85.0

Row = tuple[Micros, str, str]
"""When, author, text."""


def plain(text: str) -> str:
    """NFKC, no case, no links, no mentions (forum markup included), words apart by one space."""
    return _NOT_WORD.sub(" ", _GONE.sub(" ", unicodedata.normalize("NFKC", text).casefold())).strip()


def copiers(rows: Sequence[Row], span: Micros) -> int:
    """The most different authors whose texts are near that of one post, within `span` microseconds of it."""
    kept = [(at, author, text) for at, author, raw in rows if len(text := plain(raw)) >= LEAST]
    if not kept:
        return 0
    texts = [text for _, _, text in kept]
    times = np.array([at for at, _, _ in kept])
    near = process.cdist(texts, texts, scorer=fuzz.ratio, score_cutoff=CUTOFF, workers=1) > 0
    near &= np.abs(times[:, None] - times[None, :]) <= span
    return max(len({kept[place][1] for place in np.flatnonzero(row)}) for row in near)


def confirmed(alert: Mapping[str, Any], rows: Sequence[Row]) -> bool:
    """Whether brute force bears out a copy_paste alert. `rows`: the alert's posts (all, or those that it lists)."""
    parameters = alert["detector"]["parameters"]
    rules = (
        (parameters["accounts"], round(parameters["span_minutes"] * MINUTE)),
        (parameters["trickle_accounts"], round(parameters["trickle_hours"] * HOUR)),
        (parameters["slow_accounts"], round(parameters["window_hours"] * HOUR)),
    )
    return any(copiers(rows, span) >= accounts for accounts, span in rules)


def unconfirmed(alerts: Iterable[Mapping[str, Any]], posts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Ids of the copy_paste alerts of severity warning or higher that brute force does not bear out.

    posts: id -> the record, of all posts that the alerts may list.
    """
    wrong = []
    for alert in alerts:
        if alert["kind"] == "copy_paste" and alert["severity"] != "info":
            listed = [posts[name] for name in alert["posts"]["ids"]]
            rows = [(parse_time(post["created_at"]), post["author_id"], post["text"]) for post in listed]
            if not confirmed(alert, rows):
                wrong.append(alert["alert_id"])
    return wrong

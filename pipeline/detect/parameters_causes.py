"""When posts are taken to explain a rise of fans."""

from __future__ import annotations

import msgspec


class CauseParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """responses: answers and reposts on the page that make a post one that may have brought the fans.
    window_hours: time after the first of them within which they are counted, hours.
    lead_hours: time before the rise within which a post or a burst may explain it, hours.
    """

    responses: int = 10
    window_hours: int = 24
    lead_hours: int = 72

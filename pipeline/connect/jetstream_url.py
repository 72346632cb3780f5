"""Where to subscribe to Jetstream. Pure."""

from __future__ import annotations

from urllib.parse import urlencode

from pipeline.connect.cursors import Cursor
from pipeline.connect.jetstream_frames import COLLECTIONS
from pipeline.connect.resume import REWIND


def subscription_url(version: int, host: str, place: Cursor | None, *, insecure: bool) -> str:
    """The endpoint of the protocol's version on a host, taken up at `place`; without one, from now on.

    Version 2 understands its own sequence numbers and, from 1e15 on, microseconds. A number means something
    to its own host only; times are understood everywhere, but not to the event, hence `REWIND`.
    """
    if version == 1:
        path, query = "/subscribe", [("wantedCollections", name) for name in COLLECTIONS]
    else:
        path = "/xrpc/network.bsky.jetstream.subscribeEvents"
        query = [("kinds", "commit"), *(("collections", name) for name in COLLECTIONS)]
    if place is not None:
        by_number = version == 2 and place.host == host
        query.append(("cursor", str(place.value if by_number else max(0, place.at - REWIND))))
    return f"{'ws' if insecure else 'wss'}://{host}{path}?{urlencode(query)}"

"""How long what enters Vigie may be."""

from __future__ import annotations

MAX_TEXT = 100_000
"""Longest text of a post, in characters. The longest post on any platform read is 63,206 (Facebook)."""

MAX_BYTES = 8_000_000
"""Longest record, in bytes: with key and headers it fits a message of 8 MiB, enriched as well."""

MAX_ID = 512
"""Longest identifier, name or target, in characters."""

MAX_LANG = 64
"""Longest language tag, in characters."""

MAX_ITEM = 4096
"""Longest address or item of a list, in characters."""

MAX_ITEMS = 1000
"""Longest list, in items."""

MAX_DEPTH = 100
"""Deepest nesting of unknown fields. They are written back out, and `orjson` writes no deeper than 254."""

MAX_COUNT = 1 << 53
"""Counts are below this: what every reader of JSON takes exactly."""

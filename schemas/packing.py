"""JSON that waits: messages of a batch, records that a connector has read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson


def packed(value: Any, default: Callable[[Any], Any] | None = None, option: int | None = None) -> bytes:
    """The value as JSON (arguments as those of `orjson.dumps`), in as much memory as it is long.

    orjson (3.13) leaves each of its answers in the 4 KB in which it wrote it, which is ten times a post. For what is
    written out at once that does not matter; of what waits there are thousands.

    Raises:
        orjson.JSONEncodeError: it cannot be written.
    """
    return bytes(memoryview(orjson.dumps(value, default=default, option=option)))

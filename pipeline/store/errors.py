"""What goes wrong with the store, said so that somebody can do something about it."""

from __future__ import annotations

import re

_CODE = re.compile(r"Code: (\d+)\. DB::Exception")


class StoreError(Exception):
    """The store cannot do what was asked. The message says what, where, and what to do."""


class EngineError(Exception):
    """ClickHouse's own error; `code` is its number, the text begins with `Code: N. DB::Exception: …`."""

    def __init__(self, text: str) -> None:
        found = _CODE.search(text)
        self.code = int(found.group(1)) if found else 1001  # STD_EXCEPTION
        clean = text[found.start() :] if found else f"Code: 1001. DB::Exception: {text}. (STD_EXCEPTION)"
        super().__init__(clean)

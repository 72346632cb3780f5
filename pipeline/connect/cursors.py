"""Where a connector had got to, kept across runs."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from schemas.times import Micros

_log = structlog.get_logger("vigie.connect.cursors")


class Cursor(msgspec.Struct, frozen=True):
    """A place in a source's stream.

    value: the source's own cursor. host: who understands it. at: the source's time there, in microseconds.
    seen: fingerprints of the last events before it, which the source will send again.
    """

    value: int
    host: str
    at: Micros
    seen: tuple[int, ...] = ()


class CursorStore(Protocol):
    """Keeps one cursor for each name."""

    def load(self, name: str) -> Cursor | None:
        """The cursor saved last; None when there is none that can be read."""
        ...

    def save(self, name: str, cursor: Cursor) -> None:
        """Replaces the cursor. Whoever reads at any moment sees the old one or the new one, whole."""
        ...


class FileCursors:
    """Cursors in `folder/<name>.json`, each replaced atomically."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, name: str) -> Path:
        if not re.fullmatch(r"[a-z0-9_-]{1,64}", name):
            raise ValueError(f"cursor name is {name!r}; small letters, digits, - and _ are allowed")
        return self._folder / f"{name}.json"

    def load(self, name: str) -> Cursor | None:
        """The cursor saved last; None (and a warning) when its file cannot be read."""
        path = self._path(name)
        try:
            return msgspec.json.decode(path.read_bytes(), type=Cursor)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            _log.warning("cursor_unreadable", path=str(path), error=str(error))
            return None

    def save(self, name: str, cursor: Cursor) -> None:
        """Writes beside the old file, then replaces it.

        Raises:
            OSError: the folder cannot be written.
        """
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(f".{os.getpid()}.new")
        with new.open("wb") as file:
            file.write(msgspec.json.encode(cursor))
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)

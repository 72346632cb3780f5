"""One process per folder. chDB checks this too, but late and in words that help nobody."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from pipeline.store.errors import StoreError


class FolderLock:
    """Holds a folder until `release` or the end of the process; the system frees it even after a crash."""

    def __init__(self, folder: Path) -> None:
        """Raises:
        StoreError: another process has it, or it cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(folder / "vigie-store.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(
                f"the store cannot use the folder {folder}: {error.strerror}; choose another one with --data"
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(self._file, 100).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            raise StoreError(
                f"the folder {folder} is already open in another store process (pid {owner}); "
                "query that one over HTTP, stop it, or choose another folder with --data"
            ) from None
        os.ftruncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Frees the folder."""
        os.close(self._file)

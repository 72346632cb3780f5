"""A disk that can be full: a small file system in a mount namespace of its own (Linux), for the store's data.

Nobody outside sees it, and no rights are needed where a user may make namespaces.
"""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

_BLOCK = 1 << 20


class NoDisk(Exception):
    """There are no such namespaces here; the message says why."""


class SmallDisk:
    """`megabytes` of room at `folder`, for whoever is started by `inside`; held in memory until `stop`."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        folder.mkdir(parents=True)
        mount = f'mount -t tmpfs -o size={megabytes}m vigie-disk "$0" && echo mounted && exec sleep infinity'
        try:
            self._holder = subprocess.Popen(
                ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        except OSError as error:
            raise NoDisk(f"unshare cannot be run: {error.strerror}") from None
        assert self._holder.stdout is not None
        said = self._holder.stdout.readline().decode().strip()
        if said != "mounted":
            self.stop()
            raise NoDisk(f"no file system of its own for the store: {said}")
        self._filler = Path(f"/proc/{self._holder.pid}/root{folder}/filler")

    def inside(self, command: Sequence[str]) -> list[str]:
        """The command that runs another where this disk is."""
        held = str(self._holder.pid)
        return ["nsenter", "--target", held, "--user", "--mount", "--preserve-credentials", *command]

    def fill(self) -> None:
        """Leaves no room."""
        with self._filler.open("ab", buffering=0) as file:
            try:
                while file.write(bytes(_BLOCK)):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def clear(self) -> None:
        """Gives the room back."""
        self._filler.unlink()

    def room(self) -> int:
        """Bytes that are free."""
        found = os.statvfs(self._filler.parent)
        return found.f_bavail * found.f_frsize

    def stop(self) -> None:
        """The disk and all that is on it are gone once nobody uses it."""
        self._holder.kill()
        self._holder.wait()
        if self._holder.stdout is not None:
            self._holder.stdout.close()

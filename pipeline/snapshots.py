"""States of detection steps on disk: written now and then, read when a partition comes to a worker.

A file is one line of JSON, then the pickled state, packed by zstd. It belongs to one partition and says up to which
record of which log it stands. It fits only the code and the parameters that wrote it: another one is set aside, and the
partition is read from its beginning. Unpickling runs what the file says, so the folder is the service's own (0700), and
a file that somebody else owns or may write to is not opened.
"""

from __future__ import annotations

import gc
import hashlib
import os
import pickle
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec
import structlog
import zstandard

import pipeline.detect
import pipeline.text
import schemas
from pipeline.detect.parameters import Parameters
from pipeline.detect.people import Pseudonyms
from schemas.topics import TOPICS

log = structlog.get_logger()

UNSAVED = 74
"""Exit code of a worker that could not write a state at its end (EX_IOERR of sysexits.h): the one before stands, and
needs the log that it was made from."""

FORMAT = 1
_LEVEL = 1  # of zstd: some hundred megabytes a second
_LEFT = 3600.0  # seconds after which nobody is writing a file any more


class Mark(msgspec.Struct, frozen=True):
    """Tells a record from whatever stands at its offset in another log. timestamp: the broker's, in milliseconds; crc:
    of the value."""

    offset: int
    timestamp: int
    crc: int


def mark(record: Any) -> Mark:
    """The mark of a fetched record."""
    return Mark(record.offset, record.timestamp, crc32(record.value or b""))


class Snapshot(msgspec.Struct, frozen=True):
    """A state and the last record that it has taken in."""

    last: Mark
    state: Any


class _Head(msgspec.Struct):
    format: int
    fit: str
    topic: str
    partition: int
    last: Mark
    size: int
    crc: int


class Unfit(Exception):
    """A file that is not to be used; the message says why."""


@cache
def _code() -> bytes:
    """A digest of the code whose objects are pickled."""
    digest = hashlib.blake2b(digest_size=8)
    digest.update(f"{FORMAT} {sys.version_info[:2]}".encode())
    for package in (pipeline.detect, pipeline.text, schemas):
        for path in sorted(Path(package.__path__[0]).glob("*.py")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    for path in sorted(
        Path(pipeline.text.__path__[0]).glob("*.toml")
    ):  # lexicons are code to whoever reads posts
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.digest()


def fit(parameters: Parameters, pseudonyms: Pseudonyms | None = None) -> str:
    """Equal for states that can stand for each other: the same code, parameters, pseudonyms and numbers of
    partitions."""
    digest = hashlib.blake2b(_code(), digest_size=8)
    digest.update(msgspec.json.encode(parameters))
    if pseudonyms is not None:
        digest.update(pseudonyms.of("", "").encode())
    digest.update(repr(sorted((topic.name, topic.partitions) for topic in TOPICS.values())).encode())
    return digest.hexdigest()


class Snapshots:
    """The files of one consumer group. `fit`: as the function of that name has it."""

    def __init__(self, folder: Path, fit: str) -> None:
        self._folder = folder
        self._fit = fit

    def path(self, topic: str, partition: int) -> Path:
        """Where the state of a partition is."""
        return self._folder / f"{topic}-{partition}"

    def write(self, topic: str, partition: int, last: Mark, pickled: bytes) -> int:
        """Puts a state (`freeze`) in place of the one before, at once or not at all; the size of the file in bytes.

        Raises:
            OSError: it cannot be written; the one before is untouched.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        packed = zstandard.ZstdCompressor(level=_LEVEL).compress(pickled)
        head = _Head(FORMAT, self._fit, topic, partition, last, len(packed), crc32(packed))
        path = self.path(topic, partition)
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(msgspec.json.encode(head) + b"\n")
                file.write(packed)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        except OSError:
            fresh.unlink(missing_ok=True)
            raise
        return path.stat().st_size

    def read(self, topic: str, partition: int) -> Snapshot | None:
        """The state of a partition; None where there is none that fits. What does not is set aside and logged."""
        path = self.path(topic, partition)
        self._sweep(path)
        try:
            return self._read(path, topic, partition)
        except FileNotFoundError:
            return None
        except Unfit as error:
            reason = str(error)
        except Exception as error:  # whatever a spoilt pickle raises
            reason = f"{type(error).__name__}: {error}"
        log.warning(
            "a state is set aside; its partition is read from the beginning", file=str(path), reason=reason
        )
        path.replace(path.with_name(f"{path.name}.unfit"))
        return None

    def clear_unfit(self, topic: str, partition: int) -> None:
        """Removes a state that was set aside: it may hold whom no other state holds any more."""
        path = self.path(topic, partition)
        path.with_name(f"{path.name}.unfit").unlink(missing_ok=True)

    def _sweep(self, path: Path) -> None:
        """Removes what writers left that were killed."""
        for left in self._folder.glob(f".{path.name}.*"):
            with suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime > _LEFT:
                    left.unlink()

    def _read(self, path: Path, topic: str, partition: int) -> Snapshot:
        with path.open("rb") as file:
            for status in (os.fstat(file.fileno()), self._folder.stat()):
                if status.st_uid != os.getuid() or status.st_mode & 0o022:
                    raise Unfit("others own it or may write to it")
            line, packed = file.readline(), file.read()
        head = msgspec.json.decode(line, type=_Head)
        if (head.topic, head.partition) != (topic, partition):
            raise Unfit(f"it is of {head.topic}, partition {head.partition}")
        if head.format != FORMAT or head.fit != self._fit:
            raise Unfit("other code, parameters or numbers of partitions have written it")
        if len(packed) != head.size or crc32(packed) != head.crc:
            raise Unfit("it is incomplete")
        with _no_collection():
            raw = zstandard.ZstdDecompressor().decompress(packed)
            return Snapshot(head.last, pickle.loads(raw))  # noqa: S301 (of our own folder, as checked above)


def freeze(state: Any) -> bytes:
    """The state as it is now, pickled."""
    with _no_collection():
        return pickle.dumps(state, pickle.HIGHEST_PROTOCOL)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Millions of objects at once, none of them garbage: the collector would look at them again and again."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()

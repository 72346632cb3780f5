"""From files on disk, compressed or not, to lines of bytes, in bounded memory."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import zstandard

from pipeline.connect.items import MAX_LINE, FileProblem, Item, Progress, describe
from schemas.records import Kind

_CHUNK = 1 << 20
_ZSTD_FEED = (
    1024  # a zstd block of 4 bytes can stand for 128 KiB: small mouthfuls bound what comes out at once
)
_BOM = b"\xef\xbb\xbf"

COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
MAGIC = {"gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd"}


def _plain(path: Path, progress: Progress) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            progress.done += len(chunk)
            yield chunk


def _gzip(path: Path, progress: Progress) -> Iterator[bytes]:
    with path.open("rb") as file, gzip.GzipFile(fileobj=file) as unpacked:
        before = 0
        while True:
            try:
                chunk = unpacked.read1(_CHUNK)
            except EOFError:
                raise _cut(path, "gzip") from None
            except (gzip.BadGzipFile, zlib.error) as error:
                raise _damaged(path, "gzip", error) from None
            if not chunk:
                return
            position = file.tell()
            progress.done += position - before
            before = position
            yield chunk


def _zstd(path: Path, progress: Progress) -> Iterator[bytes]:
    """Reads frame after frame. zstandard's own stream reader does not tell a cut file from a whole one."""
    frame = None
    with path.open("rb") as file:
        while feed := file.read(_ZSTD_FEED):
            progress.done += len(feed)
            while feed:
                if frame is None:
                    frame = zstandard.ZstdDecompressor().decompressobj()
                try:
                    chunk = frame.decompress(feed)
                except zstandard.ZstdError as error:
                    raise _damaged(path, "zstd", error) from None
                feed = frame.unused_data if frame.eof else b""
                if frame.eof:
                    frame = None
                if chunk:
                    yield chunk
    if frame is not None:
        raise _cut(path, "zstd")


def _cut(path: Path, packing: str) -> FileProblem:
    return FileProblem(
        str(path),
        f"the {packing} stream ends too early (the file was cut off)",
        "What could be read was read; fetch the file again for the rest",
    )


def _damaged(path: Path, packing: str, error: Exception) -> FileProblem:
    return FileProblem(
        str(path),
        f"damaged {packing} data ({error})",
        "What could be read was read; fetch the file again for the rest",
    )


def chunks(path: Path, progress: Progress) -> Iterator[bytes]:
    """The content of a file by pieces, unpacked according to its suffix.

    Raises:
        FileProblem: after the last readable piece.
    """
    packing = COMPRESSIONS.get(path.suffix.lower())
    reader = _gzip if packing == "gzip" else _zstd if packing == "zstd" else _plain
    try:
        yield from reader(path, progress)
    except OSError as error:
        raise FileProblem(
            str(path), f"{error.strerror or error}", "Check the disk and the file's permissions"
        ) from None


def lines(pieces: Iterator[bytes], complete: Callable[[bytes], bool]) -> Iterator[tuple[int, bytes]]:
    r"""Lines separated by `\n`, without it, numbered from 1, blank ones included, cut at `MAX_LINE`.

    A UTF-8 byte order mark at the beginning belongs to no line. When the pieces end in a `FileProblem`, what
    follows the last `\n` is a line only if `complete` says so: mostly it is one that was cut in two.
    """
    number = 0
    parts: list[bytes] = []
    size = 0

    def finish(last: bytes) -> bytes:
        nonlocal size
        line = b"".join((*parts, last)) if parts else last
        parts.clear()
        size = 0
        if number == 1 and line.startswith(_BOM):
            line = line[len(_BOM) :]
        return line if len(line) <= MAX_LINE else line[:MAX_LINE]

    try:
        for piece in pieces:
            *whole, rest = piece.split(b"\n")
            for line in whole:
                number += 1
                yield number, finish(line)
            if rest and size <= MAX_LINE:
                parts.append(rest)
                size += len(rest)
    except FileProblem:
        number += 1
        last = finish(b"")
        if last and complete(last):
            yield number, last
        raise
    if parts:
        number += 1
        yield number, finish(b"")


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True


def json_lines(path: Path, kind: Kind | None, progress: Progress) -> Iterator[Item]:
    """One item for each line that is not blank, whether it can be read or not.

    Raises:
        FileProblem: after the last readable line.
    """
    source = str(path)
    for number, line in lines(chunks(path, progress), _is_json):
        if not line or line.isspace():
            continue
        try:
            data = orjson.loads(line)
        except (orjson.JSONDecodeError, RecursionError):
            data = None
        if isinstance(data, dict):
            at, key, known = describe(data, kind)
            yield Item(line, at, key, known, source, number)
        else:
            yield Item(line, None, None, kind, source, number)

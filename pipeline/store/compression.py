"""Content encodings of ClickHouse's HTTP protocol, over cramjam."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import cramjam

_CODECS: dict[str, Any] = {
    "lz4": cramjam.lz4,
    "zstd": cramjam.zstd,
    "gzip": cramjam.gzip,
    "br": cramjam.brotli,
    "deflate": cramjam.zlib,
}
"""In order of preference: the cheapest first."""


class EncodingError(ValueError):
    """The body is not what Content-Encoding says, or too large."""


def decompress(data: bytes, encoding: str, limit: int) -> bytes:
    """The body behind `Content-Encoding`. `limit`: most bytes that may come out.

    Raises:
        EncodingError: unknown encoding, broken data, or more than `limit` bytes.
    """
    if encoding in ("", "identity"):
        return data
    codec = _CODECS.get(encoding.lower())
    if codec is None:
        raise EncodingError(f"unknown Content-Encoding {encoding[:40]!r}; known are {', '.join(_CODECS)}")
    room = min(limit, max(1 << 16, 8 * len(data)))
    while True:  # a guess first: most bodies shrink to a half or a quarter
        out = bytearray(room)
        try:
            return bytes(memoryview(out)[: codec.decompress_into(data, out)])
        except cramjam.DecompressionError as error:
            if "whole buffer" not in str(error) and "too small" not in str(error):
                raise EncodingError(f"the body is not {encoding}: {error}") from None
            if room == limit:
                raise EncodingError(f"the body has more than {limit} bytes after {encoding}") from None
            room = min(limit, room * 8)


def choose(accepted: str) -> str | None:
    """The encoding for an answer, after `Accept-Encoding`."""
    offered = {
        item.split(";")[0].strip().lower() for item in accepted.split(",") if "q=0" not in item.split(";")[1:]
    }
    return next((name for name in _CODECS if name in offered and name != "deflate"), None)


def compress(blocks: Iterable[bytes], encoding: str) -> bytes:
    """One answer, compressed as a whole."""
    compressor = Compressor(encoding)
    return b"".join([*(compressor.add(block) for block in blocks), compressor.finish()])


class Compressor:
    """One answer that is compressed block by block into a single frame."""

    def __init__(self, encoding: str) -> None:
        self._codec = _CODECS[encoding].Compressor()

    def add(self, block: bytes) -> bytes:
        """What can be sent after this block."""
        self._codec.compress(block)
        return bytes(self._codec.flush())

    def finish(self) -> bytes:
        """The end of the frame."""
        return bytes(self._codec.finish())

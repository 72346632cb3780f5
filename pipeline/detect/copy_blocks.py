"""What is read seldom of the entries of the copy index, packed: their texts, and the posts that links show.

Both are filled in order and forgotten from the beginning, in blocks of `BLOCK`. The latest `KEPT` stay as they are:
copies come soon after one another, and then nothing is packed out.
"""

from __future__ import annotations

from struct import Struct

import msgspec
import zstandard

from pipeline.detect.copy_post import CopyPost
from pipeline.text.alike import Comparable

BLOCK = 1024
"""Entries of a block: large ones, for between small ones memory is lost."""
UNIT = 64
"""Posts that are compressed together."""
KEPT = 4096
"""Latest entries that are not packed."""
_UNPACKED = 128
"""Units of posts that are held as they were last read."""
_zip, _unzip = zstandard.ZstdCompressor(level=1), zstandard.ZstdDecompressor()
"""Made once: to set one up takes as long as it takes to compress a unit. Higher levels save nothing here."""

_places = Struct("<II")
_OWN, _WIDE, _BARE, _BEGINNING = 1, 2, 4, 8
_posts = msgspec.msgpack.Decoder(list[msgspec.Raw])
_post = msgspec.msgpack.Decoder(CopyPost)


class Texts:
    """Texts as `pipeline.text.alike` compares them, each by the number of its entry."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._latest: list[Comparable] = []

    def append(self, text: Comparable) -> None:
        """The text of the next entry."""
        self._latest.append(text)
        if len(self._latest) == KEPT + BLOCK:
            self._blocks.append(_joined([_packed(text) for text in self._latest[:BLOCK]]))
            del self._latest[:BLOCK]

    def __getitem__(self, number: int) -> Comparable:
        block = number // BLOCK
        if block >= len(self._blocks):
            return self._latest[number - BLOCK * len(self._blocks)]
        return _unpacked(_part(self._blocks[block], number % BLOCK))

    def forget(self, blocks: int) -> None:
        """Forgets the first blocks: the numbers of the others become so much lower."""
        del self._latest[: max(0, blocks - len(self._blocks)) * BLOCK]
        del self._blocks[:blocks]


class Posts:
    """A post of each entry, by the number of the entry."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._latest: list[CopyPost] = []
        self._read: dict[int, list[msgspec.Raw]] = {}

    def append(self, post: CopyPost) -> None:
        """The post of the next entry."""
        self._latest.append(post)
        if len(self._latest) == KEPT + BLOCK:
            units = [self._latest[start : start + UNIT] for start in range(0, BLOCK, UNIT)]
            packed = [_zip.compress(msgspec.msgpack.encode(unit)) for unit in units]
            self._blocks.append(_joined(packed))
            del self._latest[:BLOCK]

    def __getitem__(self, number: int) -> CopyPost:
        block = number // BLOCK
        if block >= len(self._blocks):
            return self._latest[number - BLOCK * len(self._blocks)]
        unit = number // UNIT
        posts = self._read.get(unit)
        if posts is None:
            if len(self._read) >= _UNPACKED:
                self._read.clear()
            packed = _part(self._blocks[block], unit % (BLOCK // UNIT))
            posts = self._read[unit] = _posts.decode(_unzip.decompress(packed))
        return _post.decode(posts[number % UNIT])

    def forget(self, blocks: int) -> None:
        """Forgets the first blocks: the numbers of the others become so much lower."""
        del self._latest[: max(0, blocks - len(self._blocks)) * BLOCK]
        del self._blocks[:blocks]
        self._read.clear()


def _joined(parts: list[bytes]) -> bytes:
    """Where each part begins and where the last ends, 4 bytes each; then the parts."""
    places, at = [], 4 * (len(parts) + 1)
    for part in parts:
        places.append(at)
        at += len(part)
    return b"".join([number.to_bytes(4, "little") for number in [*places, at]] + parts)


def _part(block: bytes, place: int) -> bytes:
    start, end = _places.unpack_from(block, 4 * place)
    return block[start:end]


def _packed(text: Comparable) -> bytes:
    """A byte of flags and the full form; where it differs, NUL and the bare form, or only its length where the full one
    begins with it: hashtags mostly stand at the end. Normalised texts have no NUL."""
    full, bare, own, wide = text
    flags = own * _OWN | wide * _WIDE
    if full != bare:
        begins = full.startswith(bare)
        flags |= _BARE | begins * _BEGINNING
        full = f"{full}\x00{len(bare) if begins else bare}"
    return bytes((flags,)) + full.encode("utf-8", "surrogatepass")


def _unpacked(part: bytes) -> Comparable:
    flags = part[0]
    full = bare = part[1:].decode("utf-8", "surrogatepass")
    if flags & _BARE:
        full, _, bare = full.partition("\x00")
        if flags & _BEGINNING:
            bare = full[: int(bare)]
    return Comparable(full, bare, flags & _OWN != 0, flags & _WIDE != 0)

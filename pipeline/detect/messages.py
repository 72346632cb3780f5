"""What the steps of the core send each other: packed by the batch, MessagePack on the wire."""

from __future__ import annotations

from itertools import compress

import msgspec
import numpy as np
import numpy.typing as npt

from pipeline.detect.activity import Activity
from pipeline.detect.author_days import AuthorWord
from pipeline.detect.copies import Candidate, Link
from pipeline.detect.fan_merge import FanWord
from pipeline.detect.finding import Finding
from pipeline.detect.origin import Origin
from pipeline.detect.pages import PageNews
from pipeline.detect.sharing import CoShare, Share
from pipeline.text.fingerprint import SKETCH, Fingerprints
from schemas.times import Micros

FORM = 1
"""Number of the form of these messages. One more field at the end of a struct, with a default, keeps it: who does not
know the field passes it over. Whatever else changes raises it: a worker stops at a higher one than its own, and
leaves the messages to those who can read them."""


class Shuffled(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """From one source partition to one shuffle partition.

    clock: the source's clock after these posts, `END` at the end of the stream.
    quiet: nothing was waiting in the source partition; the message says only that.
    keys, counts: band keys of `copies` that fall to this partition, little-endian uint64 and int64.
    sketches: of each of `copies`, 2 * `SKETCH` bytes.
    origin: the last record that this message covers; first: the offset of the first one.
    copies_from, activity_from, shares_from, authors_from: for each row of `copies`, `activity`, `shares` and `authors`
        the offset of its record, less `first`, little-endian int32. Rows are functions of their records, so batches may
        be cut anew.
    authors: words of the source partition's accounts, in the message to the first shuffle partition, which hands them
        on.
    """

    source: int
    clock: Micros
    quiet: bool = False
    copies: list[Candidate] = []
    keys: bytes = b""
    counts: bytes = b""
    activity: list[Activity] = []
    shares: list[Share] = []
    sketches: bytes = b""
    authors: list[AuthorWord] = []
    origin: Origin = Origin()
    first: int = 0
    copies_from: bytes = b""
    activity_from: bytes = b""
    shares_from: bytes = b""
    authors_from: bytes = b""

    def after(self, offset: int) -> Shuffled:
        """The same without the rows of the records up to this offset."""
        if offset < self.first:
            return self
        copies, activity, shares, authors = (
            (np.frombuffer(packed, dtype="<i4") + self.first > offset)
            for packed in (self.copies_from, self.activity_from, self.shares_from, self.authors_from)
        )
        keys, counts = self.key_arrays()
        sketches = np.frombuffer(self.sketches, dtype=np.uint8).reshape(-1, 2 * SKETCH)
        return msgspec.structs.replace(
            self,
            copies=list(compress(self.copies, copies)),
            keys=keys[np.repeat(copies, counts)].tobytes(),
            counts=counts[copies].tobytes(),
            sketches=sketches[copies].tobytes(),
            activity=list(compress(self.activity, activity)),
            shares=list(compress(self.shares, shares)),
            authors=list(compress(self.authors, authors)),
        )

    def key_arrays(self) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
        """`keys` and `counts` as arrays."""
        return np.frombuffer(self.keys, dtype="<u8"), np.frombuffer(self.counts, dtype="<i8")

    def fingerprints(self) -> Fingerprints:
        """`keys`, `counts` and `sketches` as arrays."""
        sketches = np.frombuffer(self.sketches, dtype=np.uint8).reshape(-1, 2, SKETCH)
        return Fingerprints(*self.key_arrays(), sketches)


class Signal(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """From one step to the place where alerts are made.

    source: shuffle partition whose `clock` this is.
    fans: word of a fan partition, which has a clock of its own; `findings` are then that partition's, `source` is -1.
    authors: words of a source partition's accounts. They come the way of the clocks, so that no clock overtakes them.
    origin: the record that made the step say so.
    pages: who comes to the partition's pages.
    """

    source: int
    clock: Micros
    links: list[Link] = []
    findings: list[Finding] = []
    coshares: list[CoShare] = []
    fans: FanWord | None = None
    authors: list[AuthorWord] = []
    origin: Origin = Origin()
    pages: PageNews = PageNews()


def encode(message: Shuffled | Signal) -> bytes:
    """MessagePack."""
    return msgspec.msgpack.encode(message)


_shuffled = msgspec.msgpack.Decoder(Shuffled)
_signal = msgspec.msgpack.Decoder(Signal)


def decode_shuffled(raw: bytes, sources: int | None = None) -> Shuffled:
    """Reads `encode`'s output. `sources`: how many source partitions there are, if that is to be checked.

    Raises:
        ValueError, of which msgspec's errors are some: no step of Vigie's wrote it.
    """
    message = _shuffled.decode(raw)
    _check_source(message.source, sources, 0)
    if not _whole(message):
        raise ValueError("the packed arrays do not fit its rows")
    return message


def decode_signal(raw: bytes, sources: int | None = None) -> Signal:
    """Reads `encode`'s output. `sources`: how many shuffle partitions there are, if that is to be checked.

    Raises:
        ValueError, of which msgspec's errors are some: no step of Vigie's wrote it.
    """
    signal = _signal.decode(raw)
    _check_source(signal.source, sources, -1)
    return signal


def _check_source(source: int, sources: int | None, least: int) -> None:
    """A partition that there is not would hold back time for ever: nobody speaks for it."""
    if source < least or (sources is not None and source >= sources):
        raise ValueError(f"it comes from partition {source}, which is none")


def _whole(message: Shuffled) -> bool:
    rows = (
        (message.copies_from, message.copies),
        (message.activity_from, message.activity),
        (message.shares_from, message.shares),
        (message.authors_from, message.authors),
    )
    copies = len(message.copies)
    if (
        len(message.counts) != 8 * copies
        or len(message.sketches) != 2 * SKETCH * copies
        or len(message.keys) % 8
    ):
        return False
    keys, counts = message.key_arrays()
    return (
        int(counts.min(initial=0)) >= 0
        and int(counts.sum()) == len(keys)
        and all(len(packed) == 4 * len(listed) for packed, listed in rows)
    )

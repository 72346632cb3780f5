"""The columns of a table of shares, and what may stand in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.connect.items import FileProblem
from pipeline.detect.coshare import Ints

IDS = ("object_id", "account_id", "content_id")
TIME = "timestamp_share"
COLUMNS = (*IDS, TIME)
TEXT = pa.dictionary(pa.int32(), pa.string())
"""How identifiers are held: numbers into a list of names."""

LATEST = 1 << 53
"""Times beyond this many seconds either way are no times."""

WANTED = "Name the columns object_id, account_id, content_id and timestamp_share"
SECONDS = "Give whole seconds, as in 1623881091"


def check_names(path: Path, names: list[str], where: str) -> None:
    """Each of `COLUMNS` must be there once; `where` is said in the message.

    Raises:
        FileProblem: one is not.
    """
    for name in COLUMNS:
        if names.count(name) != 1:
            wrong = "no column" if name not in names else "more than one column"
            raise FileProblem(str(path), f"{where}: {wrong} {name} among {', '.join(names)[:200]}", WANTED)


def numbers(column: Any) -> Ints:
    """An Arrow array of whole numbers, chunked or not and without nulls, as int64. Shape (n,)."""
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    # Not `to_numpy`, which imports pandas wherever that is installed: most of a second.
    arrays = [np.from_dlpack(chunk).astype(np.int64) for chunk in chunks]
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.int64)


def seconds(column: Any) -> Ints:
    """Whole seconds from an Arrow array of text, numbers or times; `1623881091.0` is whole. Shape (n,).

    Raises:
        ValueError: something else is among them (Arrow's own errors are ValueErrors).
        NotImplementedError: the column's type cannot be a time.
    """
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("s"))
    try:
        times = column.cast(pa.int64())
    except pa.ArrowInvalid:
        times = column.cast(pa.float64()).cast(pa.int64())
    if times.null_count:
        raise ValueError("empty")
    values = numbers(times)
    if len(values) and not -LATEST <= values.min() <= values.max() <= LATEST:
        raise ValueError("out of range")
    return values

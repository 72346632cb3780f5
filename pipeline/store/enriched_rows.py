"""Enriched posts from their JSON to Arrow without a Python object for each: four times as fast as `rows.posts_table`.

Arrow's own reader takes the messages that Vigie writes. Whatever it does not take exactly as `rows.posts_table` does
(foreign messages, times in other forms) goes there instead.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from pipeline.store.rows import DEFAULTS, EPOCH, Told, entered, extra_fields, posts_table
from pipeline.store.schemas import POSTS, TIME
from schemas.times import Micros

_OWN = frozenset({"ingested_at", "extra", "detectors"})
"""Columns that are not fields of the message, or not read as they stand."""

_READ = pa.schema(
    [
        pa.field(field.name, pa.string() if field.type == TIME else field.type)
        for field in POSTS
        if field.name not in _OWN
    ]
)
_OPTIONS = pj.ParseOptions(explicit_schema=_READ, unexpected_field_behavior="infer")


def posts_from_json(raws: Sequence[bytes], ingested_at: Micros, told: Told = ()) -> pa.Table:
    """Table `posts` from EnrichedPost messages; the same as `posts_table` of the decoded messages.

    Raises:
        RowError, ValueError: a message is none, or fits no row.
    """
    table = _fast(raws, ingested_at, told) if raws else None
    return posts_table([orjson.loads(raw) for raw in raws], ingested_at, told) if table is None else table


def _fast(raws: Sequence[bytes], ingested_at: Micros, told: Told = ()) -> pa.Table | None:
    """The table, or None where Arrow's reader is not to be trusted with these messages."""
    _, mark, detectors = raws[0].rpartition(b',"detectors":{')
    ending = mark + detectors
    if not mark or detectors.count(b"}") != 2 or b'\\"' in detectors:
        return None
    if not all(raw.endswith(ending) and raw.startswith(b'{"') for raw in raws):
        return None  # `detectors` is one for the whole batch: all messages come from one version of Vigie
    lines = b"\n".join(raws)
    if lines.count(b"\n") != len(raws) - 1:
        return None
    size = pj.ReadOptions(use_threads=False, block_size=len(lines) + 1)
    try:
        found = pj.read_json(pa.BufferReader(lines), read_options=size, parse_options=_OPTIONS)
        if found.num_rows != len(raws):
            return None
        versions = orjson.dumps(orjson.loads(b"{" + detectors[:-1])).decode()
        more = set(found.column_names) - set(POSTS.names)
        extra = _extra(raws) if more or "extra" in found.column_names else [""] * len(raws)
        own = {
            "ingested_at": entered(ingested_at, len(raws), told),
            "detectors": pa.repeat(pa.scalar(versions, pa.string()), len(raws)),
            "extra": pa.array(extra, pa.string()),
        }
        columns = [own[field.name] if field.name in own else _column(field, found) for field in POSTS]
    except (pa.ArrowException, orjson.JSONDecodeError):
        return None
    return pa.Table.from_arrays(columns, schema=POSTS)


def _column(field: pa.Field, found: pa.Table) -> pa.ChunkedArray:
    column = found[field.name]
    if not field.nullable and column.null_count:
        default = EPOCH if field.type == TIME else DEFAULTS.get(field.type, 0)
        if field.type == pa.list_(pa.string()):
            column = pc.if_else(column.is_valid(), column, pa.scalar([], field.type))
        else:
            column = column.fill_null(default)
    return column.cast(TIME) if field.type == TIME else column


def _extra(raws: Sequence[bytes]) -> list[str]:
    return extra_fields([orjson.loads(raw) for raw in raws], frozenset(POSTS.names) - {"extra"})

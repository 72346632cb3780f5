"""Arrow schemas of the store's tables, as `infra/clickhouse` declares them.

A column that is not nullable holds its type's default where a record says nothing.
"""

from __future__ import annotations

import pyarrow as pa

TIME = pa.timestamp("us", "UTC")
_TEXT = pa.string()
_TEXTS = pa.list_(pa.string())


def _schema(required: dict[str, pa.DataType], optional: dict[str, pa.DataType] | None = None) -> pa.Schema:
    return pa.schema(
        [pa.field(name, kind, nullable=False) for name, kind in required.items()]
        + [pa.field(name, kind) for name, kind in (optional or {}).items()]
    )


def _all(kind: pa.DataType, names: str) -> dict[str, pa.DataType]:
    return dict.fromkeys(names.split(), kind)


POSTS = _schema(
    _all(_TEXT, "platform id author_id text lang language url target author_name reply_to repost_of source")
    | _all(_TEXT, "norm_text detectors extra")
    | _all(_TEXTS, "urls hashtags mentions media_hashes canonical_urls")
    | _all(pa.bool_(), "is_repost deleted late")
    | _all(TIME, "created_at ingested_at")
    | {"fingerprint": pa.uint64()},
    {
        "author_created_at": TIME,
        "author_followers": pa.uint64(),
        "cluster_id": _TEXT,
        "burst_score": pa.float32(),
        "account_score": pa.float32(),
    },
)

FAN_COUNTS = _schema(
    _all(_TEXT, "platform page_id page_name extra")
    | _all(TIME, "observed_at ingested_at")
    | {"followers": pa.uint64(), "late": pa.bool_()},
    _all(pa.uint64(), "following posts"),
)

FOLLOWS = _schema(
    _all(_TEXT, "platform page_id actor_id action actor_name extra")
    | _all(TIME, "at ingested_at")
    | {"late": pa.bool_()},
    {"actor_created_at": TIME, **_all(pa.uint64(), "actor_followers actor_posts")},
)

ALERTS = _schema(
    _all(_TEXT, "alert_id kind status severity subject_platform subject_id subject_name reasons ruled_out")
    | _all(_TEXT, "summary_fr summary_en evidence_sql detector")
    | _all(TIME, "first_seen last_seen window_start window_end ingested_at")
    | _all(_TEXTS, "account_ids post_ids")
    | _all(pa.uint64(), "account_count post_count version")
    | _all(pa.float64(), "score observed expected")
    | {"revision": pa.uint32(), "is_deleted": pa.uint8()}
)

ALERT_REVISIONS = _schema(
    _all(_TEXT, "alert_id kind status severity alert")
    | _all(TIME, "last_seen ingested_at")
    | {"revision": pa.uint32(), "digest": pa.uint64(), "score": pa.float64()}
)

ACTIONS = _schema(
    _all(_TEXT, "alert_id action actor verdict comment extra") | _all(TIME, "at ingested_at"), {"until": TIME}
)

COPY_MEMBERS = _schema(
    _all(_TEXT, "platform id cluster_id author_id")
    | _all(TIME, "created_at ingested_at")
    | {"version": pa.uint64(), "is_deleted": pa.uint8()}
)

DEAD_LETTERS = _schema(
    _all(_TEXT, "topic stage code field message")
    | {"partition": pa.int32(), "offset": pa.int64(), "digest": pa.uint64(), "raw": pa.binary(), "at": TIME}
)

LETTER_OUTCOMES = _schema(
    _all(_TEXT, "topic outcome")
    | {"partition": pa.int32(), "offset": pa.int64(), "digest": pa.uint64(), "at": TIME}
)

CURSORS = _schema(_all(_TEXT, "connector value") | {"at": TIME})

ERASURES = _schema(_all(_TEXT, "mark platform person record") | _all(TIME, "at ingested_at"))

TABLES: dict[str, pa.Schema] = {
    "posts": POSTS,
    "fan_counts": FAN_COUNTS,
    "follows": FOLLOWS,
    "alerts": ALERTS,
    "alert_revisions": ALERT_REVISIONS,
    "actions": ACTIONS,
    "copy_members": COPY_MEMBERS,
    "dead_letters": DEAD_LETTERS,
    "letter_outcomes": LETTER_OUTCOMES,
    "cursors": CURSORS,
    "erasures": ERASURES,
}
"""Table name -> schema, for everything that rows are written to."""

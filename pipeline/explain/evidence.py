"""The one query that returns the rows behind a finding."""

from __future__ import annotations

from pipeline.detect.finding import HASHTAGS_COUNTED, Evidence
from schemas.times import format_time

_TIME = {"posts": "created_at", "copy_posts": "created_at", "fan_counts": "observed_at", "follows": "at"}
_KEY = {
    "posts": ("platform", "id"),
    "copy_posts": ("platform", "id"),
    "fan_counts": ("platform", "page_id"),
    "follows": ("platform", "page_id", "actor_id"),
}


def quote(text: str) -> str:
    """A ClickHouse string literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\0", "\\0").replace("\n", "\\n")
    return f"'{escaped}'"


def _equal(name: str, value: str) -> str:
    if name == "target" and value.startswith("#"):
        first = f"arraySlice(hashtags, 1, {HASHTAGS_COUNTED})"
        tags = f"arrayMap(tag -> concat('#', lowerUTF8(trimLeft(tag, '#'))), {first})"
        return f"(target = {quote(value)} OR (target = '' AND has({tags}, {quote(value)})))"
    return f"{name} = {quote(value)}"


def evidence_sql(evidence: Evidence, database: str = "vigie") -> str:
    """A SELECT over the evidence's table, in order of time. `copy_posts` is a view, deduplicated by itself."""
    time = _TIME[evidence.table]
    final = "" if evidence.table == "copy_posts" else " FINAL"
    where = [_equal(name, value) for name, value in sorted(evidence.equal.items())]
    if evidence.ids:
        where.append(f"id IN ({', '.join(map(quote, evidence.ids))})")
    if evidence.accounts:
        where.append(f"author_id IN ({', '.join(map(quote, evidence.accounts))})")
    if evidence.people:
        people = ", ".join(f"({quote(platform)}, {quote(account)})" for platform, account in evidence.people)
        where.append(f"(platform, author_id) IN ({people})")
    where.append(
        f"{time} BETWEEN parseDateTime64BestEffort({quote(format_time(evidence.start))}, 6, 'UTC')"
        f" AND parseDateTime64BestEffort({quote(format_time(evidence.end))}, 6, 'UTC')"
    )
    order = ", ".join((time, *_KEY[evidence.table]))
    return f"SELECT * FROM {database}.{evidence.table}{final} WHERE {' AND '.join(where)} ORDER BY {order}"

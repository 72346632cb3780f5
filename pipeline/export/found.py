# ruff: noqa: S608 (tables and columns are named here, values are parameters; evidence is the alert's own query)
"""What the store knows of an alert: the alert itself, the rows behind it, and what belongs to them."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.store.client import StoreClient
from pipeline.store.forget import alert_of
from schemas.alerts import Alert

_TIMES = ("first_seen", "last_seen", "window_start", "window_end")
_SHOWN = 5
_LEAST = 4
"""Characters from which on the beginning of an id is looked up."""


class NoSuchAlert(Exception):
    """The store has no alert of that name, or several; the message says what to do."""


def find(client: StoreClient, name: str) -> Alert:
    """The alert of that id, or of the only id that begins so.

    Raises:
        NoSuchAlert: see there.
        StoreError: the store is away.
    """
    columns = ", ".join(f"toUnixTimestamp64Micro({time}) AS {time}_us" for time in _TIMES)
    begins = "startsWith(alert_id, {name:String})" if len(name) >= _LEAST else "alert_id = {name:String}"
    found = list(
        client.query(
            f"SELECT *, {columns} FROM alerts FINAL WHERE {begins} "
            "ORDER BY alert_id = {name:String} DESC, alert_id LIMIT {most:UInt32}",
            {"name": name, "most": _SHOWN + 1},
        ).named_results()
    )
    if found and (len(found) == 1 or found[0]["alert_id"] == name):
        return alert_of(found[0])
    shown = name if len(name) <= 100 else f"{name[:100]}…"
    if found:
        ids = ", ".join(str(row["alert_id"]) for row in found[:_SHOWN])
        raise NoSuchAlert(
            f"several alerts begin with {shown!r}: {ids}{', …' if len(found) > _SHOWN else ''}. Give more of the id"
        )
    if _withdrawn(client, name):
        raise NoSuchAlert(
            f"the alert {shown!r} was withdrawn: it turned out to be part of another one, or of nothing. "
            "`vigie alerts` shows those that stand"
        )
    raise NoSuchAlert(
        f"the store has no alert {shown!r}. `vigie alerts --json` gives the ids (alert_id); one that has just been "
        "told is stored within seconds"
    )


def _withdrawn(client: StoreClient, name: str) -> bool:
    query = "SELECT countIf(status = 'withdrawn') FROM alert_revisions FINAL WHERE alert_id = {name:String}"
    return bool(client.query(query, {"name": name}).result_rows[0][0])


def clusters(client: StoreClient, evidence: str) -> dict[tuple[str, str], str]:
    """The copy cluster of each post of the evidence that has one: the posts themselves were stored before it was
    known."""
    query = (
        "SELECT platform, id, cluster_id FROM copy_members FINAL "
        f"WHERE (platform, id) IN (SELECT platform, id FROM ({evidence}))"
    )
    return {(str(p), str(post)): str(cluster) for p, post, cluster in client.query(query).result_rows}


def also_on(client: StoreClient, alert: Alert, pages: Sequence[str]) -> list[tuple[str, str]]:
    """(page, account): which of the alert's accounts came to these pages within a week of it."""
    near = "BETWEEN parseDateTime64BestEffort({start:String}, 6, 'UTC') - INTERVAL 7 DAY AND "
    near += "parseDateTime64BestEffort({end:String}, 6, 'UTC') + INTERVAL 7 DAY"
    query = (
        "SELECT DISTINCT page_id, actor_id FROM follows FINAL WHERE platform = {platform:String} "
        f"AND page_id IN {{pages:Array(String)}} AND actor_id IN {{ids:Array(String)}} AND at {near} "
        "ORDER BY page_id, actor_id"
    )
    values = {
        "platform": alert.subject.platform,
        "pages": list(pages),
        "ids": list(alert.accounts.ids),
        "start": alert.window.start,
        "end": alert.window.end,
    }
    return [(str(page), str(account)) for page, account in client.query(query, values).result_rows]


def count(client: StoreClient, alert: Alert) -> int:
    """Rows behind the alert."""
    return int(client.query(f"SELECT count() FROM ({alert.evidence_sql})").result_rows[0][0])


def first(alert: Alert, rows: int) -> str:
    """The query for the first of them: it ends with its order, as `pipeline.explain.evidence` writes it."""
    return f"{alert.evidence_sql} LIMIT {rows}"

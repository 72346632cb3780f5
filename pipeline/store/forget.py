"""Takes out of the store who is forgotten, and what deleted posts still say. All of it can be done again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import orjson

from pipeline.detect.erase import Names
from pipeline.explain.redact import quoted, quoting, redacted
from pipeline.store import rows
from pipeline.store.client import StoreClient
from pipeline.text.normalise import visible
from schemas.alerts import Alert
from schemas.erasures import Erasure
from schemas.times import Micros, format_time

PEOPLE: dict[str, tuple[str, str]] = {
    "posts": ("author_id", "created_at"),
    "follows": ("actor_id", "at"),
    "copy_members": ("author_id", "created_at"),
}
"""Tables with a row for what one account did: its column, and when it did it."""

LETTERS = ("dead_letters", "letter_outcomes")
_SAMPLE = 240
_PAGE = 500
_NOW = "SETTINGS mutations_sync = 2"
Change = Callable[[Alert], Alert]
Retold = tuple[Alert, Micros]
"""An alert, and the number under which it is to be told."""


def forget(client: StoreClient, erasures: Sequence[Erasure], now: Micros) -> list[Retold]:
    """Deletes and rewrites; the alerts that were rewritten.

    Raises:
        StoreError: the store is away; saying it again goes on.
    """
    for table, (column, at) in PEOPLE.items():
        for platform in sorted({one.platform for one in erasures}):
            people = " OR ".join(_person(one, column, at) for one in erasures if one.platform == platform)
            _delete(client, table, f"platform = '{_quoted(platform)}' AND ({people})")
    letters = sorted({str(letter) for one in erasures for letter in one.letters})
    if letters:
        for table in LETTERS:
            _delete(client, table, f"digest IN ({', '.join(letters)})")
    names = Names(erasures)
    return rewrite(client, lambda alert: redacted(alert, names), now)


def _person(one: Erasure, column: str, at: str) -> str:
    """What is dated later is news, unless it was stored before."""
    until = f"least({at}, ingested_at) <= fromUnixTimestamp64Micro({one.at})"
    return (
        f"(left(lower(hex(SHA256(concat(platform, char(31), {column})))), 32) = '{one.person}' AND {until})"
    )


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _delete(client: StoreClient, table: str, where: str) -> None:
    """Out of the files, too. A mutation costs a look at every part: only where there is something."""
    # Versions of a row that FINAL hides are there all the same.
    if client.query(f"SELECT count() FROM {table} WHERE {where}", settings={"final": 0}).result_rows[0][0]:  # noqa: S608
        client.command(f"ALTER TABLE {table} DELETE WHERE {where} {_NOW}")


def rewrite(client: StoreClient, change: Change, now: Micros, where: str = "1") -> list[Retold]:
    """Rewrites alerts and their revisions where `change` makes others of them; the alerts."""
    told: list[Retold] = []
    for page in _pages(client, where):
        ids = ", ".join(f"'{_quoted(one)}'" for one in page)
        latest, gone = _changed_alerts(client, change, ids)
        if latest:
            plain = [msgspec.to_builtins(alert) for alert, _ in latest]
            client.insert("alerts", rows.alerts_table(plain, now, [at for _, at in latest]))
        if gone:
            _delete(client, "alerts", f"(alert_id, version) IN ({', '.join(gone)})")
        _rewrite_revisions(client, change, ids, now)
        told += latest
    return told


def _pages(client: StoreClient, where: str) -> Iterator[list[str]]:
    after = ""
    while True:
        found = client.query(
            f"SELECT DISTINCT alert_id FROM alert_revisions WHERE alert_id > {{after:String}} AND ({where}) "  # noqa: S608
            f"ORDER BY alert_id LIMIT {_PAGE}",
            {"after": after},
        ).result_rows
        page = [str(row[0]) for row in found]
        if page:
            yield page
        if len(page) < _PAGE:
            return
        after = page[-1]


def _changed_alerts(client: StoreClient, change: Change, ids: str) -> tuple[list[Retold], list[str]]:
    """The alerts as they are to be, each with the number that puts it right behind what stands; and what has to go,
    with versions that FINAL hides: later ones may have been told without."""
    columns = ", ".join(
        f"toUnixTimestamp64Micro({name}) AS {name}_us"
        for name in ("first_seen", "last_seen", "window_start", "window_end")
    )
    query = f"SELECT *, {columns} FROM alerts WHERE alert_id IN ({ids}) ORDER BY version DESC"  # noqa: S608
    seen: set[str] = set()
    latest: list[Retold] = []
    gone: list[str] = []
    for row in client.query(query, settings={"final": 0}).named_results():
        name, version = str(row["alert_id"]), int(row["version"])
        first = name not in seen
        seen.add(name)
        if row["is_deleted"]:
            continue
        alert = alert_of(row)
        new = change(alert)
        if new != alert:
            gone.append(f"('{_quoted(name)}', {version})")
            if first:
                latest.append((new, (version >> 20) * 1000 + (version & 0xFFFFF) + 1))
    return latest, gone


def _rewrite_revisions(client: StoreClient, change: Change, ids: str, now: Micros) -> None:
    fresh, gone = [], []
    query = f"SELECT alert_id, revision, digest, alert FROM alert_revisions WHERE alert_id IN ({ids})"  # noqa: S608
    for name, revision, digest, text in client.query(query, settings={"final": 0}).result_rows:
        try:
            alert = msgspec.json.decode(text, type=Alert)
        except msgspec.ValidationError:
            continue  # a withdrawal says nothing
        new = change(alert)
        if new != alert:
            fresh.append(orjson.loads(msgspec.json.encode(new)))
            gone.append(f"('{_quoted(name)}', {revision}, {digest})")
    if fresh:
        client.insert("alert_revisions", rows.alert_revisions_table(fresh, now))
        _delete(client, "alert_revisions", f"(alert_id, revision, digest) IN ({', '.join(gone)})")


def alert_of(row: dict[str, Any]) -> Alert:
    """The contract's alert from a row of `alerts` with its times in microseconds beside (`…_us`)."""
    subject = {"platform": row["subject_platform"], "id": row["subject_id"]}
    same = ("alert_id", "kind", "revision", "status", "severity", "score", "observed", "expected")
    return msgspec.convert(
        {
            **{name: row[name] for name in (*same, "evidence_sql")},
            **{name: orjson.loads(row[name]) for name in ("reasons", "ruled_out", "detector")},
            "subject": {**subject, "name": row["subject_name"]} if row["subject_name"] else subject,
            "first_seen": format_time(row["first_seen_us"]),
            "last_seen": format_time(row["last_seen_us"]),
            "window": {
                "start": format_time(row["window_start_us"]),
                "end": format_time(row["window_end_us"]),
            },
            "accounts": {"count": row["account_count"], "ids": list(row["account_ids"])},
            "posts": {"count": row["post_count"], "ids": list(row["post_ids"])},
            "summary": {"fr": row["summary_fr"], "en": row["summary_en"]},
        },
        Alert,
    )


def unquoted(client: StoreClient, alert: Alert) -> Alert:
    """The alert with the words of a post that is not deleted, if it quotes one of a campaign of which some are."""
    if quoted(alert) is None or not alert.posts.ids:
        return alert
    ids = list(alert.posts.ids)
    found = client.query(
        "SELECT id, deleted, text FROM posts FINAL WHERE id IN {ids:Array(String)} "
        "AND (platform = {platform:String} OR {platform:String} = '*')",
        {"ids": ids, "platform": alert.subject.platform},
    ).result_rows
    state = {str(name): (bool(deleted), str(text)) for name, deleted, text in found}
    if not any(deleted for deleted, _ in state.values()):
        return alert
    rest = (state[name][1] for name in ids if name in state and not state[name][0] and state[name][1])
    return quoting(alert, visible(next(rest, ""), _SAMPLE))


def follow_deletions(client: StoreClient, posts: Sequence[str], now: Micros) -> list[Retold]:
    """Rewrites the alerts that quote posts of these ids, which were deleted; they are the result."""
    listed = ", ".join(f"'{_quoted(one)}'" for one in posts)
    found = client.query(
        f"SELECT alert_id FROM alerts FINAL WHERE kind = 'copy_paste' AND hasAny(post_ids, [{listed}])"  # noqa: S608
    ).result_rows
    if not found:
        return []
    ids = ", ".join(f"'{_quoted(str(row[0]))}'" for row in found)
    return rewrite(client, lambda alert: unquoted(client, alert), now, f"alert_id IN ({ids})")


def purge_deleted(client: StoreClient) -> None:
    """Takes out of the files what a post said before it was deleted. FINAL hides it at once; but a deletion may carry
    another date than the post, and then no merge brings the two together."""
    dead = "(SELECT platform, id FROM posts FINAL WHERE deleted)"
    _delete(client, "posts", f"NOT deleted AND (platform, id) IN {dead}")

"""What a live run left behind, held against what must be there."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tests.endpoints import Endpoints, plain_alert
from tests.faults.expected import KEYS, TIMES, Expected, Letter

_ALWAYS = ("1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z")
_CHUNK = 100_000  # rows asked for at a time; a reader's answer is bounded
_EXAMPLES = 3

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Difference:
    """How one sort of thing differs. wanted: how many there should be; lost: missing; twice: there too many times, or
    not to be there at all; different: there, but not the same. examples: a few, for people."""

    what: str
    wanted: int
    lost: int = 0
    twice: int = 0
    different: int = 0
    examples: tuple[str, ...] = ()

    @property
    def none(self) -> bool:
        """Nothing differs."""
        return not (self.lost or self.twice or self.different)

    def __str__(self) -> str:
        line = f"{self.what}: {self.wanted} wanted, {self.lost} lost, {self.twice} twice, {self.different} different"
        return "\n    ".join([line, *self.examples])


def differences(live: Endpoints, wanted: Expected) -> list[Difference]:
    """One for each sort of thing, whether it differs or not."""
    told = {name: plain_alert(alert) for name, alert in live.told_alerts(*_ALWAYS).items()}
    stored = {name: plain_alert(alert) for name, alert in live.stored_alerts(*_ALWAYS).items()}
    return [
        between("alerts told", wanted.alerts, told),
        between("alerts stored", wanted.alerts, stored),
        between("copy clusters", wanted.clusters, _clusters(live)),
        *(_table(live, name, table) for name, table in wanted.tables.items()),
        counted("dead letters", wanted.letters, _letters(live)),
    ]


def between(what: str, wanted: Mapping[K, Any], found: Mapping[K, Any]) -> Difference:
    """Two mappings: what has the same key should be equal."""
    lost, twice = wanted.keys() - found.keys(), found.keys() - wanted.keys()
    different = [key for key in wanted if key in found and wanted[key] != found[key]]
    examples = [
        *(f"lost: {_short(wanted[key])}" for key in list(lost)[:_EXAMPLES]),
        *(f"twice: {_short(found[key])}" for key in list(twice)[:_EXAMPLES]),
        *(f"different: {_how(wanted[key], found[key])}" for key in different[:_EXAMPLES]),
    ]
    return Difference(what, len(wanted), len(lost), len(twice), len(different), tuple(examples))


def counted(what: str, wanted: Counter[Letter], found: Counter[Letter]) -> Difference:
    """Two counters: everything as often here as there."""
    lost, twice = wanted - found, found - wanted
    examples = [
        *(f"lost: {letter!r:.200}" for letter in list(lost)[:_EXAMPLES]),
        *(f"twice: {letter!r:.200}" for letter in list(twice)[:_EXAMPLES]),
    ]
    return Difference(what, wanted.total(), lost.total(), twice.total(), 0, tuple(examples))


def _short(thing: Any) -> str:
    """Enough of it to find it."""
    if isinstance(thing, dict) and "alert_id" in thing:
        return f"{thing['kind']} {thing['alert_id']} {thing['subject']} from {thing['first_seen']}, {thing['status']}"
    return f"{thing!r:.200}"


def _how(wanted: Any, found: Any) -> str:
    """Which fields differ, and how."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        fields = [name for name in wanted if wanted[name] != found.get(name)]
        pairs = (f"{name} {wanted[name]!r:.80} -> {found.get(name)!r:.80}" for name in fields[:4])
        return f"{_short(wanted)}: {'; '.join(pairs)}"
    if isinstance(wanted, frozenset) and isinstance(found, frozenset):
        return f"{len(wanted - found)} of {len(wanted)} are missing, {len(found - wanted)} are too many"
    return f"{wanted!r:.200} -> {found!r:.200}"


def _clusters(live: Endpoints) -> dict[str, frozenset[str]]:
    posts: dict[str, set[str]] = defaultdict(set)
    authors: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for cluster, platform, post, author in live.rows(
        "SELECT cluster_id, platform, id, author_id FROM copy_members FINAL"
    ):
        posts[cluster].add(post)
        authors[cluster].add((platform, author))
    return {cluster: frozenset(ids) for cluster, ids in posts.items() if len(authors[cluster]) >= 2}


def _letters(live: Endpoints) -> Counter[Letter]:
    query = "SELECT topic, code, hex(raw) FROM dead_letters FINAL"
    return Counter((topic, code, bytes.fromhex(raw)) for topic, code, raw in live.rows(query))


def _table(live: Endpoints, name: str, wanted: pa.Table) -> Difference:
    """All columns but the time of storing, which nobody can foresee; a stretch of event time at a time."""
    columns = [column for column in wanted.column_names if column != "ingested_at"]
    should = wanted.select(columns)
    micros = should[TIMES[name]].cast(pa.int64())
    total = Difference(name, wanted.num_rows)
    client = live.reader()
    try:
        for low, high in pairwise(_cuts(micros)):
            query = (
                f"SELECT {', '.join(columns)} FROM {name} FINAL "
                f"WHERE toUnixTimestamp64Micro({TIMES[name]}) >= {low} "
                f"AND toUnixTimestamp64Micro({TIMES[name]}) < {high}"
            )
            rows = client.query_arrow(query).select(columns).cast(should.schema)
            mine = should.filter(pc.and_(pc.greater_equal(micros, low), pc.less(micros, high)))
            part = rows_between(name, KEYS[name], mine, rows)
            total = Difference(
                name,
                total.wanted,
                total.lost + part.lost,
                total.twice + part.twice,
                total.different + part.different,
                (total.examples + part.examples)[:9],
            )
    finally:
        client.close()
    return total


def rows_between(what: str, key: tuple[str, ...], wanted: pa.Table, found: pa.Table) -> Difference:
    """Two tables of the same columns, of which the first has each key once. Rows become Python values only where the
    tables differ: that takes a hundred times longer than to see that they do not."""
    order = [(name, "ascending") for name in key]
    if wanted.sort_by(order).equals(found.sort_by(order)):
        return Difference(what, wanted.num_rows)
    keyed = _keyed(found, key)
    part = between(what, _keyed(wanted, key), keyed)
    again = found.num_rows - len(keyed)
    more = (f"twice: {again} rows of the same key",) * bool(again)
    return replace(part, twice=part.twice + again, examples=part.examples + more)


def _cuts(times: pa.ChunkedArray) -> list[int]:
    """Where to cut times, so that about `_CHUNK` lie between two cuts; the ends take in everything."""
    inner = np.unique(np.sort(times.to_numpy())[_CHUNK::_CHUNK]).tolist()
    return [-(1 << 62), *inner, 1 << 62]


def _keyed(table: pa.Table, key: tuple[str, ...]) -> dict[tuple[Any, ...], dict[str, Any]]:
    return {tuple(row[name] for name in key): row for row in table.to_pylist()}

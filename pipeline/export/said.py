"""What an alert's own reasons say of its accounts, added to what the rows show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pipeline.detect.ring_window import shape
from pipeline.export.gather import Gathering
from pipeline.export.graph import MAX_PAIRS, Example, Graph, Key, Thing
from schemas.alerts import Alert
from schemas.times import DAY, MINUTE, Micros, parse_time

_CREATED = ("created_together", "creation_cohort", "made_together")
_NAMES = ("sequential_names",)
_OF_A_PAGE = ("burst", "pile_on", "fake_fans")
"""Kinds of alerts whose accounts are there because they came to one page, forum or hashtag."""


def gathering(alert: Alert) -> Gathering:
    """A gathering that looks for what the alert says its accounts have in common."""
    said = {reason.code: reason.values for reason in alert.reasons}
    slot = said["lock_step"]["minutes"] * MINUTE if "lock_step" in said else None
    return Gathering(slot, stems=any(code in said for code in _NAMES))


def mark(alert: Alert, found: Gathering) -> None:
    """Notes which accounts the alert and its reasons name, and ties those together that a reason names together.
    After the rows."""
    where = _Names(alert, found)
    for key in where.all(alert.accounts.ids):
        found.account(key).listed = True
    if alert.kind in _OF_A_PAGE:
        for key in list(found.accounts):
            found.hub(Thing("page", alert.subject.id), key)
    for reason in alert.reasons:
        values = reason.values
        named = dict.fromkeys(where.all(values.get("account_ids") or ()))
        if reason.code in _CREATED:
            named.update(dict.fromkeys(_created(values, found)))
        if reason.code == "named_alike":
            alike = (k for k, one in found.accounts.items() if shape(one.name) == values["pattern"])
            named.update(dict.fromkeys(alike))
        for key in named:
            found.marked(key, reason.code)
        for thing in _together(reason.code, values):
            for key in named:
                found.hub(thing, key)


def add_links(alert: Alert, graph: Graph, found: Gathering, max_pairs: int = MAX_PAIRS) -> None:
    """The links that the alert itself tells (`account_links`): what the rows cannot show, such as what was rare."""
    where = _Names(alert, found)
    for reason in alert.reasons:
        for one in reason.values.get("links", ()) if reason.code == "account_links" else ():
            key = (one["platform"], one["account"])
            found.account(key)
            for link in one["links"]:
                (other,) = where.all((link["account"],))
                pair = (min(key, other), max(key, other))
                known = graph.links.get(pair)
                if key == other or (known is not None and known.evidence is not None):
                    continue  # each of the two may have told it
                for common in link["common"]:
                    thing = Thing("rare", common)
                    found.labels.setdefault(thing, common)
                    known = graph.link(*pair, Example(thing, ("", ""), None), max_pairs)
                if known is not None:
                    known.evidence = link["evidence"]


class _Names:
    """From an account's id, which is all that an alert gives, to the account."""

    def __init__(self, alert: Alert, found: Gathering) -> None:
        self._platform = alert.subject.platform
        self._keys: dict[str, Key] = {}
        for key in found.accounts:
            # an alert of several platforms may name an id that two of them have: the subject's comes first
            if key[1] not in self._keys or key[0] == self._platform:
                self._keys[key[1]] = key

    def all(self, ids: Iterable[str]) -> Iterator[Key]:
        for one in ids:
            yield self._keys.get(one, (self._platform, one))


def _created(values: Mapping[str, Any], found: Gathering) -> Iterator[Key]:
    spans = [_span(one) for one in values.get("cohorts") or (values,)]
    for key, account in found.accounts.items():
        created = account.created
        if created is not None and any(start <= created <= end for start, end in spans):
            yield key


def _span(values: Mapping[str, Any]) -> tuple[Micros, Micros]:
    start = parse_time(values["since"] if "since" in values else values["start"])
    return start, parse_time(values["end"]) if "end" in values else start + round(values["days"] * DAY)


def _together(code: str, values: Mapping[str, Any]) -> Iterator[Thing]:
    """The node to which the accounts of a reason are tied, if they have one thing in common."""
    if code in _CREATED:
        yield Thing("created", str(values.get("since") or values.get("start")))
    elif code == "common_other_page":
        yield Thing("page", str(values["page"]))
    elif code in ("members_of_alerts", "joined_by_alerts"):
        yield Thing("alert", " ".join(map(str, values["alerts"])))
    elif code == "named_alike":
        yield Thing("name", str(values["pattern"]))

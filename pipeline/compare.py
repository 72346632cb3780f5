"""Two backtests side by side: which alerts a changed parameter adds, drops or changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import orjson

from pipeline.notify.messages import safe
from schemas.alerts import Alert, decode_alert
from schemas.times import Micros, parse_time

IGNORED = frozenset({"revision", "evidence_sql", "summary", "alert_id"})
"""Fields that follow from the others, or tell how the alert came about and not what was found."""


class CompareError(ValueError):
    """A folder is not what `backtest --out` wrote; the message names it."""


class Changed(NamedTuple):
    """One alert in both runs. fields: name -> (old, new), for those that differ."""

    old: Alert
    new: Alert
    fields: dict[str, tuple[Any, Any]]


class Comparison(NamedTuple):
    """What differs. `same`: how many alerts are equal but for `IGNORED`."""

    added: list[Alert]
    dropped: list[Alert]
    changed: list[Changed]
    same: int


def read_alerts(folder: Path) -> list[Alert]:
    """The alerts of a backtest.

    Raises:
        CompareError: there is no such file, or a line of it is no alert.
    """
    path = folder / "alerts.jsonl"
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise CompareError(
            f"{path}: {error.strerror}. Name a folder that `vigie backtest FILE… --out` has written"
        ) from None
    found = []
    for number, line in enumerate(lines, 1):
        try:
            found.append(decode_alert(line))
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise CompareError(
                f"{path}, line {number}: not an alert ({error}). Run the backtest again"
            ) from None
    return found


def compare(old: Iterable[Alert], new: Iterable[Alert]) -> Comparison:
    """Pairs the alerts of two runs: by id, else by kind and subject where their windows touch, the longest common
    stretch first. What finds no partner was added or dropped.
    """
    before = {alert.alert_id: alert for alert in old}
    after = {alert.alert_id: alert for alert in new}
    pairs = [(before.pop(name), after.pop(name)) for name in sorted(before.keys() & after.keys())]
    pairs += _touching(before, after)
    changed, same = [], 0
    for one, other in pairs:
        fields = _differences(one, other)
        if fields:
            changed.append(Changed(one, other, fields))
        else:
            same += 1
    return Comparison(
        sorted(after.values(), key=_order),
        sorted(before.values(), key=_order),
        sorted(changed, key=lambda pair: _order(pair.new)),
        same,
    )


def _touching(before: dict[str, Alert], after: dict[str, Alert]) -> list[tuple[Alert, Alert]]:
    """Pairs among alerts without a namesake; takes them out of both."""
    by_subject: dict[tuple[str, str, str], list[Alert]] = defaultdict(list)
    for alert in after.values():
        by_subject[alert.kind, alert.subject.platform, alert.subject.id].append(alert)
    candidates = []
    for one in before.values():
        for other in by_subject.get((one.kind, one.subject.platform, one.subject.id), ()):
            (start, end), (begin, stop) = _span(one), _span(other)
            common = min(end, stop) - max(start, begin)
            if common >= 0:
                candidates.append((-common, one.alert_id, other.alert_id))
    pairs = []
    for _, old, new in sorted(candidates):
        if old in before and new in after:
            pairs.append((before.pop(old), after.pop(new)))
    return pairs


def _span(alert: Alert) -> tuple[Micros, Micros]:
    return parse_time(alert.window.start), parse_time(alert.window.end)


def _order(alert: Alert) -> tuple[str, str]:
    return alert.first_seen, alert.alert_id


def _differences(old: Alert, new: Alert) -> dict[str, tuple[Any, Any]]:
    one, other = (_plain(msgspec.to_builtins(alert)) for alert in (old, new))
    return {
        name: (one.get(name), other.get(name))
        for name in sorted(one.keys() | other.keys())
        if one.get(name) != other.get(name)
    }


def _plain(alert: Mapping[str, Any]) -> dict[str, Any]:
    """Field by field; long lists become what a reader can take in."""
    out = {name: value for name, value in alert.items() if name not in IGNORED and name != "detector"}
    for name in ("reasons", "ruled_out"):
        out[name] = {reason["code"]: reason["values"] for reason in alert[name]}
    out["detector"] = f"{alert['detector']['name']} {alert['detector']['version']}"
    out["parameters"] = alert["detector"]["parameters"]
    return out


def to_json(result: Comparison) -> bytes:
    """One object: `added` and `dropped` (whole alerts), `changed` (id, old id, fields), `same`."""
    return orjson.dumps(
        {
            "added": [msgspec.to_builtins(alert) for alert in result.added],
            "dropped": [msgspec.to_builtins(alert) for alert in result.dropped],
            "changed": [
                {
                    "alert_id": pair.new.alert_id,
                    "old_alert_id": pair.old.alert_id,
                    "fields": {name: {"old": old, "new": new} for name, (old, new) in pair.fields.items()},
                }
                for pair in result.changed
            ],
            "same": result.same,
        }
    )


_SHOWN = ("severity", "status", "score", "accounts", "posts")


def to_lines(result: Comparison) -> list[str]:
    """For people: a line for each alert that differs (`+` added, `-` dropped, `~` changed), then the sums."""
    lines = [f"+ {_line(alert)}" for alert in result.added]
    lines += [f"- {_line(alert)}" for alert in result.dropped]
    for pair in result.changed:
        shown = [f"{name} {_short(pair.fields[name])}" for name in _SHOWN if name in pair.fields]
        others = [name for name in pair.fields if name not in _SHOWN]
        if others:
            shown.append(("also " if shown else "") + ", ".join(others))
        lines.append(f"~ {_line(pair.new)}: {'; '.join(shown)}")
    lines.append(
        f"{len(result.added)} added, {len(result.dropped)} dropped, {len(result.changed)} changed, "
        f"{result.same} the same"
    )
    return lines


def _short(values: tuple[Any, Any]) -> str:
    old, new = (value["count"] if isinstance(value, dict) else value for value in values)
    return f"{old} → {new}" if old != new else f"{old}, other ones"


def _line(alert: Alert) -> str:
    name = alert.subject.name or alert.subject.id
    place = f"{alert.subject.platform}:{name}".replace("\n", " ")
    return safe(f"{alert.first_seen} {alert.kind} {alert.severity} {place} ({alert.alert_id})")

"""What was planted, in a form that a scorer and a person can read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import msgspec
import orjson

from schemas.alerts import AlertKind, Severity
from schemas.times import Micros, format_time, parse_time

Expected = Literal["alert", "no_warning"]


class Planted(msgspec.Struct, frozen=True):
    """One planted operation, or one innocent look-alike.

    expected: "alert", an alert of `kind` must tell it; "no_warning", none of severity warning or above may.
    min_severity: for "alert" the least severity that counts; for "no_warning" what may be said at most.
    platform, subject_id: whom an alert would be about. accounts, posts: complete ids, in order of time.
    start, end: event times of the first and last record that belong to it.
    """

    name: str
    kind: AlertKind
    expected: Expected
    min_severity: Severity
    platform: str
    subject_id: str
    accounts: tuple[str, ...]
    posts: tuple[str, ...]
    start: Micros
    end: Micros
    fr: str
    en: str

    def to_dict(self) -> dict[str, Any]:
        """The JSON form of `truth.json`."""
        return {
            "name": self.name,
            "kind": self.kind,
            "expected": self.expected,
            "min_severity": self.min_severity,
            "subject": {"platform": self.platform, "id": self.subject_id},
            "accounts": list(self.accounts),
            "posts": list(self.posts),
            "window": {"start": format_time(self.start), "end": format_time(self.end)},
            "description": {"fr": self.fr, "en": self.en},
        }


def write_truth(truth: Iterable[Planted], path: Path) -> None:
    """Writes `truth.json`."""
    path.write_bytes(
        orjson.dumps([planted.to_dict() for planted in truth], option=orjson.OPT_INDENT_2) + b"\n"
    )


def read_truth(path: Path) -> list[Planted]:
    """Reads `truth.json`.

    Raises:
        OSError, orjson.JSONDecodeError, KeyError, msgspec.ValidationError: no such file, or not one that
            `write_truth` wrote.
    """
    return [
        msgspec.convert(
            {
                **{
                    name: item[name]
                    for name in ("name", "kind", "expected", "min_severity", "accounts", "posts")
                },
                "platform": item["subject"]["platform"],
                "subject_id": item["subject"]["id"],
                "start": parse_time(item["window"]["start"]),
                "end": parse_time(item["window"]["end"]),
                **item["description"],
            },
            Planted,
        )
        for item in orjson.loads(path.read_bytes())
    ]

"""Attacks all doors, writes docs/safety.md; exit 1 when one did not hold."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.attacks import secrets, secrets_run, sql, texts, webhook
from tests.attacks.case import Case
from tests.interrupts import heeded

PAGE = Path(__file__).resolve().parents[2] / "docs" / "safety.md"

HEAD = """# Safety

Written by `python -m tests.attacks` (`make attacks`): each attack was made on the embedded store, on the webhook over
real sockets, or on what turns strangers' words into messages; a short form of the same runs with the tests. Last
written with {held} of {all} attacks held off, {tried} inputs.

"""

TAIL = """
## Who may come in

- Store, broker and webhook listen on 127.0.0.1 unless they are told otherwise; the store then wants `store.password`,
  the webhook `webhook.secret`.
- Readers have a user and a password (`store.user`, `store.password`); without a password whoever is on the machine
  may read. The writer's password is made anew at each start.
  On a ClickHouse server: `infra/clickhouse/server/roles.sql`.
- Each reader's query is held to rows, seconds, memory and bytes of its answer (`store.max_rows`, `store.max_seconds`;
  2 GB, 512 MB).

## What is not held off

- The embedded broker knows no users: whoever has an account on the machine can publish and read.
- `FORMAT CSV` and, without `--spreadsheet`, `vigie lab` give texts and ids as they are, since programs read them. A
  spreadsheet may take one that begins with `=`, `+`, `-` or `@` for a formula: `--spreadsheet`, or the
  [cookbook](cookbook.md#for-a-spreadsheet)'s query, puts an apostrophe before it. A file that is opened with another
  separator than its own is cut elsewhere, and what stands there is not looked at.
- `--json` is for programs: control characters are escaped, direction marks (U+202E) stand as they came.
- A client that opens connections and sends no headers is not cut off by the webhook; put a proxy before one that
  strangers can reach.
- A signed request that was recorded can be sent again as long as `webhook.tolerance_seconds` is 0. What the webhook
  knows (10,000 requests, 200,000 records, until it is stopped) is a duplicate then; what it does not know any more is
  published again. No detector counts it twice, but the store takes the last word on a record: an old request takes back
  an edit. It takes back no deletion: what is deleted stays so, whatever comes later. With a tolerance the former is
  possible within it only, and after a restart of the webhook.
- A deletion is believed. Whoever may publish can blank any post of which they know platform and id, and it cannot be
  brought back but by taking the row out of the store. Give the webhook a secret.

## Fuzzing

Hypothesis makes inputs for the decoders (`tests/property/test_decode.py`), for bodies of the webhook and Jetstream
frames (`tests/integration/test_connect_http.py`, `test_connect_frames.py`), for files
(`tests/property/test_files_roundtrip.py`), for messages, pseudonyms and signatures (`tests/property/test_safety.py`),
and for the SQL filter (`tests/property/test_sql_guard.py`; against the engine's own parser in
`tests/integration/test_store_schema.py`).

Found while this was written: a setting whose name was mistyped was shown with its value, a password perhaps. Values of
unknown settings, and of settings that are secrets, are not shown any more.
"""


def attack(folder: Path) -> dict[str, list[Case]]:
    """Everything, by door."""
    return {
        "The SQL endpoint": sql.attack(folder),
        "The webhook": webhook.attack(),
        "Strangers' words": texts.attack(),
        "Secrets": secrets.attack(folder) + secrets_run.attack(folder),
    }


def page(found: dict[str, list[Case]]) -> str:
    """docs/safety.md."""
    cases = [case for group in found.values() for case in group]
    held, tried = sum(case.held for case in cases), sum(case.tried for case in cases)
    text = HEAD.format(held=held, all=len(cases), tried=f"{tried:,}")
    for door, group in found.items():
        text += f"## {door}\n\n| attack | tried | what happened | held |\n|---|---|---|---|\n"
        for case in group:
            happened = case.happened.replace("|", "\\|")
            text += f"| {case.what} | {case.tried:,} | {happened} | {'yes' if case.held else '**no**'} |\n"
        text += "\n"
    return text.rstrip("\n") + "\n" + TAIL


def main() -> int:
    """The exit code."""
    heeded()
    with tempfile.TemporaryDirectory() as folder:
        found = attack(Path(folder))
    PAGE.write_text(page(found), encoding="utf-8")
    lost = [case for group in found.values() for case in group if not case.held]
    for case in lost:
        print(f"not held: {case.what}: {case.happened}", file=sys.stderr)
    print(f"written: {PAGE}")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())

"""Erasures in a file, for backtests, which ask no store: what `vigie sql "SELECT record FROM erasures FINAL" --json`
prints."""

from __future__ import annotations

from pathlib import Path

import msgspec
import orjson

from pipeline.connect.items import FileProblem
from schemas.erasures import Erasures, decode

_ADVICE = 'Write it with: vigie sql "SELECT record FROM erasures FINAL" --json'


def read_erasures(path: Path) -> Erasures:
    """One erasure a line: the record itself, or an object that has it as text in `record`. Blank lines are passed over.

    Raises:
        FileProblem: the file cannot be read, or a line is no erasure; nothing is taken from it then, as a person who is
            left out by mistake comes in again.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise FileProblem(str(path), str(error.strerror), _ADVICE, wrong_use=True) from None
    found = Erasures()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
            text = row.get("record") if isinstance(row, dict) else None
            found.add(decode(text.encode() if isinstance(text, str) else line))
        except (orjson.JSONDecodeError, msgspec.DecodeError, RecursionError) as error:
            raise FileProblem(str(path), f"line {number} is no erasure ({error})", _ADVICE) from None
    return found

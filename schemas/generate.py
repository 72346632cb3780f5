"""Writes the generated contracts: `python -m schemas.generate` fills `schemas/generated`.

One JSON Schema for each record and `asyncapi.json` over all topics. The same code gives the same bytes.
"""

from __future__ import annotations

from pathlib import Path

import orjson

from schemas.asyncapi import document
from schemas.jsonschema import json_schemas

TARGET = Path(__file__).resolve().parent / "generated"


def files() -> dict[str, bytes]:
    """File name -> content."""
    documents = {
        **{f"{name}.json": schema for name, schema in json_schemas().items()},
        "asyncapi.json": document(),
    }
    option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return {name: orjson.dumps(content, option=option) for name, content in documents.items()}


def write(target: Path = TARGET) -> list[Path]:
    """Writes all files, and removes JSON files that are no longer made. Returns what was written.

    Raises:
        OSError: the folder cannot be written.
    """
    target.mkdir(parents=True, exist_ok=True)
    made = files()
    for old in target.glob("*.json"):
        if old.name not in made:
            old.unlink()
    for name, content in made.items():
        (target / name).write_bytes(content)
    return [target / name for name in made]


if __name__ == "__main__":
    for path in write():
        print(path)

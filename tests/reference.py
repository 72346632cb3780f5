"""The generated parts of docs/reference: settings, topics, commands, metrics, from the code that defines them.

    python -m tests.reference

rewrites what lies between `<!-- generated -->` and `<!-- end -->` in each page. `tests/unit/test_docs.py` compares.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import typer
from pydantic import BaseModel, SecretStr

from pipeline.cli.main import app
from pipeline.config import Settings
from pipeline.detect.parameters import Parameters
from pipeline.metrics import METRICS
from schemas.topics import TOPICS

ROOT = Path(__file__).resolve().parents[1]
BEGIN = "<!-- generated: python -m tests.reference -->"
END = "<!-- end -->"


class UndocumentedError(Exception):
    """Something that people can set has no description in the code."""


def cell(text: object) -> str:
    """One cell of a Markdown table."""
    return " ".join(str(text).split()).replace("|", "\\|")


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines) + "\n"


def _shown(value: Any) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, msgspec.Struct):
        value = msgspec.to_builtins(value)
    if isinstance(value, tuple) and value and isinstance(value[0], msgspec.Struct):
        return "see below"
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _limits(metadata: list[Any]) -> str:
    words = {"ge": "at least", "gt": "more than", "le": "at most", "pattern": ""}
    said = []
    for limit in metadata:
        for name, word in words.items():
            bound = getattr(limit, name, None)
            if name == "pattern" and bound is not None:
                said.append(", ".join(f"`{one}`" for one in bound.strip("^$()").split("|")))
            elif bound is not None:
                said.append(f"{word} {bound:g}")
    return ", ".join(said)


def setting_rows(
    model: type[BaseModel] = Settings, prefix: str = ""
) -> Iterator[tuple[str, str, str, str, str]]:
    """(name, environment variable, default, allowed, meaning) of every setting."""
    for name, field in model.model_fields.items():
        path = f"{prefix}{name}"
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from setting_rows(kind, f"{path}.")
            continue
        if not field.description:
            raise UndocumentedError(f"{model.__name__}.{name} has no description")
        if name == "data_dir":
            default = "`$XDG_DATA_HOME/vigie`, or `~/.local/share/vigie`"
        else:
            default = _shown(field.get_default(call_default_factory=True))
        variable = f"VIGIE_{path.replace('.', '__').upper()}"
        yield f"`{path}`", f"`{variable}`", default, _limits(field.metadata), field.description


def field_meanings(struct: type[msgspec.Struct]) -> dict[str, str]:
    """What the docstring says of each field: entries of the form `name: …` or `name, name: …`.

    Raises:
        UndocumentedError: a field has none.
    """
    names = struct.__struct_fields__
    one = rf"(?:{'|'.join(sorted(names, key=len, reverse=True))})"
    label = re.compile(rf"(?<![\w`]){one}(?:, {one})*: ")
    lines = [line.strip() for line in inspect.cleandoc(struct.__doc__ or "").splitlines()]
    # A line that ends with a colon heads a group of fields; it belongs to none of them.
    text = " ".join(line for line in lines if not line.endswith(":") or label.search(f"{line} "))
    places = list(label.finditer(text))
    meanings: dict[str, str] = {}
    for place, after in zip(places, [*places[1:], None], strict=True):
        said = text[place.end() : after.start() if after else None].strip().rstrip(";.")
        for name in place.group().rstrip(": ").split(", "):
            meanings[name] = said
    missing = set(names) - set(meanings)
    nested = {f.name for f in msgspec.structs.fields(struct) if isinstance(f.default, msgspec.Struct)}
    if missing - nested:
        raise UndocumentedError(
            f"the docstring of {struct.__name__} says nothing of {sorted(missing - nested)}"
        )
    return meanings


def parameter_rows(struct: type[msgspec.Struct], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """(name under [detect], default, meaning) of every parameter of the detectors."""
    meanings = field_meanings(struct)
    for field in msgspec.structs.fields(struct):
        path = f"{prefix}{field.name}"
        if isinstance(field.default, msgspec.Struct):
            yield from parameter_rows(type(field.default), f"{path}.")
            continue
        yield f"`{path}`", _shown(field.default), meanings[field.name]
        first = field.default[0] if isinstance(field.default, tuple) and field.default else None
        if isinstance(first, msgspec.Struct):
            inner = field_meanings(type(first))
            for name in first.__struct_fields__:
                values = [getattr(item, name) for item in field.default]
                default = "; ".join(_shown(value) for value in values)
                yield f"`{path}[].{name}`", default, inner[name]


def settings_page() -> str:
    """The generated part of settings.md."""
    settings = table(("setting", "environment", "default", "allowed", "meaning"), list(setting_rows()))
    parameters = table(("parameter", "default", "meaning"), list(parameter_rows(Parameters)))
    return f"## Settings\n\n{settings}\n## Parameters of the detectors\n\n{parameters}"


def topics_page() -> str:
    """The generated part of topics.md."""
    rows = []
    for topic in TOPICS.values():
        hours = topic.retention_hours
        kept = "for ever" if hours == 0 else f"{hours // 24} days" if hours % 24 == 0 else f"{hours} h"
        kept += ", compacted" if topic.compacted else ""
        rows.append((f"`{topic.name}`", topic.record, str(topic.partitions), kept, topic.about))
    return table(("topic", "record", "partitions", "kept", "what"), rows)


def commands() -> Iterator[tuple[str, Any]]:
    """(name as typed, click command) of every command; groups themselves are left out."""

    def walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
        inner = getattr(command, "commands", None)
        if inner is None:
            yield name, command
        else:
            for word, below in inner.items():
                yield from walk(f"{name} {word}", below)

    yield from walk("vigie", typer.main.get_command(app))


def _option_row(name: str, parameter: Any) -> tuple[str, str, str]:
    if not parameter.help:
        raise UndocumentedError(f"{name}: {parameter.name} has no help")
    if parameter.param_type_name == "argument":
        written = f"`{parameter.name.upper()}{'…' if parameter.nargs == -1 else ''}`"
    else:
        flag = getattr(parameter, "is_flag", False)
        value = "" if flag else f" {parameter.metavar or parameter.name.upper()}"
        written = f"`{', '.join(parameter.opts)}{value}`"
    default = parameter.default
    if default is None or default is False or callable(default) or "Sentinel" in type(default).__name__:
        shown = "required" if parameter.required else ""
    else:
        shown = f"`{default}`"
    return written, shown, parameter.help


def commands_page() -> str:
    """The generated part of commands.md."""
    parts = []
    for name, command in commands():
        about = " ".join((command.help or "").split())
        if not about:
            raise UndocumentedError(f"{name} has no help")
        rows = [_option_row(name, p) for p in command.params if p.name != "help"]
        options = table(("option", "default", "meaning"), rows) if rows else "No options.\n"
        parts.append(f"## `{name}`\n\n{about}\n\n{options}")
    return "\n".join(parts)


def metrics_page() -> str:
    """The generated part of metrics.md."""
    rows = [
        (f"`{one.name}`", one.kind, ", ".join(f"`{label}`" for label in one.labels), one.help)
        for one in METRICS
    ]
    return table(("metric", "type", "labels", "meaning"), rows)


PAGES: dict[str, Callable[[], str]] = {
    "docs/reference/settings.md": settings_page,
    "docs/reference/topics.md": topics_page,
    "docs/reference/commands.md": commands_page,
    "docs/reference/metrics.md": metrics_page,
}


def with_generated(page: str, generated: str) -> str:
    """The page with its generated part replaced.

    Raises:
        ValueError: the two marks are not both there.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{BEGIN} … {END} is missing")
    return f"{before}{BEGIN}\n\n{generated}\n{END}{after}"


def main() -> None:
    """Rewrites the pages."""
    for path, make in PAGES.items():
        file = ROOT / path
        old = file.read_text(encoding="utf-8")
        new = with_generated(old, make())
        if new != old:
            file.write_text(new, encoding="utf-8")
            print(f"rewritten: {path}", file=sys.stderr)


if __name__ == "__main__":
    main()

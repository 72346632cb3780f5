"""A page of measured sections: those measured anew are replaced, the others stay as they are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path


def sections(text: str) -> dict[str, str]:
    """Title -> body of the `##` sections of a Markdown text, in their order."""
    pieces = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return {title: body.strip() for title, body in zip(pieces[1::2], pieces[2::2], strict=True)}


def page(head: str, measured: Mapping[str, str], standing: Mapping[str, str], order: Sequence[str]) -> str:
    """The page: sections of `order` that are measured or stand; what stands under another title goes."""
    bodies = {**standing, **measured}
    parts = [head.strip()] + [f"## {title}\n\n{bodies[title].strip()}" for title in order if title in bodies]
    return "\n\n".join(parts) + "\n"


def rewrite(path: Path, head: str, measured: Mapping[str, str], order: Sequence[str]) -> None:
    """Writes the page anew with what was measured."""
    standing = sections(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(page(head, measured, standing, order), encoding="utf-8")

"""Text that strangers wrote, harmless in XML, in tables and in file names."""

from __future__ import annotations

import hashlib
import re

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What XML forbids or advises against. A tab and the end of a line may stay."""
_FILE = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST = 80


def clean(text: str) -> str:
    """The text with a visible mark in place of what no file of text may hold. Lines end with a newline alone."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").replace("\r", "\n"))


def file_name(name: str) -> str:
    """A name for a file: letters, digits, `_` and `-`. Different names stay different."""
    safe = _FILE.sub("_", name)[:_LONGEST]
    if safe == name:
        return name
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    return f"{safe}-{digest}"

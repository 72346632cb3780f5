"""Cells of CSV files that people open in a spreadsheet: text that a stranger wrote must not be taken for a formula."""

from __future__ import annotations

_STARTS = frozenset("=+-@\t\r\n＝＋－＠")
"""What a spreadsheet takes for the beginning of a formula, or drops before it looks for one. Full-width counts."""


def plain(cell: str) -> str:
    """The cell as text: with an apostrophe before it when a spreadsheet could take it for a formula.

    For columns of text only; a number is written as it is. For files that people open: what programs read stays exact.
    """
    # Blanks, controls and invisible signs before the sign are dropped on import by some spreadsheets.
    first = next((c for c in cell if c in _STARTS or (c.isprintable() and not c.isspace())), None)
    return f"'{cell}" if first in _STARTS else cell

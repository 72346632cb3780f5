"""Cells that a spreadsheet would take for formulas."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.formulas import plain

DANGEROUS = (
    "=1+1",
    '=HYPERLINK("http://evil","click")',
    "=cmd|'/C calc'!A0",
    "+33 6 12",
    "-2+3",
    "@SUM(A1)",
    "@lea merci !",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "\u00a0=1+1",
    "\ufeff=1+1",
    "\u200b=1+1",
    "\x00=1+1",
    "\uff1d1+1",
    "\t",
)
HARMLESS = ("", " ", "salut", "a=b", "1-2", "lea@example.org", "'=1+1", "’", "😀 =", "#motdièse", "\u200b")


@pytest.mark.parametrize("cell", DANGEROUS)
def test_a_formula_becomes_text(cell: str) -> None:
    """An apostrophe before it, nothing else is changed."""
    assert plain(cell) == "'" + cell


@pytest.mark.parametrize("cell", HARMLESS)
def test_other_text_stays(cell: str) -> None:
    """Byte by byte."""
    assert plain(cell) == cell


@given(st.text(max_size=40))
def test_no_text_begins_like_a_formula(text: str) -> None:
    """Whatever stands before the sign, also when the cell went through a CSV file; the text itself is all there."""
    cell = plain(text)
    file = io.StringIO(newline="")
    csv.writer(file).writerow([cell, "x"])
    assert next(csv.reader(io.StringIO(file.getvalue(), newline=""))) == [cell, "x"]
    assert cell in (text, "'" + text)
    assert not cell.strip().startswith(("=", "+", "-", "@"))
    assert plain(cell) == cell

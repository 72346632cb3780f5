"""Where an INSERT puts its rows."""

from __future__ import annotations

import pytest

from pipeline.store.errors import EngineError
from pipeline.store.inserts import Target, target


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("INSERT INTO t", Target("t", "", "")),
        ("insert t", Target("t", "", "")),
        ("INSERT INTO TABLE vigie.`t (x)` (a, `b)`)", Target("vigie.`t (x)`", "a, `b)`", "")),
        ("INSERT INTO t (* EXCEPT(a, b)) SETTINGS x = 1", Target("t", "* EXCEPT(a, b)", "SETTINGS x = 1")),
        ("INSERT INTO t SETTINGS x = '(a)'", Target("t", "", "SETTINGS x = '(a)'")),
        ('INSERT /* into */ INTO "é" (\n a\n)', Target('"é"', "a", "")),
    ],
)
def test_targets(statement: str, found: Target) -> None:
    """Table, columns and the rest, each as it was written."""
    assert target(statement) == found


@pytest.mark.parametrize(
    "statement",
    ["", "SELECT 1", "INSERT", "INSERT INTO", "INSERT INTO FUNCTION file('x')", "INSERT INTO t (a"],
)
def test_other_statements(statement: str) -> None:
    """Each is refused with ClickHouse's number for a syntax error."""
    with pytest.raises(EngineError) as error:
        target(statement)
    assert error.value.code == 62

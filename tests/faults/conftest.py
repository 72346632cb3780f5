"""The stack that the whole session shares; faults are done to installations of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.conftest import RunningVigie, shared_stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningVigie]:
    """`vigie up`, the one of the whole session."""
    with shared_stack(tmp_path_factory) as running:
        yield running

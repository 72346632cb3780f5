"""The attacks of `python -m tests.attacks`: each is held off."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attacks import secrets, secrets_run, sql, texts, webhook
from tests.attacks.case import Case

pytestmark = pytest.mark.integration


def check(cases: list[Case]) -> None:
    assert cases
    assert [case for case in cases if not case.held] == []


def test_the_sql_endpoint(tmp_path: Path) -> None:
    """Nothing is written, no file and no network is reached, nothing is taken beyond the limits, the store goes on."""
    check(sql.attack(tmp_path))


def test_the_webhook() -> None:
    """Signatures, replays, sizes, slow clients and a thousand of them."""
    check(webhook.attack())


def test_words_of_strangers() -> None:
    """They steer no terminal, call nobody, close no string."""
    check(texts.attack())


def test_secrets(tmp_path: Path) -> None:
    """No message shows one."""
    check(secrets.attack(tmp_path))


def test_secrets_of_a_whole_run(tmp_path: Path) -> None:
    """No log, output, file or command line of any part shows one."""
    check(secrets_run.attack(tmp_path))

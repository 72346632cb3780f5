"""Secrets in what commands print: every secret is set to a known value, every command fails in some way, and what it
says is searched."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pipeline.config import Settings
from tests.attacks.case import Case

SECRETS = {
    "VIGIE_STORE__PASSWORD": "reader-Tr0ub4dor",
    "VIGIE_STORE__WRITER_PASSWORD": "writer-Tr0ub4dor",
    "VIGIE_WEBHOOK__SECRET": "webhook-Tr0ub4dor",
    "VIGIE_BOT__WEBHOOK_URL": "http://127.0.0.1:1/hook-Tr0ub4dor",
    "VIGIE_PRIVACY__PSEUDONYM_KEY": "pseudonym-Tr0ub4dor",
}
MARK = "Tr0ub4dor"
NOWHERE = {
    "VIGIE_KAFKA__BOOTSTRAP": "127.0.0.1:1",
    "VIGIE_STORE__HOST": "127.0.0.1",
    "VIGIE_STORE__PORT": "1",
}
TRIED: tuple[tuple[tuple[str, ...], dict[str, str]], ...] = (
    (("doctor",), NOWHERE),
    (("sql", "SELECT 1"), NOWHERE),
    (("forget", "--platform", "x", "--author", "y"), NOWHERE),
    (("dlq", "list"), NOWHERE),
    (("alerts",), {}),
    (("doctor",), {"VIGIE_STORE__PASWORD": f"mistyped-{MARK}"}),
    (("doctor",), {"VIGIE_WEBHOOK__SECRETT": f"mistyped-{MARK}"}),
    (("doctor",), {"VIGIE_PRIVACY__PSEUDONYM_KEY": MARK}),
    (("doctor",), {"VIGIE_PRIVACY__PSEUDONYM_KEY_FILE": "/nowhere"}),
    (("doctor",), {"VIGIE_STORE": f'{{"password": ["{MARK}"]}}'}),
    (("connect", "http"), {"VIGIE_WEBHOOK__PORT": "70000"}),
)


def attack(folder: Path) -> list[Case]:
    """All commands at once: each waits for the start of Python most of the time."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("VIGIE_")}
    running = [
        subprocess.Popen(
            [str(Path(sys.executable).with_name("vigie")), *words],
            env={**plain, "VIGIE_DATA_DIR": str(folder / "data"), **SECRETS, **more},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for words, more in TRIED
    ]
    told = []
    failed = True
    for process, (words, more) in zip(running, TRIED, strict=True):
        said = process.communicate(timeout=60)[0].decode()
        failed = failed and process.returncode != 0 and bool(said)
        if MARK in said:
            told.append(f"{' '.join(words)} {sorted(more)}")
    names = {"store": {"password": MARK}, "bot": {"webhook_url": MARK}, "webhook": {"secret": MARK}}
    shown = (
        MARK in repr(Settings.model_validate(names))
        or MARK in Settings.model_validate(names).model_dump_json()
    )
    held = failed and not told and not shown
    happened = (
        "no secret in any message" if held else f"told by: {told}, shown: {shown}, all failed: {failed}"
    )
    return [
        Case(
            "commands that fail while secrets are set, settings that are wrong",
            happened,
            held,
            len(TRIED) + 2,
        )
    ]

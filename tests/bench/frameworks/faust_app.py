"""What both ways through Faust share: the app."""

from __future__ import annotations

import asyncio
import tempfile
import uuid
from pathlib import Path

import faust

from agents.app import faust_app


def app(bootstrap: str) -> faust.App:
    """With the settings of Vigie's workers, in a group of its own."""
    return faust_app(f"bench-{uuid.uuid4().hex[:8]}", [f"kafka://{bootstrap}"], Path(tempfile.gettempdir()))


def start(made: faust.App) -> None:
    """Runs it for as long as the process lives."""

    async def forever() -> None:
        await made.start()
        await asyncio.Event().wait()

    made.loop.run_until_complete(forever())

"""The progress bar of long tasks: on a terminal only, on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipeline.connect.items import Progress


@contextmanager
def progress_bar(title: str, progress: Progress) -> Iterator[Callable[[int], None]]:
    """Yields a function to call with the number of records done since the last call."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(file=sys.stderr)
    with Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[records]} records"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    ) as bar:
        task = bar.add_task(title, total=progress.total or None, records=0)
        count = 0

        def step(records: int) -> None:
            nonlocal count
            count += records
            bar.update(task, completed=progress.done, total=progress.total or None, records=f"{count:,}")

        yield step

"""What a person sees while waiting: on stderr, on a terminal, unless --quiet."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Generator


class Waiting:
    """Progress of reading (bytes) and of checking (steps)."""

    def __init__(self, read: Callable[[int, int], None], step: Callable[[str], None]) -> None:
        """Keep the two callbacks that `overflight.check` takes."""
        self.read, self.step = read, step


@contextlib.contextmanager
def waiting(quiet: bool) -> Generator[Waiting]:
    """Show a progress bar while the block runs; nothing where nobody sees it."""
    if quiet or not sys.stderr.isatty():
        yield Waiting(lambda done, total: None, lambda what: None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None)

        def read(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total or None)

        def step(what: str) -> None:
            bar.update(task, description=what, completed=0, total=None)

        yield Waiting(read, step)

"""What a long preparation says while it runs: on stderr, live on a terminal, else line by line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

Tell = Callable[[str], None]
"""Takes the next thing to say, as "downloading" or "converting the tokenizer"."""


@contextmanager
def stages(title: str) -> Generator[Tell]:
    """Give a function that says what is now happening to `title`."""
    shown = _live(title) if sys.stderr.isatty() else _lines(title)
    with shown as tell:
        yield tell


@contextmanager
def _lines(title: str) -> Generator[Tell]:
    yield lambda stage: print(f"circuit-assert: {title}: {stage}", file=sys.stderr, flush=True)


@contextmanager
def _live(title: str) -> Generator[Tell]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as progress:
        task = progress.add_task(title, total=None)
        yield lambda stage: progress.update(task, description=escape(f"{title}: {stage}"))

"""Hooks that a model has while it runs once."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Any, TypeAlias

Hook: TypeAlias = "tuple[Any, Callable[..., Any]]"  # the library's point, and what is called


@contextmanager
def hooked(hooks: Iterable[Hook]) -> Generator[None]:
    """Have hooks at a model's points, and take them away again however the run ends.

    `run_with_hooks` does the same, but lists every point of the model by all its names in each
    run, which for small runs is a good part of their time.

    Args:
        hooks: The library's points, each with what is called with its activation.
    """
    added: list[tuple[Any, Any]] = []
    try:
        added.extend((point, point.add_hook(hook)) for point, hook in hooks)
        yield
    finally:
        for point, handle in added:
            handle.hook.remove()
            point.fwd_hooks.remove(handle)

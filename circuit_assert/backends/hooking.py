"""Hooks that a model has while it runs once."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

Hook: TypeAlias = "tuple[str, Callable[..., Any]]"


@contextmanager
def hooked(points: Mapping[str, Any], hooks: Iterable[Hook]) -> Generator[None]:
    """Have hooks at a model's points, and take them away again however the run ends.

    `run_with_hooks` does the same, but lists every point of the model by all its names in each
    run, which for small runs is a good part of their time.

    Args:
        points: The library's, by name.
        hooks: Names of points, each with what is called with its activation.
    """
    added: list[tuple[Any, Any]] = []
    try:
        added.extend((points[name], points[name].add_hook(hook)) for name, hook in hooks)
        yield
    finally:
        for point, handle in added:
            handle.hook.remove()
            point.fwd_hooks.remove(handle)

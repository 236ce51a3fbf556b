"""Importing large libraries in less time."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def no_garbage_collected() -> Generator[None]:
    """Looks for no garbage meanwhile.

    Importing makes many objects that stay: looking through them again and again takes a sixth of
    the time that importing transformer-lens takes, and frees nothing.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()

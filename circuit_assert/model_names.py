"""What several models are called among themselves."""

from __future__ import annotations

from collections.abc import Sequence


def short_names(names: Sequence[str]) -> tuple[str, ...]:
    """Revisions of one model by what follows the "@" alone; any other models by their names."""
    owners = {name.rpartition("@")[0] for name in names}
    alike = len(names) > 1 and len(owners) == 1 and "" not in owners
    return tuple(name.rpartition("@")[2] if alike else name for name in names)

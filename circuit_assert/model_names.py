"""What several models are called among themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence


def short_names(names: Sequence[str]) -> tuple[str, ...]:
    """Revisions of one model by what follows the "@" alone; any other models by their names."""
    owners = {name.rpartition("@")[0] for name in names}
    alike = len(names) > 1 and len(owners) == 1 and "" not in owners
    return tuple(name.rpartition("@")[2] if alike else name for name in names)


def in_order(names: Sequence[str]) -> tuple[str, ...]:
    """Revisions of one model together and by their numbers; else in the order that is given."""
    owners = list(dict.fromkeys(map(_owner, names)))

    def place(name: str) -> tuple[int, int]:
        return owners.index(_owner(name)), _number(name)

    return tuple(sorted(dict.fromkeys(names), key=place))


def _owner(name: str) -> str:
    owner, at, _ = name.rpartition("@")
    return owner if at else name


def _number(name: str) -> int:
    found = re.search(r"@\D*(\d+)$", name)
    return int(found[1]) if found else 0

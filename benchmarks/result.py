"""What a benchmark found, as a line of a table and as plain data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any


class Result(ABC):
    """One line of a table. Subclasses are frozen dataclasses."""

    @property
    def record(self) -> dict[str, Any]:
        """As plain data: the fields under their own names, where a subclass says nothing else."""
        return dict(vars(self))

    @property
    @abstractmethod
    def cells(self) -> dict[str, str]:
        """As a line, by column."""

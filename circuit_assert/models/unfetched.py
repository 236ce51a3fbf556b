"""Models as every machine sees them: whatever lies in a cache or was converted here is not there.

Who splits work between machines has to come to the same on each, so that nothing is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from circuit_assert.models.card import Card
from circuit_assert.models.spec import ModelSpec


@dataclass(frozen=True)
class Unfetched(ModelSpec):
    """A model of which nothing is here: sizes are those that the library knows by name."""

    def card(self) -> Card | None:
        """Its sizes; None for a folder, which may be made on one machine before another."""
        return None if self.source == "folder" else super().card()

    def folder_at_hand(self) -> Path | None:
        """None."""
        return None


def unfetched(spec: ModelSpec) -> Unfetched:
    """The same model, as if nothing of it were here.

    Args:
        spec: The model.
    """
    return Unfetched(**{each.name: getattr(spec, each.name) for each in fields(spec)})

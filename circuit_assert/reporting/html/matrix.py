"""Claims by models: a row for each sentence, a column for each model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from circuit_assert.reporting.html.entries import Entry


class Row(NamedTuple):
    """A sentence, and for each model the claims that say it of that model."""

    words: str
    cells: tuple[tuple[Entry, ...], ...]


class Group(NamedTuple):
    """The sentences of one claim type."""

    claim_type: str
    rows: tuple[Row, ...]


class Matrix(NamedTuple):
    """All of them."""

    models: tuple[str, ...]
    groups: tuple[Group, ...]

    @property
    def size(self) -> int:
        """How many sentences."""
        return sum(len(group.rows) for group in self.groups)


def matrix(entries: Sequence[Entry]) -> Matrix:
    """Sentences in the order of judgement, by claim type."""
    ordered = sorted(entries, key=lambda entry: entry.number)
    models = tuple(dict.fromkeys(entry.record.model for entry in ordered))
    said: dict[str, dict[str, dict[str, list[Entry]]]] = {}
    for entry in ordered:
        rows = said.setdefault(entry.record.claim_type, {})
        rows.setdefault(entry.words, {}).setdefault(entry.record.model, []).append(entry)
    groups = (
        Group(
            claim_type,
            tuple(
                Row(words, tuple(tuple(cells.get(model, ())) for model in models))
                for words, cells in rows.items()
            ),
        )
        for claim_type, rows in said.items()
    )
    return Matrix(models, tuple(groups))

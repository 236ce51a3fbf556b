"""Which rows run together: lengths that are near each other, as many as memory allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from circuit_assert.models.card import Card
from circuit_assert.prompts.base import Ints, Side, TokenizedPrompts

BYTES = 4  # activations are float32 or narrower
_WORTH_A_RUN = 512  # tokens from which on a CPU multiplies matrices hardly faster by having more
_SMALL = 2 * _WORTH_A_RUN  # a run of fewer tokens is worth some padding
_MOST_PADDING = 0.2  # of a row


@dataclass(frozen=True)
class Piece:
    """Some units of equal length under one item (an intervention, or none)."""

    item: int
    units: Ints

    def halves(self) -> tuple[Piece, Piece]:
        """The first and the second half of its units."""
        middle = len(self.units) // 2
        return Piece(self.item, self.units[:middle]), Piece(self.item, self.units[middle:])


def groups_of_pieces(
    prompts: TokenizedPrompts,
    side: Side,
    starts: Sequence[int],
    rows_at_once: dict[int, int],
    entered: Sequence[int | None] | None = None,
    *,
    may_pad: bool = False,
) -> Iterator[list[Piece]]:
    """Pieces that share a run, each piece of one length.

    Items that start at other layers share a run only as long as it is small: the later ones
    then run blocks that they do not need.

    Args:
        prompts: The tokenized set.
        side: Clean or corrupt.
        starts: The first layer that each item has to run, of every intervention.
        rows_at_once: Length → how many rows fit.
        entered: The block that each item has to be entered at, which those of other blocks can
            share no run with; None for an item that any will do for. None for all.
        may_pad: Whether rows of lengths that are near each other may share a run, where there are
            few of each.
    """
    entered = entered or [None] * len(starts)
    enough = _SMALL // _items_of_a_run(starts, entered) if may_pad else 0
    for length, alike in _lengths_together(buckets(prompts, side), enough):
        room = rows_at_once[length]
        group: list[Piece] = []
        rows = 0
        for item, start in enumerate(starts):
            for units in (some[n : n + room] for some in alike for n in range(0, len(some), room)):
                piece = Piece(item, units)
                full = rows + len(piece.units) > room
                before = group[-1].item if group else item
                apart = rows * length >= _WORTH_A_RUN and start != starts[before]
                if group and (full or apart or entered[item] != entered[before]):
                    yield group
                    group, rows = [], 0
                group.append(piece)
                rows += len(piece.units)
        if group:
            yield group


def _items_of_a_run(starts: Sequence[int], entered: Sequence[int | None]) -> int:
    """How many items there are, on average, of those that can share a run."""
    return max(1, len(starts) // max(1, len(set(zip(starts, entered, strict=True)))))


def _lengths_together(by_length: dict[int, Ints], enough: int) -> list[tuple[int, list[Ints]]]:
    """Lengths that share runs: the longest of them, and the units of each.

    Args:
        by_length: The units of each length, shortest first.
        enough: With so many tokens, other lengths are worth a run of their own.
    """
    together: list[list[int]] = []
    for length in by_length:
        shorter = together[-1] if together else []
        small = sum(each * len(by_length[each]) for each in shorter) < enough
        if shorter and small and shorter[0] >= (1 - _MOST_PADDING) * length:
            shorter.append(length)
        else:
            together.append([length])
    return [(some[-1], [by_length[length] for length in some]) for some in together]


def halves_of(group: list[Piece]) -> tuple[list[Piece], list[Piece]] | None:
    """A group in two: its pieces, or the rows of its only one; None for a single row."""
    if len(group) > 1:
        middle = len(group) // 2
        return group[:middle], group[middle:]
    if len(group[0].units) > 1:
        first, second = group[0].halves()
        return [first], [second]
    return None


def buckets(prompts: TokenizedPrompts, side: Side) -> dict[int, Ints]:
    """Length → the units that have it, shortest first."""
    lengths = np.array([len(row) for row in prompts.tokens[side]])
    return {int(n): np.flatnonzero(lengths == n) for n in np.unique(lengths)}


def rows_that_fit(card: Card, length: int, memory: int) -> int:
    """How many rows of a length one run can hold in `memory` bytes of activations."""
    per_token = 4 * card.d_mlp + 12 * card.d_model + 3 * card.heads * length
    return max(1, memory // (BYTES * per_token * length))

"""Components that a claim does not name: they are chosen by what was measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from circuit_assert.components import Head
from circuit_assert.measurements import AttentionOverPairs, Request
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.prompts.base import Prompts


@dataclass(frozen=True)
class PatternHeads:
    """Heads whose attention over a relation exceeds that on the corrupt side by a bound.

    Args:
        relation: As "induction".
        on: The prompts.
        by: The bound, a share of attention.
        without: A head to leave out.
    """

    relation: str
    on: Prompts
    by: float
    without: Head

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The patterns of both sides."""
        return self._sides()

    def heads(self, scores: Scores) -> tuple[Head, ...]:
        """The heads, in order; none is an answer too."""
        clean, corrupt = (scores[side] for side in self._sides())
        gains = (clean - corrupt).mean(0)
        return tuple(
            Head(layer, head)
            for layer, row in enumerate(gains.tolist())
            for head, gain in enumerate(row)
            if gain > self.by and Head(layer, head) != self.without
        )

    def _sides(self) -> tuple[Request, Request]:
        measurement = AttentionOverPairs(self.relation)
        return Request(measurement, self.on, "clean"), Request(measurement, self.on, "corrupt")

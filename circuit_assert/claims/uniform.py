"""What attention would be if it fell evenly on everything that a token may attend to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from circuit_assert.claims.criteria import Criterion
from circuit_assert.claims.probes import Probe
from circuit_assert.claims.quantities import Measured, Quantity
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.prompts.base import Prompts, Side
from circuit_assert.stats.region import above


@dataclass(frozen=True)
class UniformShare(Quantity):
    """The mean of 1 / (position + 1) over the queries of a relation.

    Args:
        relation: A relation of the prompts, or roles as "end→IO".
        on: The prompts.
    """

    relation: str
    on: Prompts

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Nothing: where the queries stand is known from the tokens."""
        return ()

    def measured(self, scores: Scores) -> Measured:
        """The share, unit by unit."""
        prompts = scores.tokenized(self.on)
        if "→" in self.relation:
            queries = prompts.positions[self.relation.split("→")[0]][:, None]
        else:
            queries = [pairs[:, 0] for pairs in prompts.pairs[self.relation]]
        shares = np.array([float(np.mean(1.0 / (unit + 1.0))) for unit in queries])
        return Measured(shares, prompts.clusters, tuple(prompts.kept.tolist()))


def beyond_uniform(
    probe: Probe, relation: str, on: Prompts, by: float, *, name: str, side: Side = "clean"
) -> Criterion:
    """Attention over a relation is above what uniform attention would be by more than `by`.

    Args:
        probe: The attention.
        relation: What it is over.
        on: The prompts.
        by: The bound.
        name: What the evidence calls the criterion.
        side: Of the prompts.
    """
    return Criterion(
        name=name,
        quantity=probe.on(on, side) - UniformShare(relation, on),
        region=above(by),
        words=f"{probe.words} minus the share of uniform attention",
        unit=probe.measurement.quantity,
        model=probe.model,
    )

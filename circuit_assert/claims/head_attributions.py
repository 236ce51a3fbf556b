"""What a head adds to a neuron's reading where the neuron is active, and where it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from circuit_assert.claims.promotion import Promotion, Reals, TopActivity
from circuit_assert.claims.quantities import CannotTell, Measured, Quantity
from circuit_assert.components import Head
from circuit_assert.measurements import Request
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.measurements.head_to_neuron import ReadOfHeads


@dataclass(frozen=True)
class AttributionContrast(Quantity):
    """What a head adds to a neuron's reading in its top decile, minus elsewhere; by document.

    Norm scales are those of the run. A gated neuron's activation is a product, a = ρ·g·u with g
    and u what its gate and its up-row read, and ρ how open the gate is; what a head adds to either
    counts by what multiplies it, averaged over the top decile: a fixed direction, so that a head
    that always writes the same adds the same everywhere.

    Args:
        of: The neuron, what orients it, the documents.
        head: The head.
    """

    of: Promotion
    head: Head

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations, and what the neuron reads of the head."""
        return (*TopActivity(self.of).needs(scores), self._read)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the readings, times what they are multiplied by."""
        return float(np.abs(self._weights(scores)).sum()) * floor_of(self._read)

    def measured(self, scores: Scores) -> Measured:
        """The contrast, document by document; those that are all top decile are left out.

        Raises:
            CannotTell: when the neuron has no top decile.
        """
        added = scores[self._read][..., 1] @ self._weights(scores)
        top = TopActivity(self.of)
        places = top.require(scores)
        elsewhere = np.isfinite(self.of.oriented(scores))
        elsewhere[places[:, 0], places[:, 1]] = False
        active = top.by_document(added, scores)
        counts = elsewhere.sum(1)
        with np.errstate(invalid="ignore", divide="ignore"):
            rest = np.where(elsewhere, added, 0.0).sum(1) / counts
        kept = scores.tokenized(self.of.on).kept.tolist()
        rows = [kept.index(unit) for unit in active.units]
        found = Measured(active.values - rest[rows], active.clusters, active.units)
        return found.keeping(counts[rows] > 0).with_note(active.notes[-1])

    @property
    def _read(self) -> Request:
        return Request(ReadOfHeads(self.of.neuron, (self.head,)), self.of.on)

    def _weights(self, scores: Scores) -> Reals:
        """What a unit of each row's reading is worth in s·a: `[row]`."""
        sign = self.of.sign(scores)
        read = scores[self._read][..., 0]
        if read.shape[-1] == 1:
            return np.array([float(sign)])
        units, positions = TopActivity(self.of).require(scores).T
        oriented = self.of.oriented(scores)[units, positions]
        worth = gate_weights(oriented, *read[units, positions].astype(np.float64).T)
        if not np.isfinite(worth).all():
            raise CannotTell(f"the rows of {self.of.neuron} read nothing in its top decile")
        return worth


def gate_weights(oriented: Reals, up: Reals, gate: Reals) -> Reals:
    """Mean of s·a over each factor: what multiplies the up-row's reading, and the gate's.

    Args:
        oriented: s·a, `[n]`.
        up: What the up-row reads, `[n]`.
        gate: What the gate reads, `[n]`.
    """
    worth: list[float] = []
    for factor in (up, gate):
        there = np.abs(factor) > 0
        over = oriented[there] / factor[there]
        worth.append(float(over.sum() / max(1, len(oriented))))
    return np.array(worth)

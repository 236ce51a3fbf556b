"""One neuron's mean activation as a detector of what kind of document it is in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.contexts.cuts import best_cut, f1
from circuit_assert.claims.quantities import CannotTell, Measured, Quantity, remembered
from circuit_assert.claims.single_features.activity import FIRST
from circuit_assert.claims.single_features.halves import Bools, half
from circuit_assert.components import Neuron
from circuit_assert.measurements import Request
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.measurements.mean_activations import MeanActivations
from circuit_assert.prompts.base import Prompts, Which
from circuit_assert.prompts.chosen import Chosen
from circuit_assert.prompts.labels import Label

Reals = npt.NDArray[np.float64]
_MOSTLY = 0.5  # of a document's tokens of which it can be said


@dataclass(frozen=True)
class InContext:
    """A neuron on documents, some of which are of a context.

    Args:
        neuron: The neuron.
        context: What is true of the tokens of such documents, of more than half of them.
        on: All documents.
    """

    neuron: Neuron
    context: Label
    on: Prompts

    def request(self, which: Which, layer: int | None = None) -> Request:
        """The mean activations of a layer's neurons on one half; of its own by default."""
        at = self.neuron.layer if layer is None else layer
        return Request(MeanActivations(at), half(self.on, which))

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Mean activations on both halves."""
        return (self.request("discovery"), self.request("test"))

    @remembered
    def labels(self, scores: Scores) -> Bools:
        """Which documents of the test half are of the context: `[unit]`."""
        return self.labels_of(scores, "test")

    def labels_of(self, scores: Scores, which: Which) -> Bools:
        """The same of either half.

        Raises:
            CannotTell: when all are, or none.
        """
        prompts = scores.tokenized(half(self.on, which))
        rows = self.context.rows(prompts, scores.weights.tokenizer)
        shares = [row[FIRST:][np.isfinite(row[FIRST:])] for row in rows]
        found = np.array([bool(each.size) and each.mean() > _MOSTLY for each in shares])
        if found.all() or not found.any():
            which_of = "every" if found.all() else "no"
            raise CannotTell(
                f"{which_of} document of the {which} half of {self.on.name} is of {self.context}"
            )
        return found

    @remembered
    def elsewhere(self, scores: Scores) -> Prompts:
        """Documents of the discovery half that are not of the context."""
        rows = np.flatnonzero(~self.labels_of(scores, "discovery")).tolist()
        return Chosen(half(self.on, "discovery"), tuple(rows), f"not of {self.context}")

    def values(self, scores: Scores, which: Which) -> Reals:
        """The neuron's mean activations on one half: `[unit]`."""
        return scores[self.request(which)][:, self.neuron.neuron].astype(np.float64)

    @remembered
    def cut(self, scores: Scores) -> tuple[float, float, float]:
        """Beyond which activation a document is best said to be of the context, on that half.

        Its sign, 1 or −1, as its activation has on documents of the context; its size; and the F1
        that it has on the discovery half.
        """
        return best_cut(self.values(scores, "discovery"), self.labels_of(scores, "discovery"))

    def called(self, scores: Scores) -> Bools:
        """Which documents of the test half it says are of the context: `[unit]`."""
        sign, value, _ = self.cut(scores)
        return sign * self.values(scores, "test") > value


@dataclass(frozen=True)
class Detection(Quantity):
    """Of test documents that are of the context or said to be, which are both: outcomes, 1 or 0.

    Their share J is TP / (TP + FP + FN), and F1 is 2J / (1 + J): one is above a bound exactly where
    the other is above its own, and J, unlike F1, has an exact interval.

    Args:
        of: The neuron and the context.
    """

    of: InContext

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Mean activations."""
        return self.of.needs(scores)

    def measured(self, scores: Scores) -> Measured:
        """One outcome for each such document."""
        called, labels = self.of.called(scores), self.of.labels(scores)
        sign, value, found = self.of.cut(scores)
        prompts = scores.tokenized(half(self.of.on, "test"))
        kept = tuple(prompts.kept.tolist())
        both = (called & labels).astype(np.float64)
        notes = (
            _scored(called, labels),
            f"said to be where its mean is {'above' if sign > 0 else 'below'} {sign * value:.3g}, "
            f"which had F1 {found:.3g} on the half that chose it",
        )
        measured = Measured(both, prompts.clusters, kept, binary=True, notes=notes)
        return measured.keeping(called | labels)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """The share of these documents that a floor could carry over the threshold."""
        floor = max(floor_of(request) for request in self.needs(scores))
        sign, value, _ = self.of.cut(scores)
        close = np.abs(sign * self.of.values(scores, "test") - value) <= floor
        counted = self.of.called(scores) | self.of.labels(scores)
        return float(close.sum() / counted.sum()) if floor else 0.0


def _scored(called: Bools, labels: Bools) -> str:
    hits, said, there = (int(each.sum()) for each in (called & labels, called, labels))
    both = called.astype(float), labels.astype(float)
    mcc = float(np.corrcoef(*both)[0, 1]) if 0 < said < len(called) else 0.0
    return (
        f"on {len(labels)} documents: F1 {f1(hits, said, there):.3g}, precision "
        f"{hits / max(said, 1):.3g}, recall {hits / there:.3g}, MCC {mcc:.3g}"
    )

"""Whether a neuron tells a context better than the best of as many would by chance."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from circuit_assert.claims.contexts.cuts import best_cut, best_of_all, shuffled
from circuit_assert.claims.contexts.detecting import InContext, Reals
from circuit_assert.claims.criteria import Found, Question
from circuit_assert.claims.quantities import CannotTell, remembered
from circuit_assert.claims.single_features.halves import Bools, half
from circuit_assert.claims.weight_ranks import stands_out
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.prompts.base import Ints, Which

_BOTH: tuple[Which, Which] = ("discovery", "test")
_DRAWS = 199


@dataclass(frozen=True)
class BeatsShuffledContexts(Question):
    """Whether its F1 is above that of the best neuron for contexts given to other documents.

    On both halves together, with the threshold that is best there. Each time the contexts are
    shuffled, the best is selected anew among the neurons that were searched.

    Args:
        of: The neuron and the context.
        searched: Among how many neurons it was found: those of its layer, then of the nearest
            others; None for all of its layer.
    """

    of: InContext
    searched: int | None

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Mean activations of the layers that were searched."""
        layers = [layer for layer, _ in self._searched(scores)]
        return [self.of.request(which, layer) for layer in layers for which in _BOTH]

    def answer(self, scores: Scores, alpha: float) -> Found:
        """Its rank."""
        count, card = self.searched or 0, scores.weights.card
        if count > card.layers * card.d_mlp:
            return Found(None, f"{count} neurons were searched: the model has fewer")
        try:
            labels = np.concatenate([self.of.labels_of(scores, which) for which in _BOTH])
        except CannotTell as reason:
            return Found(None, str(reason))
        everyone, clusters = self._activity(scores), self._clusters(scores)
        _, _, found = best_cut(everyone[0], labels)
        best = self._best_by_chance(
            everyone, labels, clusters, max(_DRAWS, math.ceil(1 / alpha - 1e-9) - 1)
        )
        what = f"shuffled contexts, for each of which {len(everyone)} neurons were searched again,"
        return stands_out(found, best, alpha, what, ".3f")

    @staticmethod
    def _best_by_chance(everyone: Reals, labels: Bools, clusters: list[str], draws: int) -> Reals:
        generator = np.random.default_rng(0)
        ranked = np.argsort(-everyone, axis=1, kind="stable").astype(np.int64)
        drawn = (shuffled(labels, clusters, generator) for _ in range(draws))
        return np.array([best_of_all(everyone, ranked, each) for each in drawn])

    @remembered
    def _activity(self, scores: Scores) -> Reals:
        """Of each neuron that was searched, its own first, the mean activations: `[n, unit]`."""
        parts = [
            np.concatenate([scores[self.of.request(which, layer)] for which in _BOTH])[:, chosen]
            for layer, chosen in self._searched(scores)
        ]
        return np.concatenate(parts, axis=1).T.astype(np.float64)

    def _clusters(self, scores: Scores) -> list[str]:
        sets = (scores.tokenized(half(self.of.on, which)) for which in _BOTH)
        return [each for one in sets for each in next(iter(one.clusters.values()))]

    def _searched(self, scores: Scores) -> list[tuple[int, Ints]]:
        """Layer and neurons of it, the layers nearest to its own first, itself before all."""
        card, own = scores.weights.card, self.of.neuron
        left = min(self.searched or card.d_mlp, card.layers * card.d_mlp)
        generator = np.random.default_rng(0)
        found: list[tuple[int, Ints]] = []
        for layer in sorted(range(card.layers), key=lambda one: (abs(one - own.layer), one)):
            if not left:
                break
            order = generator.permutation(card.d_mlp).astype(np.int64)
            if layer == own.layer:
                order = np.array([own.neuron, *order[order != own.neuron]])
            found.append((layer, order[:left]))
            left -= len(found[-1][1])
        return found

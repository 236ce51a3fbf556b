"""Is a feature a neuron by another name?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import Body, Criterion
from circuit_assert.claims.quantities import (
    CannotTell,
    MeasuredStatistic,
    Statistic,
    remembered,
)
from circuit_assert.claims.single_features.activity import FIRST, Activity, one_feature
from circuit_assert.components import Neuron, Subject, Vector
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.measurements import Request
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.measurements.features import NeuronsBeside
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.prompt_set import discovery_ids
from circuit_assert.stats.region import below

Masks = npt.NDArray[np.bool_]
_NEARLY_ONE = 1 - 1e-9


@claim("{feature} is not a neuron", source="Bricken et al. 2023, Towards Monosemanticity")
def feature_is_not_a_neuron(feature: Subject, *, on: Prompts, by: float) -> Body:
    """No neuron up to its layer goes along with it: the best one's correlation is below `by`.

    The neuron whose activation correlates most with the feature's, by size, among all of all
    layers up to the feature's, is taken on the discovery half of the documents; its correlation
    is judged on the other half, in the direction it had. Positions of a document are taken
    together, documents are the clusters; as correlations are skewed, their arctanh is compared.

    Args:
        feature: A latent, `model.with_dictionary(path)["L9F5617"]`; a direction or a vector.
        on: Documents, of which half choose the neuron and at least twenty test it.
        by: The correlation that it has to stay below.

    Raises:
        ComponentError: when `feature` is not one feature, or is a neuron itself.
        ClaimError: for a correlation outside 0 to 1.

    Published:
        The neuron that correlates most with the Arabic feature is a mixed-language one; base64:
        0.18; Hebrew: 0.1. Thresholds are not published.

    Pitfalls:
        Of the neurons, one is taken: were several close, another could be the best on other
        documents. That no single neuron is like it does not say that it is a direction no few
        neurons write.
    """
    one = one_feature(feature, "feature_is_not_a_neuron")
    if isinstance(one, Neuron):
        raise ComponentError(f"feature_is_not_a_neuron is about another feature; {one} is one.")
    if not 0 < by < 1:
        raise ClaimError(f"by is a correlation between 0 and 1; got {by:g}.")
    return Body(
        Criterion(
            "best neuron",
            BestNeuron(Activity(one, on)),
            below(math.atanh(by)),
            f"arctanh of the best neuron's correlation, that of {by:g} being {math.atanh(by):.3f},",
            "arctanh",
            feature.model,
        )
    )


@dataclass(frozen=True)
class BestNeuron(Statistic):
    """arctanh of the correlation with the neuron that was best on the discovery half.

    Args:
        of: The feature on documents.
    """

    of: Activity

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations, and neurons beside them."""
        first = tuple(self.of.needs(scores))
        if any(request not in scores for request in first):
            return first
        return (*first, self._beside(scores))

    def measured(self, scores: Scores) -> MeasuredStatistic:
        """On any subset of the test half."""
        self.of.active(scores)
        prompts = scores.tokenized(self.of.on)
        ids = [str(i) for i in next(iter(prompts.clusters.values()))]
        discovery = np.isin(ids, list(discovery_ids(ids)))
        (layer, number), sign, found = self._best(scores)
        test = np.flatnonzero(~discovery)
        neuron = scores[self._beside(scores)][test, layer, number].astype(np.float64)
        own = self._own(scores)[test]

        def statistic(chosen: Masks) -> float:
            r = sign * float(_correlation(own[chosen].sum(0), neuron[chosen].sum(0)))
            return math.atanh(min(max(r, -_NEARLY_ONE), _NEARLY_ONE))

        r = math.tanh(statistic(np.ones(len(test), bool)))
        note = (
            f"L{layer}N{number}: {sign * found:.3f} on the half that chose it, {r:.3f} on the other"
        )
        return MeasuredStatistic(statistic, [ids[unit] for unit in test], (note,))

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """How far the correlation moves at most, activations moving by a floor each.

        Both being standardised, by the floor over each one's spread.
        """
        floor = floor_of(self.of.request(scores))
        own = self._own(scores).sum(0)
        spread = math.sqrt(max(own[2] / own[0] - (own[1] / own[0]) ** 2, 0.0))
        return floor / spread if spread else 0.0

    def _beside(self, scores: Scores) -> Request:
        feature = self.of.readable(scores)
        origin = feature.origin if isinstance(feature, Vector) else None
        return Request(NeuronsBeside(feature, origin), self.of.on)

    @remembered
    def _own(self, scores: Scores) -> npt.NDArray[np.float64]:
        """Of the feature: positions, sum and sum of squares: `[unit, 3]`."""
        values = self.of.values(scores)[:, FIRST:]
        there = np.isfinite(values)
        known = np.where(there, values, 0.0)
        return np.stack([there.sum(1), known.sum(1), (known**2).sum(1)], axis=-1)

    @remembered
    def _best(self, scores: Scores) -> tuple[tuple[int, int], int, float]:
        """The neuron, the sign of its correlation on the discovery half, and that correlation."""
        prompts = scores.tokenized(self.of.on)
        ids = [str(i) for i in next(iter(prompts.clusters.values()))]
        discovery = np.isin(ids, list(discovery_ids(ids)))
        beside = scores[self._beside(scores)][discovery].astype(np.float64).sum(0)
        found = _correlation(self._own(scores)[discovery].sum(0), beside)
        if not np.isfinite(found).any():
            raise CannotTell(f"{self.of.feature} or every neuron is constant on the discovery half")
        layer, number = np.unravel_index(int(np.nanargmax(np.abs(found))), found.shape)
        r = float(found[layer, number])
        return (int(layer), int(number)), 1 if r >= 0 else -1, r


def _correlation(
    own: npt.NDArray[np.float64], neurons: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Pearson's, from sums: `[3]` of the feature and `[..., 3]` of neurons → `[...]`."""
    count, total, squares = own
    a, a_squares, both = np.moveaxis(neurons, -1, 0)
    covariance = both / count - total / count * a / count
    variance = (squares / count - (total / count) ** 2) * (a_squares / count - (a / count) ** 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(variance > 0, covariance / np.sqrt(np.maximum(variance, 0)), np.nan)

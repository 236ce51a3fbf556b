"""Whether the model loses more without a neuron on documents of a context than on others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from circuit_assert.claims.contexts.cuts import best_either_way
from circuit_assert.claims.contexts.detecting import InContext, Reals
from circuit_assert.claims.peers import LEAST
from circuit_assert.claims.quantities import CannotTell, MeasuredStatistic, Statistic, remembered
from circuit_assert.claims.single_features.activity import FIRST
from circuit_assert.claims.single_features.halves import Bools, half
from circuit_assert.components import Neuron
from circuit_assert.interventions import Ablation, AddAtPositions
from circuit_assert.measurements import Loss, Request
from circuit_assert.measurements.base import AnyRequest, Scores, WeightRequest
from circuit_assert.measurements.features import FeatureActivations
from circuit_assert.measurements.norms import NeuronOutputNorms

_LOSS = Loss(places=12)
_PEERS = 8


@dataclass(frozen=True)
class LossInContext(Statistic):
    """The rise of the loss without the neuron, on documents of the context minus on others.

    On the test half, jackknifed over documents. The neuron is replaced by its mean over documents
    of the discovery half that are not of the context: those of the test half keep about what they
    have, those of the context lose what it is active for. (A mean over both would take as much
    from the others as from them.)

    Args:
        of: The neuron and the context.
    """

    of: InContext

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The loss with and without it."""
        try:
            return (self.clean, self._without(scores))
        except CannotTell:
            return (self.clean,)

    def measured(self, scores: Scores) -> MeasuredStatistic:
        """The difference over any subset of the documents."""
        labels, rises = self.of.labels(scores), self.rises(scores)
        inside, outside = (float(rises[kind].mean()) for kind in (labels, ~labels))
        note = f"{inside:+.3g} nats on {labels.sum()} documents of it, {outside:+.3g} on others"
        clusters = next(iter(scores.tokenized(half(self.of.on, "test")).clusters.values()))
        return MeasuredStatistic(
            lambda chosen: difference(rises, labels, chosen), clusters, (note,)
        )

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the losses."""
        return max(floor_of(self.clean), floor_of(self._without(scores)))

    def rises(self, scores: Scores) -> Reals:
        """Nats for each token, document by document: `[unit]`."""
        without, clean = scores[self._without(scores)], scores[self.clean]
        return without.astype(np.float64) - clean.astype(np.float64)

    @property
    def clean(self) -> Request:
        """The loss on the test half."""
        return Request(_LOSS, half(self.of.on, "test"))

    def _without(self, scores: Scores) -> Request:
        reference = self.of.elsewhere(scores)
        how = Ablation((self.of.neuron,), "mean", reference)
        return replace(self.clean, under=how)


@dataclass(frozen=True)
class LossBeyondDirections(Statistic):
    """The same, minus the mean of its size when as much is changed in other neurons' directions.

    At every position of the test half but the first, what the neuron writes there less than in
    documents of other contexts is written in the direction of another neuron of its layer instead,
    at the same length, its own activation left as it is. Eight are drawn, of those whose F1 for the
    context, active in it or inactive, is not above the claim's bound on the discovery half.

    Args:
        of: The neuron and the context.
        by: The claim's bound.
    """

    of: InContext
    by: float

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What tells the changes; then the losses with and without them."""
        try:
            telling = [*self.of.needs(scores), *self._activity(scores), self._norms]
        except CannotTell:
            return self.of.needs(scores)
        if any(request not in scores for request in telling):
            return telling
        try:
            changed = self._changed(scores)
        except CannotTell:
            return telling
        return [*telling, *LossInContext(self.of).needs(scores), *changed]

    def measured(self, scores: Scores) -> MeasuredStatistic:
        """The contrast over any subset of the documents."""
        own, labels = LossInContext(self.of), self.of.labels(scores)
        clean = scores[own.clean].astype(np.float64)
        rises = own.rises(scores)
        theirs = [scores[each].astype(np.float64) - clean for each in self._changed(scores)]

        def beyond(chosen: Bools) -> float:
            sizes = [abs(difference(each, labels, chosen)) for each in theirs]
            return difference(rises, labels, chosen) - float(np.mean(sizes))

        names = ", ".join(map(str, self._others(scores)))
        note = f"in the directions of {names}"
        return MeasuredStatistic(beyond, own.measured(scores).clusters, (note,))

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the losses."""
        return max(
            LossInContext(self.of).noise(scores, floor_of),
            *(floor_of(request) for request in self._changed(scores)),
        )

    def _activity(self, scores: Scores) -> tuple[Request, Request]:
        """Its activations on the test half, and on documents of other contexts."""
        reads = FeatureActivations(self.of.neuron)
        here, elsewhere = half(self.of.on, "test"), self.of.elsewhere(scores)
        return Request(reads, here), Request(reads, elsewhere)

    @property
    def _norms(self) -> WeightRequest:
        return WeightRequest(NeuronOutputNorms(self.of.neuron.layer))

    @remembered
    def _others(self, scores: Scores) -> tuple[Neuron, ...]:
        own, norms = self.of.neuron, scores[self._norms]
        labels = self.of.labels_of(scores, "discovery")
        everyone = scores[self.of.request("discovery")].astype(np.float64)
        order = np.random.default_rng(0).permutation(len(norms)).tolist()
        usable = (n for n in order if n != own.neuron and norms[n] > 0)
        found = (n for n in usable if best_either_way(everyone[:, n], labels) <= self.by)
        drawn = tuple(Neuron(own.layer, n) for n in islice(found, _PEERS))
        if len(drawn) < LEAST or not norms[own.neuron] > 0:
            raise CannotTell(
                f"{len(drawn)} neurons of the layer of {own} do not tell {self.of.context}; "
                f"{LEAST} are needed"
            )
        return drawn

    @remembered
    def _changed(self, scores: Scores) -> tuple[Request, ...]:
        own, norms = self.of.neuron, scores[self._norms]
        here, elsewhere = (scores[each].astype(np.float64) for each in self._activity(scores))
        here[:, :FIRST] = np.nan
        where = np.argwhere(np.isfinite(here))
        amounts = np.nanmean(elsewhere[:, FIRST:]) - here[where[:, 0], where[:, 1]]
        clean = LossInContext(self.of).clean
        return tuple(
            replace(
                clean,
                under=AddAtPositions(
                    own.site,
                    np.eye(1, len(norms), other.neuron, dtype=np.float32)[0]
                    * np.float32(norms[own.neuron] / norms[other.neuron]),
                    where,
                    amounts,
                    f"{own} less {self.of.elsewhere(scores).fingerprint}, as {other},",
                    True,
                ),
            )
            for other in self._others(scores)
        )


def difference(rises: Reals, labels: Bools, chosen: Bools) -> float:
    """The mean of chosen documents of a context minus that of the others; NaN without either."""
    inside, outside = rises[labels & chosen], rises[~labels & chosen]
    return float(inside.mean() - outside.mean()) if inside.size and outside.size else float("nan")

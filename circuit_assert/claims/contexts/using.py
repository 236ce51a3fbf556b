"""Whether the model loses more without a neuron on documents of a context than on others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from circuit_assert.claims.contexts.cuts import best_either_way
from circuit_assert.claims.contexts.detecting import InContext, Reals
from circuit_assert.claims.peers import LEAST, Candidates, candidates_for
from circuit_assert.claims.quantities import CannotTell, MeasuredStatistic, Statistic, remembered
from circuit_assert.claims.single_features.halves import Bools, half
from circuit_assert.components import Neuron
from circuit_assert.interventions import Ablation
from circuit_assert.measurements import Loss, Request
from circuit_assert.measurements.base import AnyRequest, Scores

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
        control: Whether it is a control, for which losing nothing is a result.
    """

    of: InContext
    control: bool = False

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The loss with and without it."""
        try:
            return (self._clean, self._without(scores))
        except CannotTell:
            return (self._clean,)

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
        return max(floor_of(self._clean), floor_of(self._without(scores)))

    def rises(self, scores: Scores) -> Reals:
        """Nats for each token, document by document: `[unit]`."""
        without, clean = scores[self._without(scores)], scores[self._clean]
        return without.astype(np.float64) - clean.astype(np.float64)

    @property
    def _clean(self) -> Request:
        return Request(_LOSS, half(self.of.on, "test"))

    def _without(self, scores: Scores) -> Request:
        reference = self.of.elsewhere(scores)
        how = Ablation((self.of.neuron,), "mean", reference, may_do_nothing=self.control)
        return replace(self._clean, under=how)


@dataclass(frozen=True)
class LossBeyondNeurons(Statistic):
    """The same, minus the mean of its size for neurons like it.

    Up to eight of its layer that write about as much, by the discovery half, and whose F1 for the
    context, active in it or inactive, is not above the claim's bound there.

    Args:
        of: The neuron and the context.
        by: The claim's bound.
    """

    of: InContext
    by: float

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What tells them; then everyone's losses."""
        telling = [*self.of.needs(scores), *self._candidates.needs(scores)]
        if any(request not in scores for request in telling):
            return telling
        try:
            peers = self._peers(scores)
        except CannotTell:
            return telling
        losses = (LossInContext(self.of), *peers)
        return [*telling, *(request for each in losses for request in each.needs(scores))]

    def measured(self, scores: Scores) -> MeasuredStatistic:
        """The contrast over any subset of the documents."""
        peers, labels = self._peers(scores), self.of.labels(scores)
        own = LossInContext(self.of)
        rises, theirs = own.rises(scores), [peer.rises(scores) for peer in peers]

        def beyond(chosen: Bools) -> float:
            sizes = [abs(difference(each, labels, chosen)) for each in theirs]
            return difference(rises, labels, chosen) - float(np.mean(sizes))

        names = ", ".join(str(peer.of.neuron) for peer in peers)
        return MeasuredStatistic(beyond, own.measured(scores).clusters, (f"peers: {names}",))

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the neuron's own."""
        return LossInContext(self.of).noise(scores, floor_of)

    @property
    def _candidates(self) -> Candidates:
        return candidates_for(self.of.neuron, half(self.of.on, "discovery"))

    @remembered
    def _peers(self, scores: Scores) -> tuple[LossInContext, ...]:
        labels = self.of.labels_of(scores, "discovery")
        everyone = scores[self.of.request("discovery")].astype(np.float64)
        found = [
            LossInContext(replace(self.of, neuron=each), control=True)
            for each in self._candidates.found(scores)
            if isinstance(each, Neuron)
            and best_either_way(everyone[:, each.neuron], labels) <= self.by
        ]
        if len(found) < LEAST:
            raise CannotTell(
                f"there are {len(found)} neurons that write about as much as {self.of.neuron} and "
                f"do not tell {self.of.context}; {LEAST} are needed"
            )
        return tuple(found[:_PEERS])


def difference(rises: Reals, labels: Bools, chosen: Bools) -> float:
    """The mean of chosen documents of a context minus that of the others; NaN without either."""
    inside, outside = rises[labels & chosen], rises[~labels & chosen]
    return float(inside.mean() - outside.mean()) if inside.size and outside.size else float("nan")

"""Many peers: neurons of the same layer that write about as much should do less."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from circuit_assert.claims.criteria import Found, Question
from circuit_assert.claims.promotion import LogitDrop, Promotion
from circuit_assert.claims.quantities import CannotTell
from circuit_assert.components import Neuron
from circuit_assert.measurements import NeuronActivations, Request
from circuit_assert.measurements.base import AnyRequest, Scores, WeightRequest
from circuit_assert.measurements.norms import NeuronOutputNorms
from circuit_assert.prompts.beginnings import Beginnings
from circuit_assert.stats.rank import rank_guard

_DOCUMENTS = 12
_TOKENS = 24


@dataclass(frozen=True)
class BeatsPeers(Question):
    """Whether the neuron's drop is larger than that of neurons that write about as much.

    Peers are the neurons of its layer nearest in mean ‖a·w_out‖, each oriented toward the same
    token and replaced in its own top decile. All are measured, the neuron again, on the first 24
    tokens of 12 documents, those that hold the token there before others.

    Args:
        of: Which neuron, which token, where.
        count: How many peers.
    """

    of: Promotion
    count: int

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What chooses the peers; then their activations; then everyone's drop."""
        first = (self.of.readings(scores), *self._written)
        if any(request not in scores for request in first):
            return first
        drops = (request for drop in self._drops(scores) for request in drop.needs(scores))
        return list(dict.fromkeys((*first, *drops)))

    def answer(self, scores: Scores, alpha: float) -> Found:
        """Its rank."""
        own, *peers = (_mean_drop(drop, scores) for drop in self._drops(scores))
        guard = rank_guard("", own, peers, alpha=alpha, reason="not specific")
        if guard.passed is None:
            return Found(None, guard.reason)
        above = sum(peer >= own for peer in peers)
        words = (
            f"{above} of {len(peers)} neurons that write about as much lower the token's logit at "
            f"least as much: {own:+.3g} against at most {max(peers):+.3g}"
        )
        return Found(
            guard.passed,
            words,
            p_value=guard.p_value,
            effect=own,
            notes=(words,),
            others=tuple(peers),
        )

    @property
    def _written(self) -> tuple[Request, WeightRequest]:
        layer = self.of.neuron.layer
        return Request(NeuronActivations(layer), self.of.on), WeightRequest(
            NeuronOutputNorms(layer)
        )

    def _drops(self, scores: Scores) -> list[LogitDrop]:
        everyone = (self.of.neuron.neuron, *self._peers(scores))
        matched, part = self.of.matched(scores), self._part(scores)
        neurons = (Neuron(self.of.neuron.layer, neuron) for neuron in everyone)
        return [
            LogitDrop(Promotion(neuron, self.of.token, part, everyone), matched)
            for neuron in neurons
        ]

    def _peers(self, scores: Scores) -> list[int]:
        activity, norms = (scores[request] for request in self._written)
        written = activity.mean(0) * norms
        own = self.of.neuron.neuron
        with np.errstate(divide="ignore", invalid="ignore"):
            distance = np.abs(np.log(written / written[own]))
        nearest = np.argsort(distance, kind="stable")
        return [int(n) for n in nearest if n != own and written[n] > 0][: self.count]

    def _part(self, scores: Scores) -> Beginnings:
        lacking = [not holds for holds in self.of.holds(scores, _TOKENS)]
        chosen = np.sort(np.argsort(lacking, kind="stable")[:_DOCUMENTS])
        return Beginnings(self.of.on, tuple(chosen.tolist()), _TOKENS)


def _mean_drop(drop: LogitDrop, scores: Scores) -> float:
    """Over clusters; none for a neuron that does not vary."""
    try:
        measured = drop.measured(scores)
    except CannotTell:
        return 0.0
    clusters = np.array([str(i) for i in next(iter(measured.clusters.values()))])
    return float(np.mean([measured.values[clusters == c].mean() for c in np.unique(clusters)]))

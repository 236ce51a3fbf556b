"""Features like one: of the same dictionary, as often active, and writing about as much."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from circuit_assert.claims.peers import candidates_for
from circuit_assert.claims.quantities import CannotTell, remembered
from circuit_assert.claims.single_features.activity import Activity
from circuit_assert.components import Direction, Latent, Neuron, Vector
from circuit_assert.measurements import Request, Residual
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.measurements.features import LatentMoments

LEAST = 5
_COUNT = 8


@dataclass(frozen=True)
class FeaturePeers:
    """What a feature is compared with.

    Of a latent: the eight of its dictionary nearest in how often they are active and how much they
    then write. Of a neuron: those of its layer that write about as much. Of a vector or a
    direction: differences between documents' last activations, active as often.

    Args:
        of: The feature on documents.
    """

    of: Activity

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What tells them."""
        match self.of.feature:
            case Latent(dictionary=dictionary):
                return (Request(LatentMoments(dictionary), self.of.on),)
            case Neuron() as neuron:
                return candidates_for(neuron, self.of.on).needs(scores)
            case Vector() | Direction():
                own = tuple(self.of.needs(scores))
                return (*own, Request(Residual(self.of.feature.site), self.of.on))

    @remembered
    def found(self, scores: Scores) -> tuple[Activity, ...]:
        """The peers on the same documents.

        Raises:
            CannotTell: when there are fewer than five.
        """
        match self.of.feature:
            case Latent() as latent:
                peers = tuple(
                    replace(self.of, feature=each) for each in _latents(latent, self, scores)
                )
            case Neuron() as neuron:
                near = candidates_for(neuron, self.of.on).found(scores)[:_COUNT]
                peers = tuple(
                    replace(self.of, feature=each) for each in near if isinstance(each, Neuron)
                )
            case Vector() | Direction():
                share = self.of.frequency(scores)
                peers = tuple(
                    replace(self.of, feature=each, share=share)
                    for each in _differences(self, scores)
                )
        if len(peers) < LEAST:
            raise CannotTell(
                f"there are {len(peers)} features like {self.of.feature}; {LEAST} are needed"
            )
        return peers


def _latents(latent: Latent, peers: FeaturePeers, scores: Scores) -> list[Latent]:
    moments = scores[Request(LatentMoments(latent.dictionary), peers.of.on)].astype(np.float64)
    often, much = moments.sum(0).T
    live = np.flatnonzero(often > 0)
    if latent.latent not in live:
        raise CannotTell(f"{latent} is never active on {peers.of.on.name}")
    norms = {n: float(np.linalg.norm(latent.dictionary.direction(int(n)))) for n in live}
    written = np.array([much[n] / often[n] * norms[n] for n in live])
    own = int(np.flatnonzero(live == latent.latent)[0])
    distance = np.abs(np.log(often[live] / often[live][own])) + np.abs(
        np.log(written / written[own])
    )
    order = [int(live[i]) for i in np.argsort(distance, kind="stable") if i != own]
    return [Latent(latent.layer, n, latent.dictionary) for n in order[:_COUNT]]


def _differences(peers: FeaturePeers, scores: Scores) -> list[Vector]:
    """Between the last activations of pairs of documents, drawn with a fixed seed."""
    streams = scores[Request(Residual(peers.of.feature.site), peers.of.on)].astype(np.float64)
    order = np.random.default_rng(0).permutation(len(streams))
    pairs = list(zip(order[::2], order[1::2], strict=False))[:_COUNT]
    made: list[Vector] = []
    for one, other in pairs:
        numbers = streams[one] - streams[other]
        if np.linalg.norm(numbers) > 0:
            name = f"unit {one} − unit {other}"
            made.append(Vector(peers.of.feature.site, name, tuple(map(float, numbers))))
    return made

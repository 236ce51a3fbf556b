"""A feature beside an explanation on both halves of documents, and other features like it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from circuit_assert.claims.quantities import CannotTell, remembered
from circuit_assert.claims.single_features.activity import FIRST, Feature, Reals
from circuit_assert.claims.single_features.halves import Bools, OnHalves, half
from circuit_assert.components import Direction, Latent, Neuron, Vector
from circuit_assert.measurements import Request, Residual
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.measurements.features import LatentMoments, Readable
from circuit_assert.measurements.many_activations import ManyActivations
from circuit_assert.prompts.base import Ints, Prompts, Which
from circuit_assert.prompts.explanations import Explanation, predicted

PEERS = 99
LEAST_PEERS = 20
_DRAWN = 299  # neurons among which the peers are those active about as often


@dataclass(frozen=True)
class Explained(OnHalves):
    """A feature, and what it is said to be active on.

    Its threshold, its polarity and its bands come from the discovery half of the documents, its
    scores from the test half.

    Args:
        feature: The feature.
        explanation: What is said.
        on: All documents.
        share: At which share of the discovery half's positions it counts as active; None for
            wherever its activation is above zero.
    """

    feature: Feature
    explanation: Explanation
    on: Prompts
    share: float | None = None

    @remembered
    def says(self, scores: Scores) -> Reals:
        """What the explanation predicts on the test half: `[unit, pos]`, NaN as activations."""
        values = self.values(scores, "test")
        rows = scores.tokenized(half(self.on, "test")).tokens["clean"]
        found = np.full(values.shape, np.nan)
        piece = scores.weights.tokenizer.piece
        for unit, row in enumerate(rows):
            found[unit, : len(row)] = predicted(
                self.explanation, [piece(int(token)) for token in row]
            )
        found[~np.isfinite(values)] = np.nan
        return found

    def tokens(self, scores: Scores, which: Which) -> Ints:
        """Tokens, as activations are laid out: `[unit, pos]`, −1 where there is none."""
        values = self.values(scores, which)
        found = np.full(values.shape, -1)
        for unit, row in enumerate(scores.tokenized(half(self.on, which)).tokens["clean"]):
            found[unit, : len(row)] = row
        found[~np.isfinite(values)] = -1
        return found


@dataclass(frozen=True)
class Others:
    """Other features like one, to which the same is put.

    Neurons of its layer, latents of its dictionary, or, of a vector or a direction, differences
    between documents' last activations. Each is active at about the share of positions that the
    feature is: its threshold is its own quantile of the discovery half.

    Args:
        of: The feature.
    """

    of: OnHalves

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What tells them; then their activations on both halves."""
        first = [*self.of.needs(scores), *self._first()]
        if any(request not in scores for request in first):
            return first
        candidates = self._candidates(scores)
        if len(candidates) < LEAST_PEERS:
            return first
        return [*first, *(self._request(candidates, half) for half in ("discovery", "test"))]

    @remembered
    def active(self, scores: Scores) -> Bools:
        """Where each is active on the test half: `[feature, unit, pos]`."""
        return self.active_on(scores, "test")

    @remembered
    def values(self, scores: Scores) -> Reals:
        """Their oriented activations on the test half: `[feature, unit, pos]`.

        Raises:
            CannotTell: when there are fewer than 20.
        """
        return self.values_on(scores, "test")

    def active_on(self, scores: Scores, which: Which) -> Bools:
        """Where each is active on either half: `[feature, unit, pos]`."""
        levels, values = self._levels(scores), self.values_on(scores, which)
        with np.errstate(invalid="ignore"):
            return values > levels[:, None, None]

    def values_on(self, scores: Scores, which: Which) -> Reals:
        """Their oriented activations on either half: `[feature, unit, pos]`.

        Raises:
            CannotTell: when there are fewer than 20.
        """
        signs, chosen = self._signs(scores), self._chosen(scores)
        return signs[chosen][:, None, None] * self._read(scores, which)[chosen]

    def _levels(self, scores: Scores) -> Reals:
        rate, chosen = self.of.rate(scores), self._chosen(scores)
        found = self._signs(scores)[:, None, None] * self._read(scores, "discovery")
        return np.nanquantile(found[chosen], 1 - rate, axis=(1, 2))

    @remembered
    def _chosen(self, scores: Scores) -> Ints:
        """Those active most nearly as often, at their own quantile of the discovery half."""
        candidates = self._candidates(scores)
        if len(candidates) < LEAST_PEERS:
            raise CannotTell(
                f"there are {len(candidates)} features like {self.of.feature} to compare it "
                f"with; {LEAST_PEERS} are needed"
            )
        rate = self.of.rate(scores)
        found = self._signs(scores)[:, None, None] * self._read(scores, "discovery")
        levels = np.nanquantile(found, 1 - rate, axis=(1, 2))
        with np.errstate(invalid="ignore"):
            rates = (found > levels[:, None, None]).sum((1, 2)) / np.isfinite(found[0]).sum()
        return np.argsort(np.abs(rates - rate), kind="stable")[:PEERS]

    def _signs(self, scores: Scores) -> Reals:
        found = self._read(scores, "discovery")
        return np.where(np.nanmax(found, axis=(1, 2)) >= -np.nanmin(found, axis=(1, 2)), 1.0, -1.0)

    def _read(self, scores: Scores, which: Which) -> Reals:
        found = scores[self._request(self._candidates(scores), which)].astype(np.float64)
        found[:, :FIRST] = np.nan
        return np.moveaxis(found, -1, 0)

    def _request(self, features: tuple[Readable, ...], which: Which) -> Request:
        return Request(ManyActivations(features), half(self.of.on, which))

    def _first(self) -> tuple[Request, ...]:
        discovery = half(self.of.on, "discovery")
        match self.of.feature:
            case Neuron():
                return ()
            case Latent(dictionary=dictionary):
                return (Request(LatentMoments(dictionary), discovery),)
            case Vector() | Direction():
                return (Request(Residual(self.of.feature.site), discovery),)

    @remembered
    def _candidates(self, scores: Scores) -> tuple[Readable, ...]:
        generator = np.random.default_rng(0)
        match self.of.feature:
            case Neuron(layer=layer, neuron=own):
                order = generator.permutation(scores.weights.card.d_mlp).tolist()
                return tuple(Neuron(layer, n) for n in order if n != own)[:_DRAWN]
            case Latent(layer=layer, latent=own, dictionary=dictionary):
                often = scores[self._first()[0]][..., 0].sum(0)
                wanted = max(float(often[own]), 1.0)
                live = [n for n in np.flatnonzero(often > 0).tolist() if n != own]
                live.sort(key=lambda n: abs(float(np.log(often[n] / wanted))))
                return tuple(Latent(layer, n, dictionary) for n in live[:PEERS])
            case Vector() | Direction():
                streams = scores[self._first()[0]].astype(np.float64)
                pairs = [generator.choice(len(streams), 2, replace=False) for _ in range(PEERS)]
                site = self.of.feature.site
                return tuple(
                    Vector(site, f"unit {a} − unit {b}", tuple(map(float, streams[a] - streams[b])))
                    for a, b in pairs
                    if np.linalg.norm(streams[a] - streams[b]) > 0
                )

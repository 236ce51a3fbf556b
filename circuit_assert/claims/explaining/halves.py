"""A feature on two halves of documents: what is set on one is used on the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.quantities import CannotTell, remembered
from circuit_assert.claims.single_features.activity import FIRST, Activity, Feature, Reals
from circuit_assert.components import Direction, Latent, Neuron, Vector
from circuit_assert.measurements import Request, Residual
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.measurements.features import LatentMoments, Readable
from circuit_assert.measurements.many_activations import ManyActivations
from circuit_assert.prompts.base import Ints, Prompts, Which
from circuit_assert.prompts.explanations import Explanation, predicted
from circuit_assert.prompts.halves import half_of

Bools = npt.NDArray[np.bool_]
PEERS = 99
LEAST_PEERS = 20
_DRAWN = 299  # neurons among which the peers are those active about as often


@lru_cache(maxsize=64)
def half(prompts: Prompts, which: Which) -> Prompts:
    """One half of a prompt set, made once: its hash takes a while."""
    return half_of(prompts, which)


@dataclass(frozen=True)
class Explained:
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

    def activity(self, which: Which) -> Activity:
        """The feature on one half."""
        return Activity(self.feature, half(self.on, which))

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Its activations on both halves."""
        both = (self.activity("discovery"), self.activity("test"))
        return [request for each in both for request in each.needs(scores)]

    def request(self, scores: Scores) -> Request:
        """Its activations on the test half, as they are measured."""
        return self.activity("test").request(scores)

    @remembered
    def polarity(self, scores: Scores) -> float:
        """1 or −1: the sign of its largest activation on the discovery half.

        A neuron of a gated MLP and its mirror image compute the same, so that the sign alone says
        nothing.
        """
        found = self.activity("discovery").amounts(scores)
        return 1.0 if np.nanmax(found) >= -np.nanmin(found) else -1.0

    def values(self, scores: Scores, which: Which) -> Reals:
        """Its activations, oriented: `[unit, pos]`; NaN at the first and after the last."""
        return self.polarity(scores) * self.activity(which).amounts(scores)

    @remembered
    def threshold(self, scores: Scores) -> float:
        """What it is above where it is active.

        Raises:
            CannotTell: when it never is on the discovery half, or always.
        """
        found = self.values(scores, "discovery")
        there = found[np.isfinite(found)]
        least = 0.0 if self.share is None else max(0.0, float(np.quantile(there, 1 - self.share)))
        rate = float((there > least).mean())
        if rate in (0.0, 1.0):
            raise CannotTell(
                f"{self.feature} is {'always' if rate else 'never'} active on the discovery half "
                f"of {self.on.name}"
                + (": give share=, at which share of positions it counts as active" * (rate > 0))
            )
        return least

    @remembered
    def bands(self, scores: Scores) -> tuple[float, float]:
        """What parts its activations on the discovery half, where active, in three equal parts."""
        found = self.values(scores, "discovery")
        low, high = np.nanquantile(found[found > self.threshold(scores)], [1 / 3, 2 / 3])
        return float(low), float(high)

    def active(self, scores: Scores, which: Which) -> Bools:
        """Where it is active: `[unit, pos]`."""
        with np.errstate(invalid="ignore"):
            return self.values(scores, which) > self.threshold(scores)

    def rate(self, scores: Scores) -> float:
        """At which share of the discovery half's positions it is."""
        known = np.isfinite(self.values(scores, "discovery"))
        return float(self.active(scores, "discovery").sum() / known.sum())

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
    """Other features like one, to which the same explanation is put.

    Neurons of its layer, latents of its dictionary, or, of a vector or a direction, differences
    between documents' last activations. Each is active at about the share of positions that the
    feature is: its threshold is its own quantile of the discovery half.

    Args:
        of: The feature and its explanation.
    """

    of: Explained

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
        levels, values = self._levels(scores), self.values(scores)
        with np.errstate(invalid="ignore"):
            return values > levels[:, None, None]

    @remembered
    def values(self, scores: Scores) -> Reals:
        """Their oriented activations on the test half: `[feature, unit, pos]`.

        Raises:
            CannotTell: when there are fewer than 20.
        """
        signs, chosen = self._signs(scores), self._chosen(scores)
        found = self._read(scores, "test")[chosen]
        return signs[chosen][:, None, None] * found

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
                f"there are {len(candidates)} features like {self.of.feature} to put the "
                f"explanation to; {LEAST_PEERS} are needed"
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

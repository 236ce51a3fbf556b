"""How much of a neuron's activation, and of its token's logit, goes where heads are ablated."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from circuit_assert.claims.component_effects import ComponentEffect, PeerContrast
from circuit_assert.claims.criteria import Found, Question
from circuit_assert.claims.peers import peer_sets
from circuit_assert.claims.promotion import Promotion, Reals, TopActivity
from circuit_assert.claims.quantities import Measured, Quantity
from circuit_assert.claims.ratios import ShareOf
from circuit_assert.claims.weight_ranks import stands_out
from circuit_assert.components import Component, Head, Neuron
from circuit_assert.interventions import Ablation
from circuit_assert.measurements import NeuronActivations, Request
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.measurements.neurons import TokenContrast
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.beginnings import Beginnings

_OTHERS = 399
_DOCUMENTS, _TOKENS = 12, 32


@dataclass(frozen=True)
class ActivityDrop(Quantity):
    """The fall of s·a where s·a is in its top decile, by document.

    Args:
        of: The neuron, what orients it, the documents.
        how: The ablation.
    """

    of: Promotion
    how: Ablation

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations with and without the heads, and what orients them."""
        clean = self.of.activations
        return (self.of.readings(scores), clean, replace(clean, under=self.how))

    def measured(self, scores: Scores) -> Measured:
        """The fall, document by document."""
        _, clean, without = self.needs(scores)
        fall = (scores[clean] - scores[without])[..., 0] * self.of.sign(scores)
        return TopActivity(self.of).by_document(fall, scores)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of activations: what orients them is exact."""
        _, clean, without = self.needs(scores)
        return max(floor_of(clean), floor_of(without))


@dataclass(frozen=True)
class _Activity(TopActivity):
    """Mean s·a in its top decile, with the noise of activations alone."""

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        return floor_of(self.of.activations)


@dataclass(frozen=True)
class LostShare(ComponentEffect):
    """Which share of a neuron's activation in its top decile is lost without some heads.

    Args:
        of_neuron: The neuron, what orients it, the documents.
        on: The documents.
        how: The ablation.
        against: The share at which the claim's region ends.
    """

    of_neuron: Promotion
    on: Prompts
    how: Ablation
    against: float = 0.0

    @property
    def components(self) -> tuple[Component, ...]:
        """What is ablated."""
        return self.how.components

    def of(self, components: tuple[Component, ...]) -> LostShare:
        """The share lost without others."""
        how = replace(self.how, components=components, may_do_nothing=True)
        return replace(self, how=how)

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations with and without the heads."""
        return self._share.needs(scores)

    def measured(self, scores: Scores) -> Measured:
        """The share, document by document."""
        return self._share.measured(scores)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the activations, over the mean one."""
        return self._share.noise(scores, floor_of)

    @property
    def _share(self) -> ShareOf:
        nothing = "the neuron is not active in the token's direction in its top decile"
        activity = _Activity(self.of_neuron)
        return ShareOf(ActivityDrop(self.of_neuron, self.how), activity, self.against, nothing)


@dataclass(frozen=True)
class EarlierPeerContrast(PeerContrast):
    """As `PeerContrast`, with peers of the layers before the neuron's: later ones cannot act.

    Args:
        layer: The neuron's.
    """

    layer: int = 0

    def _peer_sets(self, scores: Scores) -> list[tuple[Component, ...]]:
        card, effect = scores.weights.card, self.effect
        later = [Head(n, h) for n in range(self.layer, card.layers) for h in range(card.heads)]
        return peer_sets(effect.components, effect.on, scores, later)


@dataclass(frozen=True)
class TokenDrop(Quantity):
    """The fall of the token's logit against matched tokens where s·a is in its top decile.

    Args:
        of: The neuron, its token, the documents.
        how: The ablation.
    """

    of: Promotion
    how: Ablation

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations, and the contrast with and without the heads."""
        return (*TopActivity(self.of).needs(scores), *self._contrasts(scores))

    def measured(self, scores: Scores) -> Measured:
        """The fall, document by document."""
        clean, without = self._contrasts(scores)
        return TopActivity(self.of).by_document(scores[clean] - scores[without], scores)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the contrasts: activations are in another unit."""
        return max(map(floor_of, self._contrasts(scores)))

    def _contrasts(self, scores: Scores) -> tuple[Request, Request]:
        contrast = TokenContrast(self.of.token_number(scores), self.of.matched(scores))
        clean = Request(contrast, self.of.on)
        return clean, replace(clean, under=self.how)


@dataclass(frozen=True)
class MovesOtherNeuronsLess(Question):
    """Whether ablating the heads takes more from the neuron than from others of its layer.

    Each loses a share of what it is where it is most active: in the top decile of s·a for the
    neuron, and for the others of a or −a, whichever is the longer tail. All are read on the first
    32 tokens of 12 documents.

    Args:
        of: The neuron, its token, the documents.
        how: The ablation.
    """

    of: Promotion
    how: Ablation

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations of up to 399 drawn neurons, with and without the heads."""
        clean = self._activations(scores)
        return (self.of.readings(scores), clean, replace(clean, under=self.how))

    def answer(self, scores: Scores, alpha: float) -> Found:
        """Its rank."""
        _, clean, without = self.needs(scores)
        active, ablated = scores[clean][:, 1:], scores[without][:, 1:]
        there = np.isfinite(active[..., 0])
        active, ablated = (each[there].astype(np.float64) for each in (active, ablated))
        signs = np.where((active * np.abs(active)).sum(0) >= 0, 1.0, -1.0)
        signs[0] = self.of.sign(scores)
        lost = shares_lost(active * signs, ablated * signs)
        return stands_out(float(lost[0]), lost[1:], alpha, "shares that other neurons lose")

    def _activations(self, scores: Scores) -> Request:
        rows = tuple(range(min(_DOCUMENTS, len(scores.tokenized(self.of.on)))))
        part = Beginnings(self.of.on, rows, _TOKENS)
        return Request(NeuronActivations(self.of.neuron.layer, self._drawn(scores)), part)

    def _drawn(self, scores: Scores) -> tuple[int, ...]:
        return drawn_neurons(self.of.neuron, scores.weights.card.d_mlp)


def drawn_neurons(neuron: Neuron, size: int) -> tuple[int, ...]:
    """A neuron, and up to 399 others of its layer, drawn at random.

    Args:
        neuron: The neuron.
        size: How many its layer has.
    """
    order = np.random.default_rng([neuron.layer, neuron.neuron]).permutation(size)
    return (neuron.neuron, *(int(n) for n in order if n != neuron.neuron))[: 1 + _OTHERS]


def shares_lost(active: Reals, ablated: Reals) -> Reals:
    """The share of each neuron's activation in its own top decile that is lost: `[neuron]`.

    Args:
        active: `[position, neuron]`, oriented.
        ablated: The same without the heads.

    Returns:
        NaN for neurons that are not above zero there, or constant at the top.
    """
    top = active > np.quantile(active, 0.9, axis=0)
    whole = (active * top).sum(0)
    lost = ((active - ablated) * top).sum(0)
    return np.divide(lost, whole, out=np.full_like(lost, np.nan), where=whole > 0)

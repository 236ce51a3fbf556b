"""What the model loses without a feature, and what adding it promotes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from circuit_assert.claims.component_effects import in_discovery
from circuit_assert.claims.quantities import CannotTell, Measured, Quantity, Score
from circuit_assert.claims.single_features.activity import Activity, Reals
from circuit_assert.claims.single_features.peers import FeaturePeers
from circuit_assert.interventions import AddAtPositions
from circuit_assert.measurements import Loss, Request
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.measurements.features import TokensLogit
from circuit_assert.prompts.base import Ints

_LOSS = Loss(places=12)


@dataclass(frozen=True)
class LossWithout(Quantity):
    """Nats lost in a document for each position where the feature was active.

    Its part a·d is taken out at all of them at once. With c the rise of the loss summed over the
    document (its mean at up to twelve evenly spread positions, times their number) and n the
    positions where it is active, a document's number is r + (c − r·n) / mean n: their mean is all
    nats over all positions. Documents where it is not active are left out.

    Args:
        of: The feature on documents.
        against: r, at which the claim's region ends.
        control: Whether it is a control, for which losing nothing is a result.
    """

    of: Activity
    against: float
    control: bool = False

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations and the loss; then the loss without the feature."""
        first = (*self.of.needs(scores), self._clean)
        if any(request not in scores for request in first):
            return first
        try:
            return (*first, self._without(scores))
        except CannotTell:
            return first

    def measured(self, scores: Scores) -> Measured:
        """Nats per position, document by document."""
        rises, counts, measured = self.parts(scores)
        values = self.against + (rises - self.against * counts) / counts[counts > 0].mean()
        note = f"{int(counts.sum())} positions in {(counts > 0).sum()} documents"
        return replace(measured, values=values).keeping(counts > 0, note)

    def parts(self, scores: Scores) -> tuple[Reals, Reals, Measured]:
        """Of each document, the nats lost and the positions."""
        counts = self.of.active(scores).sum(1).astype(float)
        clean, without = (
            Score(request).measured(scores) for request in (self._clean, self._without(scores))
        )
        targets = np.array([len(t) for t in scores.tokenized(self.of.on).targets["clean"]])
        return (without.values - clean.values) * targets, counts, clean

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the losses, of so many targets, over the positions."""
        floor = max(floor_of(self._clean), floor_of(self._without(scores)))
        targets = [len(t) for t in scores.tokenized(self.of.on).targets["clean"]]
        counts = self.of.active(scores).sum(1)
        return floor * float(np.mean(targets)) / float(counts[counts > 0].mean())

    @property
    def _clean(self) -> Request:
        return Request(_LOSS, self.of.on)

    def _without(self, scores: Scores) -> Request:
        return replace(self._clean, under=self.of.taken_out(scores, control=self.control))


@dataclass(frozen=True)
class LossBeyondPeers(Quantity):
    """The same minus the mean absolute loss, per position, of features like it.

    The peers' is measured on the discovery half of the documents, the contrast on the other.

    Args:
        of: The feature on documents.
    """

    of: Activity

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What tells the peers; then everyone's loss."""
        first = list(FeaturePeers(self.of).needs(scores))
        if any(request not in scores for request in first):
            return first
        try:
            losses = self._losses(scores)
        except CannotTell:
            return first
        return [*first, *(r for loss in losses for r in loss.needs(scores))]

    def measured(self, scores: Scores) -> Measured:
        """The contrast on the test half."""
        own, *peers = self._losses(scores)
        rises, counts, measured = own.parts(scores)
        discovery = in_discovery(measured)
        sizes = [abs(_per_position(peer, discovery, scores)) for peer in peers]
        test = ~discovery & (counts > 0)
        if not test.any():
            raise CannotTell(f"{self.of.feature} is active in no document of the test half")
        values = (rises - np.mean(sizes) * counts) / counts[test].mean()
        names = ", ".join(str(peer.of.feature) for peer in peers)
        note = f"peers: {names}: {np.mean(sizes):.3g} nats on average; measured on the test half"
        return replace(measured, values=values).keeping(test, note)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the feature's loss."""
        return self._losses(scores)[0].noise(scores, floor_of)

    def _losses(self, scores: Scores) -> list[LossWithout]:
        peers = FeaturePeers(self.of).found(scores)
        return [LossWithout(self.of, 0.0), *(LossWithout(peer, 0.0, True) for peer in peers)]


def _per_position(loss: LossWithout, discovery: np.ndarray, scores: Scores) -> float:
    try:
        rises, counts, _ = loss.parts(scores)
    except CannotTell:
        return 0.0
    total = float(counts[discovery].sum())
    return float(rises[discovery].sum()) / total if total else 0.0


@dataclass(frozen=True)
class Promoted(Quantity):
    """Rise of the mean logit of some tokens at prompts' ends when the feature is added there.

    Args:
        of: The feature on documents.
        tokens: The tokens' texts.
        strength: How much of it is added.
        control: Whether it is a control, for which changing nothing is a result.
    """

    of: Activity
    tokens: tuple[str, ...]
    strength: float
    control: bool = False

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Activations and logits; then the logits with the feature."""
        first = (*self.of.needs(scores), self._clean(scores))
        if any(request not in scores for request in first):
            return first
        return (*first, self._with(scores))

    def measured(self, scores: Scores) -> Measured:
        """The rise, document by document."""
        return (Score(self._with(scores)) - Score(self._clean(scores))).measured(scores)

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the logits."""
        return max(floor_of(self._clean(scores)), floor_of(self._with(scores)))

    def numbers(self, scores: Scores) -> tuple[int, ...]:
        """The tokens in the model."""
        from circuit_assert.claims.congruence import token_of

        return tuple(token_of(text, scores) for text in self.tokens)

    def _clean(self, scores: Scores) -> Request:
        return Request(TokensLogit(self.numbers(scores)), self.of.on)

    def _with(self, scores: Scores) -> Request:
        return replace(self._clean(scores), under=self._added(scores))

    def _added(self, scores: Scores) -> AddAtPositions:
        ends = scores.tokenized(self.of.on).positions["end"]
        where: Ints = np.stack([np.arange(len(ends)), ends], axis=1)
        return self.of.put_in(scores, where, self.strength, control=self.control)


@dataclass(frozen=True)
class PromotedBeyondPeers(Quantity):
    """The same minus the mean absolute rise when features like it are added, each as long.

    Args:
        of: The rise.
    """

    of: Promoted

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What tells the peers; then everyone's rise."""
        first = [*self.of.needs(scores), *FeaturePeers(self.of.of).needs(scores)]
        if any(request not in scores for request in first):
            return first
        try:
            rises = self._peers(scores)
        except CannotTell:
            return first
        return [*first, *(r for rise in rises for r in rise.needs(scores))]

    def measured(self, scores: Scores) -> Measured:
        """The contrast, document by document."""
        own = self.of.measured(scores)
        sizes: list[float] = []
        for peer in self._peers(scores):
            sizes.append(abs(float(peer.measured(scores).values.mean())))
        return replace(own, values=own.values - np.mean(sizes))

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the feature's rise."""
        return self.of.noise(scores, floor_of)

    def _peers(self, scores: Scores) -> list[Promoted]:
        found = FeaturePeers(self.of.of).found(scores)
        own = float(np.linalg.norm(self.of.of.vector(scores))) * self.of.strength
        return [
            replace(
                self.of,
                of=peer,
                strength=own / float(np.linalg.norm(peer.vector(scores))),
                control=True,
            )
            for peer in found
        ]

"""A feature on two halves of documents: what is set on one is used on the other."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.quantities import CannotTell, remembered
from circuit_assert.claims.single_features.activity import Activity, Feature, Reals
from circuit_assert.measurements import Request
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.prompts.base import Prompts, Which
from circuit_assert.prompts.halves import half_of

Bools = npt.NDArray[np.bool_]


@lru_cache(maxsize=64)
def half(prompts: Prompts, which: Which) -> Prompts:
    """One half of a prompt set, made once: its hash takes a while."""
    return half_of(prompts, which)


class OnHalves:
    """A feature whose threshold and polarity come from the discovery half of the documents.

    Subclasses are frozen dataclasses with these fields.

    Args:
        feature: The feature.
        on: All documents.
        share: At which share of the discovery half's positions it counts as active; None for
            wherever its activation is above zero.
    """

    feature: Feature
    on: Prompts
    share: float | None

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

    def bands(self, scores: Scores, count: int = 3) -> tuple[float, ...]:
        """What parts its activations on the discovery half, where active, in equal parts."""
        found = self.values(scores, "discovery")
        edges = np.arange(1, count) / count
        return tuple(np.nanquantile(found[found > self.threshold(scores)], edges).tolist())

    def active(self, scores: Scores, which: Which) -> Bools:
        """Where it is active: `[unit, pos]`."""
        with np.errstate(invalid="ignore"):
            return self.values(scores, which) > self.threshold(scores)

    def rate(self, scores: Scores) -> float:
        """At which share of the discovery half's positions it is."""
        known = np.isfinite(self.values(scores, "discovery"))
        return float(self.active(scores, "discovery").sum() / known.sum())

"""Total effects of an ablation as a sum: what is written directly, and what others make of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from circuit_assert.claims.component_effects import Effect, ablated
from circuit_assert.claims.quantities import CannotTell, Measured, Quantity, Score
from circuit_assert.claims.ratios import ShareOf
from circuit_assert.components import Head
from circuit_assert.interventions import Ablation
from circuit_assert.measurements import LogitDifference, Request
from circuit_assert.measurements.base import AnyRequest, Scores
from circuit_assert.measurements.written import (
    NormScales,
    UnscaledLogitDifference,
    Writer,
    WrittenToward,
)
from circuit_assert.prompts.base import Prompts
from circuit_assert.stats.ratios import ratio_of_means

FinalScale: TypeAlias = Literal["frozen", "free"]


@dataclass(frozen=True)
class DirectPart(Quantity):
    """The direct part of an ablation's effect on the logit difference, unit by unit, in logits.

    What the components write minus what the ablation puts in its place, times answer minus foil,
    the scales of the final norm and of norms after attention being those of the clean run.

    Args:
        on: The prompts.
        how: The ablation, of heads and MLPs.
    """

    on: Prompts
    how: Ablation

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """What is written with and without the ablation, and scales."""
        lost = (request for lost in self._lost() for request in lost.needs(scores))
        return (Request(NormScales(), self.on), Request(LogitDifference(), self.on), *lost)

    def measured(self, scores: Scores) -> Measured:
        """The sum over components.

        Raises:
            CannotTell: for a model that caps its logits, which are then no sum of parts.
        """
        _require_a_sum(scores)
        lost = [each.measured(scores) for each in self._lost()]
        values = sum(
            part.values / scale for part, scale in zip(lost, self._scales(scores), strict=True)
        )
        return replace(lost[0], values=np.asarray(values, np.float64))

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of what is written, over the scales; no less than that of the logits."""
        floors = [each.noise(scores, floor_of) for each in self._lost()]
        scales = self._scales(scores)
        written = sum(f / float(s.mean()) for f, s in zip(floors, scales, strict=True))
        return max(written, floor_of(Request(LogitDifference(), self.on)))

    def _lost(self) -> list[Quantity]:
        written = WrittenToward(cast("tuple[Writer, ...]", self.how.components))
        clean = Request(written, self.on)
        return [
            Score(clean, (n,)) - ablated(written, self.on, self.how, (n,))
            for n in range(len(written.components))
        ]

    def _scales(self, scores: Scores) -> list[npt.NDArray[np.float64]]:
        """What each component's writing is divided by before it is a logit: `[unit]` each."""
        scales = scores[Request(NormScales(), self.on)].astype(np.float64)
        return [
            scales[:, -1] * (scales[:, c.layer] if isinstance(c, Head) else 1.0)
            for c in self.how.components
        ]


@dataclass(frozen=True)
class TotalAtFinalScale(Quantity):
    """The total effect of an ablation with the final norm's scale as in the clean run.

    Args:
        on: The prompts.
        how: The ablation.
    """

    on: Prompts
    how: Ablation

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """The final streams of both runs, and the clean scale."""
        return (Request(NormScales(), self.on), *self._difference().needs(scores))

    def measured(self, scores: Scores) -> Measured:
        """The drop, unit by unit.

        Raises:
            CannotTell: for a model that caps its logits.
        """
        _require_a_sum(scores)
        found = self._difference().measured(scores)
        return replace(found, values=found.values / self._scale(scores))

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of the streams, over the scale."""
        return self._difference().noise(scores, floor_of) / float(self._scale(scores).mean())

    def _difference(self) -> Quantity:
        metric = UnscaledLogitDifference()
        return Score(Request(metric, self.on)) - ablated(metric, self.on, self.how)

    def _scale(self, scores: Scores) -> npt.NDArray[np.float64]:
        return scores[Request(NormScales(), self.on)][:, -1].astype(np.float64)


@dataclass(frozen=True)
class Repaired(Effect):
    """The direct part minus the total effect: what others make up for, in logits, unit by unit.

    Args:
        metric: The logit difference.
        on: The prompts.
        how: The ablation.
        rises: Whether it is counted the other way round: the indirect effect.
        final_scale: Whether the final norm's rescaling counts: "free"; or not: "frozen".
        share: The share of the direct part that a component exceeds which cannot be a peer; None
            where peers are told by the effect itself.
    """

    final_scale: FinalScale = "frozen"
    share: float | None = None

    @property
    def direct(self) -> DirectPart:
        """What the components write themselves."""
        return DirectPart(self.on, self.how)

    def total(self, final_scale: FinalScale) -> Quantity:
        """What the ablation takes in all."""
        if final_scale == "frozen":
            return TotalAtFinalScale(self.on, self.how)
        return Effect(self.metric, self.on, self.how)

    def meets(self, by: float, chosen: npt.NDArray[np.bool_], scores: Scores) -> bool:
        """Whether the share of its direct part, which is positive, is above the claim's."""
        if self.share is None:
            return super().meets(by, chosen, scores)
        direct = self.direct.measured(scores).values[chosen].mean()
        made_up = self.measured(scores).values[chosen].mean()
        return bool(direct > 0 and made_up > self.share * direct)

    def _difference(self) -> Quantity:
        direct, total = self.direct, self.total(self.final_scale)
        return total - direct if self.rises else direct - total


@dataclass(frozen=True)
class RepairedShare(Quantity):
    """What is made up for as a share of the direct part.

    Args:
        repaired: What is made up for, and the share.
    """

    repaired: Repaired

    def needs(self, scores: Scores) -> Iterable[AnyRequest]:
        """Direct part and total effect, by either scale."""
        repaired = self.repaired
        parts = (repaired.direct, repaired.total("frozen"), repaired.total("free"))
        return [request for part in parts for request in part.needs(scores)]

    def measured(self, scores: Scores) -> Measured:
        """The share, and a note with that by either scale."""
        return self._share().measured(scores).with_note(self._shares(scores))

    def noise(self, scores: Scores, floor_of: Callable[[AnyRequest], float]) -> float:
        """That of both parts, over the direct one."""
        return self._share().noise(scores, floor_of)

    def _share(self) -> ShareOf:
        nothing = "nothing is taken directly, so there is no share of it"
        return ShareOf(self.repaired, self.repaired.direct, self.repaired.share or 0.0, nothing)

    def _shares(self, scores: Scores) -> str:
        repaired = self.repaired
        direct = repaired.direct.measured(scores)
        ids = list(next(iter(direct.clusters.values())))
        shares: list[str] = []
        for scale, words in (("frozen", "the final scale frozen"), ("free", "with it free")):
            total = repaired.total(cast("FinalScale", scale)).measured(scores)
            share = ratio_of_means(direct.values - total.values, direct.values, ids)
            shares.append(f"total {total.values.mean():+.3f}, repaired {share:.2f}, {words}")
        return f"direct effect {direct.values.mean():+.3f} logits; {'; '.join(shares)}"


def _require_a_sum(scores: Scores) -> None:
    if scores.weights.caps_logits:
        raise CannotTell("the model caps its logits: they are no sum of contributions")

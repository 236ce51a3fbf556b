"""One claim on one prompt, tried on many: what each scored, and which failed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from circuit_assert.claims.criteria import Criterion
from circuit_assert.claims.quantities import CannotTell, Measured, Quantity
from circuit_assert.counterexamples.claims import OnePrompt
from circuit_assert.counterexamples.drawn import Drawn, as_prompts
from circuit_assert.errors import ClaimError, HookError, TokenError
from circuit_assert.models.model import Model


class Trial:
    """Measures units together or alone and remembers what they scored.

    What counts is a unit's score alone: a batch only says which ones to look at, so that nothing
    that is found can depend on what else was drawn.

    Args:
        claim: The claim.
        example: Any unit, to learn what the claim is about; it is not measured.

    Raises:
        ClaimError: when the claim is about no model, or its quantity has no number per unit.
    """

    def __init__(self, claim: OnePrompt, example: Drawn) -> None:
        self._claim = claim
        self.criterion = claim(as_prompts([example]))
        self.alone: dict[Drawn, float] = {}
        self.passed: set[Drawn] = set()
        self.together = 0
        model = self.criterion.model
        if not isinstance(model, Model):
            raise ClaimError(f"{self.criterion.words} is about no model: give its Criterion model=")
        self.model = model
        self._measure: Callable[[Quantity], Measured] = model.explore()

    def suspects(self, units: Sequence[Drawn]) -> Iterator[Drawn]:
        """The units that fail when all are measured at once, in order."""
        found = self._scores(units)
        self.together += len(found)
        self.passed |= {unit for unit in units if not self._failing(found.get(unit, math.nan))}
        return (unit for unit in units if unit not in self.passed)

    def fails(self, unit: Drawn) -> bool:
        """Whether a unit fails by itself; one that has passed in a batch is not run again."""
        if unit in self.passed:
            return False
        if unit not in self.alone:
            self.alone[unit] = self._score_alone(unit)
        return self._failing(self.alone[unit])

    def _score_alone(self, unit: Drawn) -> float:
        """NaN where it has no score: it does not fit the model, or is not moved."""
        try:
            return self._scores([unit]).get(unit, math.nan)
        except (CannotTell, HookError, TokenError):
            return math.nan

    def _scores(self, units: Sequence[Drawn]) -> dict[Drawn, float]:
        measured = self._measure(_quantity(self._claim(as_prompts(units))))
        return {
            units[unit]: value
            for unit, value in zip(measured.units, measured.values.tolist(), strict=True)
        }

    def _failing(self, score: float) -> bool:
        """Only a number can be a counterexample."""
        return math.isfinite(score) and not self.criterion.region.contains((score, score))


def _quantity(criterion: Criterion) -> Quantity:
    if isinstance(criterion.quantity, Quantity):
        return criterion.quantity
    raise ClaimError(
        f"{criterion.words} has no number per prompt: there is no single prompt to find."
    )

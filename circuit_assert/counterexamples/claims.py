"""Claims on one prompt: from prompts to the quantity that each of them has, and its region."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from circuit_assert.claims.criteria import Criterion
from circuit_assert.claims.probes import Probe, contrast
from circuit_assert.prompts.base import Prompts, Side
from circuit_assert.stats.region import Region

OnePrompt: TypeAlias = Callable[[Prompts], Criterion]
"""What a search tries to break: given prompts, the criterion that each alone should meet."""


@dataclass(frozen=True)
class on_one_prompt:  # noqa: N801 - it reads as the function that its instances are
    """The claim that a measurement lies in a region on every single prompt.

    Args:
        measurement: What is measured: `prefix_matching_score(gemma["L5H1"])`.
        region: Where it should be: `above(0.4)`, `below(…)`, `between(…, …)`, `within(…)`.
        versus: What is taken off: another measurement, or the prompts' "corrupt" side.
    """

    measurement: Probe
    region: Region
    versus: Probe | Side | None = None

    def __call__(self, on: Prompts) -> Criterion:
        """The criterion on some prompts."""
        if self.versus is not None:
            made = contrast(self.measurement, versus=self.versus, on=on, by=0.0)
            return replace(made, region=self.region)
        return Criterion(
            name=self.measurement.words,
            quantity=self.measurement.on(on),
            region=self.region,
            words=self.measurement.words,
            unit=self.measurement.measurement.quantity,
            model=self.measurement.model,
        )

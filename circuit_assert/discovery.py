"""Where to look before a claim is made: heads that stand out on one half of the prompts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from circuit_assert import stats
from circuit_assert.claims.probes import Probe, contrast
from circuit_assert.claims.quantities import Measured, Quantity
from circuit_assert.components import Subject
from circuit_assert.models.model import Model
from circuit_assert.prompts.base import Prompts, Side
from circuit_assert.prompts.halves import half_of
from circuit_assert.stats.estimate import decide

if TYPE_CHECKING:
    import pandas as pd

HeadProbe = Callable[[Subject], Probe]


def discover(
    measurement: HeadProbe,
    model: Model,
    *,
    on: Prompts,
    versus: HeadProbe | Prompts | Side | float | None = None,
    layers: Iterable[int] | None = None,
    top: int = 20,
) -> pd.DataFrame:
    """Heads by how much they have of a measurement: candidates for a claim, on the discovery half.

    Only one half of the clusters is looked at, so that the other can test what is found here:
    `on.half("test")`. A claim about a head of this table on prompts that were looked at warns. All
    heads are read in the same runs.

    Args:
        measurement: From a head to what is measured, as `prefix_matching_score`, or
            `lambda head: attention_to(head, "IO")`.
        model: The model.
        on: The whole prompt set.
        versus: What is taken off: a measurement of the same head, another prompt set of the same
            units, the prompts' "corrupt" side, or a number.
        layers: Where to look; by default everywhere.
        top: How many heads the table shows.

    Returns:
        A row per head by rank, the largest estimate first: component, estimate, low and high (the
        interval of this head by itself, at level 1 − 2α, without the noise floor), and p_value, for
        "it is not above zero", adjusted for all heads looked at by max-T; NaN below 20 clusters.
        `attrs`, and the name of the columns, say which half it is and how many clusters it has.

    Raises:
        ComponentError: for layers that the model does not have.
        PromptError: for prompts that cannot be halved, or that lack what is measured.
        ModelError: when the model cannot be loaded.
    """
    half, heads = half_of(on, "discovery"), model.heads(layers=layers)
    if isinstance(versus, Prompts):
        versus = half_of(versus, "discovery")
    measure = model.explore()
    readings = [
        _Reading(head, measure(_quantity(measurement(head), half, versus, head)))
        for head in heads.each()
    ]
    table = _ranked(readings, model.false_pass_rate, top)
    named = {str(component): component for component in heads.components}
    model.discovered([named[name] for name in table["component"]], half)
    return _described(table, readings, half, model.false_pass_rate)


@dataclass(frozen=True)
class _Reading:
    """One head's values."""

    head: Subject
    measured: Measured

    @property
    def sample(self) -> stats.Sample:
        found = self.measured
        return stats.Sample(found.values, dict(found.clusters), binary=found.binary)


def _quantity(
    probe: Probe, on: Prompts, versus: HeadProbe | Prompts | Side | float | None, head: Subject
) -> Quantity:
    if versus is None:
        return probe.on(on)
    control = versus(head) if callable(versus) else versus
    quantity = contrast(probe, versus=control, on=on, by=0.0).quantity
    assert isinstance(quantity, Quantity)  # noqa: S101 - a difference of means is one
    return quantity


def _ranked(readings: list[_Reading], alpha: float, top: int) -> pd.DataFrame:
    import pandas as pd

    adjusted = _adjusted(readings, alpha)
    effects = [decide(reading.sample, alpha).effect for reading in readings]
    best = sorted(range(len(readings)), key=lambda i: (math.isnan(effects[i]), -effects[i]))[:top]
    shown = [stats.estimate(readings[i].sample, alpha) for i in best]
    return pd.DataFrame(
        {
            "component": [str(readings[i].head) for i in best],
            "estimate": [estimate.effect for estimate in shown],
            "low": [estimate.low for estimate in shown],
            "high": [estimate.high for estimate in shown],
            "p_value": [adjusted[i] for i in best],
        },
        index=pd.RangeIndex(1, len(best) + 1, name="rank"),
    )


def _adjusted(readings: list[_Reading], alpha: float) -> list[float]:
    values = np.stack([reading.measured.values for reading in readings], axis=1)
    family = stats.simultaneous(values, dict(readings[0].measured.clusters), alpha)
    return [float("nan")] * len(readings) if family.reason else family.p_above(0.0).tolist()


def _described(
    table: pd.DataFrame, readings: list[_Reading], half: Prompts, alpha: float
) -> pd.DataFrame:
    sample = readings[0].sample
    clusters = " × ".join(f"{count} {name}s" for name, count in sample.levels.items())
    table.attrs.update(
        half="discovery",
        prompts=half.name,
        clusters=sample.levels,
        units=len(sample.values),
        looked_at=len(readings),
        interval=f"{1 - 2 * alpha:.4g} of each head by itself",
        p_value=f"not above zero, max-T over {len(readings)} heads",
    )
    table.columns.name = f"discovery, {clusters}"
    return table

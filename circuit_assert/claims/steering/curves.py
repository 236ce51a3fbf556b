"""What is written at each strength of a feature, as a table: to look at, not to conclude from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from circuit_assert.claims.languages.curves import Measured
from circuit_assert.claims.steering.outputs import steered
from circuit_assert.claims.steering.shares import DOSES, ShareAt
from circuit_assert.components import Subject
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.scorers import Scorer

if TYPE_CHECKING:
    import pandas as pd


def steering_response(
    model: Measured,
    feature: Subject,
    outputs: Sequence[Scorer],
    *,
    on: Prompts,
    strengths: Sequence[float] = DOSES,
    natural: Prompts | None = None,
    tokens: int = 12,
) -> pd.DataFrame:
    """Mean shares of what the model writes with a feature added; columns "output", "strength", …

    The shares of `steering_makes_output`: a continuation that repeats itself counts as nothing.
    "share" is their mean over prompts and "error" its standard error.

    Args:
        model: The model.
        feature: A neuron, a latent, a vector, or a direction.
        outputs: What is counted.
        on: Prompts to continue.
        strengths: In largest natural activations; 0 is without the feature.
        natural: Documents on which it is active; a direction's own prompts by default.
        tokens: How many are written after each prompt.

    Raises:
        ComponentError: when `feature` is not one neuron, latent, vector or direction.
        ClaimError: without `natural` for what is no direction.
    """
    import pandas as pd

    of = steered(feature, on, 1.0, natural, tokens)
    measure = model.explore()
    rows: list[dict[str, object]] = []
    for output in outputs:
        for strength in strengths:
            values = measure(ShareAt(of, output, strength)).values
            error = float(values.std(ddof=1)) / len(values) ** 0.5
            share = float(values.mean())
            rows.append(
                {"output": str(output), "strength": strength, "share": share, "error": error}
            )
    return pd.DataFrame(rows)

"""Curves over strengths and layers, as tables: to look at, not to conclude from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from circuit_assert.claims.claim import Claim
from circuit_assert.claims.languages.doses import Dose, Singled, SwappedMargin
from circuit_assert.claims.languages.exchanges import Swap
from circuit_assert.claims.languages.overlapping import Overlap
from circuit_assert.claims.languages.overlaps import (
    ModelWithLayers,
    checked_pair,
    neurons_of_layers,
)
from circuit_assert.measurements import Request
from circuit_assert.measurements.lens import LensOfAnswers
from circuit_assert.prompts.prompt_set import PromptSet
from circuit_assert.stats.multiplicity import holm

if TYPE_CHECKING:
    import pandas as pd


class Measured(Protocol):
    """A model that can be measured without a claim."""

    def explore(self) -> Callable[[Any], Any]:
        """A way to measure quantities."""
        ...

    def measure(self, requests: Sequence[Any], /) -> list[Any]:
        """Plain scores."""
        ...


class MeasuredByLayer(Measured, ModelWithLayers, Protocol):
    """Likewise, with layers that can be named."""


def dose_response(
    model: Measured, swap: Swap, *, on: PromptSet, strengths: Sequence[float]
) -> pd.DataFrame:
    """Mean margins by language and strength, in nats; columns "language", "strength", "margin", …

    "above others" is how the swapped answer stands against those of other concepts. For looking
    at prompts on which nothing is claimed: English ones, or a discovery half.

    Args:
        model: The model.
        swap: What is added.
        on: Prompts with the swapped answers as foils.
        strengths: How many times it is added, rising; 0 is without it.
    """
    import pandas as pd

    measure = model.explore()
    rows: list[dict[str, object]] = []
    for language in on.languages:
        prompts = on.where(language=language)
        for strength in strengths:
            dose = Dose(swap, prompts, (strength,) if strength else ())
            rows.append(
                {
                    "language": language,
                    "strength": strength,
                    "margin": float(measure(SwappedMargin(dose)).values.mean()),
                    "above others": float(measure(Singled(dose, rises=False)).values.mean()),
                }
            )
    return pd.DataFrame(rows)


def layer_curve(model: Measured, on: PromptSet) -> pd.DataFrame:
    """log p of answer and foil when each layer's residual stream is read by the unembedding.

    With `answered_as(antonyms("fr"), antonyms("en"))`, where the answer's language appears:
    "answer" is then the French answer, "foil" the English one. Means over prompts, in nats;
    columns "layer", "answer", "foil", and "share" of prompts on which the answer is likelier.

    Args:
        model: The model.
        on: Prompts with answers and foils.
    """
    import pandas as pd

    (read,) = model.measure([Request(LensOfAnswers(), on)])
    answers, foils = read[..., 0], read[..., 1]
    return pd.DataFrame(
        {
            "layer": np.arange(read.shape[1]),
            "answer": answers.mean(0),
            "foil": foils.mean(0),
            "share": (answers > foils).mean(0),
        }
    )


def overlap_curve(
    model: MeasuredByLayer,
    on: PromptSet,
    *,
    languages: tuple[str, str],
    tokens: int = 24,
    quantile: float = 0.9,
) -> pd.DataFrame:
    """How much of their active neurons texts share with their translations, layer by layer.

    The overlap of `features_overlap_across_languages`, beyond that with other paragraphs. Means
    over paragraphs; columns "layer", "overlap", and "error", the standard error of the mean.

    Args:
        model: The model.
        on: Paragraphs, as there.
        languages: Two of theirs.
        tokens: How many tokens of each paragraph count.
        quantile: Above which a neuron counts as active.

    Raises:
        ClaimError: as there; and for a model of unknown size.
    """
    import pandas as pd

    every = neurons_of_layers(model)
    pair = checked_pair(on, languages, tokens, quantile)
    measure = model.explore()
    rows: list[dict[str, float]] = []
    for layer in range(len(every)):
        only = tuple(float(layer == other) for other in range(len(every)))
        values = measure(Overlap(every, only, pair, tokens, quantile)).values
        error = float(values.std(ddof=1)) / len(values) ** 0.5
        rows.append({"layer": layer, "overlap": float(values.mean()), "error": error})
    return pd.DataFrame(rows)


def by_language(claims: Mapping[str, Claim]) -> pd.DataFrame:
    """One claim for each language as a table, with Holm's p-values over the languages.

    Args:
        claims: Language → its claim; an undecided one counts with a p-value of 1.
    """
    import pandas as pd

    found = {language: claim.check() for language, claim in claims.items()}
    p_values = [1.0 if e.p_value is None else e.p_value for e in found.values()]
    return pd.DataFrame(
        {
            "language": list(found),
            "verdict": [str(evidence.verdict) for evidence in found.values()],
            "p": p_values,
            "p, Holm": holm(p_values),
            "reason": [evidence.reason for evidence in found.values()],
        }
    )

"""Claims about what explanations of components predict."""

from __future__ import annotations

import math

from circuit_assert.claims.claim import claim
from circuit_assert.claims.criteria import Body, Criterion, Fact, all_of
from circuit_assert.claims.explaining.fits import (
    BANDS,
    AmongAlike,
    Band,
    BeatsShifts,
    BeyondOneToken,
    BeyondOthers,
    Fit,
    Recall,
    Simulation,
)
from circuit_assert.claims.explaining.halves import Explained
from circuit_assert.claims.single_features.activity import one_feature
from circuit_assert.components import Owner, Subject
from circuit_assert.errors import ClaimError
from circuit_assert.prompts.base import Prompts
from circuit_assert.prompts.explanations import Explanation
from circuit_assert.stats.region import above

_CHANCE = 0.5
_SOURCE = "Neo, Cohen & Barez 2024, arXiv:2402.15055; Paulo et al. 2024, arXiv:2410.13928"
_BILLS = "Bills et al. 2023, Language models can explain neurons in language models"


@claim("where {component} is active is predicted by {explanation}", source=_SOURCE)
def explanation_predicts_activity(
    component: Subject,
    explanation: Explanation,
    *,
    on: Prompts,
    by: float,
    share: float | None = None,
) -> Body:
    """The explanation tells active positions from others, weakly and strongly active ones alike.

    The score is balanced accuracy, the mean of recall and specificity over all positions of the
    documents, which are the clusters. It exceeds 0.5, which any rule has that ignores the
    component, by more than `by`; and of the weakest, the middle and the strongest third of active
    positions each, more than 2·`by` are said to be active, as that accuracy takes: an explanation
    of the strongest alone is refuted. What counts as active, and where the thirds part, is set on
    the discovery half of the documents; all is scored on the test half. Controls: the same
    explanation predicts the activity of 95 % of other components less well (neurons of the layer,
    latents of the dictionary, differences between documents, active as often); so does the one
    token that predicts best on the discovery half; of positions with a token that is active
    somewhere, more than half of those said to be active are; activations shifted along the
    documents are predicted less well.

    Args:
        component: A neuron, a latent, a vector, or a direction.
        explanation: What it is said to be active on: `explanation("digits", str.isdigit)` and
            the like, or any object with `predict`, `identity` and `str`.
        on: At least 40 documents, which nobody looked at for the explanation.
        by: How far balanced accuracy must exceed 0.5.
        share: At which share of positions it counts as active; by default, wherever it is above
            zero, which neurons with a smooth or gated activation nearly always are.

    Raises:
        ComponentError: when `component` is not one neuron, latent, vector or direction.
        ClaimError: for a `by` outside 0 to 0.5, or a `share` outside 0 to 0.5.

    Published:
        Heads explained by next-token neurons, each document's accuracy, averaged: 0.650 in GPT-2
        small, 0.610 in medium, 0.575 in large, and 0.558 in large with random neurons (Neo et al.,
        their code's comments). With at most ten examples a pair, only sets of pairs can be
        compared there.

    Pitfalls:
        A refutation is of these words, not of the component having a meaning. Evidence notes the
        score averaged by document, over those with both kinds of position; documents without are
        counted and said. With rare activity, an explanation that is right one time in three can
        have a balanced accuracy near one: the control among like tokens is what refuses it. It
        scores highly where the explanation mentions what follows, if what follows is given away.
    """
    _check(by, share)
    of = Explained(one_feature(component, "explanation_predicts_activity"), explanation, on, share)
    model = component.model
    return all_of(
        Criterion(
            "accuracy",
            Fit(of),
            above(_CHANCE + by),
            "balanced accuracy",
            "balanced accuracy",
            model,
        ),
        *(_recall(of, band, by, model) for band in BANDS),
        guards=[
            _beyond(
                "other components",
                BeyondOthers(of),
                "balanced accuracy, minus the 95th percentile of other components',",
                model,
            ),
            _beyond(
                "one token",
                BeyondOneToken(of),
                "balanced accuracy, minus that of the best single token,",
                model,
            ),
            Criterion(
                "like tokens",
                AmongAlike(of),
                above(_CHANCE),
                "share of rightly called positions with a token that is active somewhere",
                "share",
                model,
            ),
            Fact("beyond chance", BeatsShifts(of), "shifted activations are predicted less well"),
        ],
    )


@claim("activations of {component} are simulated by {explanation}", source=_BILLS)
def explanation_simulates_activity(
    component: Subject, explanation: Explanation, *, on: Prompts, by: float
) -> Body:
    """What the explanation predicts correlates with how active the component is.

    Pearson's r over all positions of the test half of the documents, put together; its arctanh is
    jackknifed over documents. Controls: the same prediction correlates less with 95 % of other
    components.

    Args:
        component: A neuron, a latent, a vector, or a direction.
        explanation: As for `explanation_predicts_activity`; its numbers count.
        on: At least 40 documents, which nobody looked at for the explanation.
        by: The correlation that has to be exceeded.

    Raises:
        ComponentError: when `component` is not one neuron, latent, vector or direction.
        ClaimError: for a `by` that is not between 0 and 1.

    Published:
        Of 307,200 neurons of GPT-2 XL, more than 1,000 explanations have at least 0.8.

    Pitfalls:
        A few very active positions decide it: what is right of the strongest only can have a
        high correlation. A constant prediction has none, and is inconclusive.

    Example:
        >>> from circuit_assert import Session, explanation, explanation_simulates_activity
        >>> from circuit_assert.models.planted_models import explained_documents, explained_model
        >>> model = Session().model(explained_model())
        >>> said = explanation("w1 to w12", {f"w{n}" for n in range(1, 13)})
        >>> on = explained_documents()
        >>> claim = explanation_simulates_activity(model["L1N0"], said, on=on, by=0.5)
        >>> print(claim.check().verdict)
        supported
    """
    if not 0 <= by < 1:
        raise ClaimError(f"by is a correlation between 0 and 1; got {by:g}.")
    of = Explained(one_feature(component, "explanation_simulates_activity"), explanation, on)
    model = component.model
    return all_of(
        Criterion(
            "simulation",
            Simulation(of),
            above(math.atanh(by)),
            "arctanh of the correlation of predicted with actual activations",
            "arctanh r",
            model,
        ),
        guards=[
            _beyond(
                "other components",
                BeyondOthers(of, "correlation"),
                "arctanh r, minus the 95th percentile of other components',",
                model,
            )
        ],
    )


def _check(by: float, share: float | None) -> None:
    if not 0 <= by < _CHANCE:
        raise ClaimError(f"by is how far balanced accuracy exceeds 0.5, below 0.5; got {by:g}.")
    if share is not None and not 0 < share < _CHANCE:
        raise ClaimError(f"share is of the positions, between 0 and 0.5; got {share:g}.")


def _recall(of: Explained, band: Band, by: float, model: Owner) -> Criterion:
    return Criterion(
        f"recall, {band} third",
        Recall(of, band, 2 * by),
        above(2 * by),
        f"share of positions in the {band} third of its activity that are said to be active",
        "share",
        model,
    )


def _beyond(
    name: str, control: BeyondOthers | BeyondOneToken, words: str, model: Owner
) -> Criterion:
    return Criterion(f"beyond {name}", control, above(0.0), words, "difference", model)

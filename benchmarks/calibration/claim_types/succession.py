"""Successor heads: the share of words whose successor is raised most at its bound."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import Claim, Session, head_is_successor
from circuit_assert.models.planted_models import counting_model

_SHARE = 0.5
_LARGE = ("numbers", "letters")  # so that their shuffles are clear of half the words
_NAME = "head_is_successor"


def _claims(right: float, by: float, seed: int) -> Iterator[Claim]:
    """One claim: words are fixed, and which of them are right is drawn with the model."""
    model = Session().model(counting_model(right=right, seed=seed))
    yield head_is_successor(model["L1H0"], classes=_LARGE, by=by)


def _of_random_weights(seed: int) -> Iterator[Claim]:
    model = Session().model(counting_model().with_random_weights(seed))
    return (head_is_successor(model.head(1, head), by=0.0) for head in range(8))


CASES = (
    Case(_NAME, "succession", "at the bound", partial(_claims, _SHARE, _SHARE), models=200),
    Case(_NAME, "clearly", "true", partial(_claims, 0.9, 0.4), models=40, share=0.1),
    Case(_NAME, "heads of random weights", "easy null", _of_random_weights, models=4, share=0.1),
)

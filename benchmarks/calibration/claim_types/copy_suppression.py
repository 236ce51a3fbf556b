"""Copy suppression: the share of tokens that are lowered, and what it explains, at their bounds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial
from itertools import count

import numpy as np

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import (
    Claim,
    Session,
    copy_suppression_explains,
    head_suppresses_copies,
    token_sample,
)
from circuit_assert.claims.preserving_ablations import Divergence
from circuit_assert.components import Head
from circuit_assert.interventions import PreservingAblation
from circuit_assert.models.model import Model
from circuit_assert.models.planted_models import suppressing_documents, suppressing_model
from circuit_assert.prompts.passages import passages

_TOKENS, _DRAWN = 160, 60
_SHARE = 0.5
_NAME = "head_suppresses_copies"
_EXPLAINS = "copy_suppression_explains"
_BESIDES = 2.5  # of which about half of what the head does is copy suppression
_SETS = 60  # of documents, that the population's share is taken from


def _claims(suppressed: float, by: float, seed: int) -> Iterator[Claim]:
    """Claims about tokens drawn at random, on fresh texts."""
    planted = suppressing_model(tokens=_TOKENS, suppressed=suppressed, seed=seed)
    head = Session().model(planted)["L1H0"]
    for draw in count(1):
        text = suppressing_documents(tokens=_TOKENS, length=47, seed=draw)
        drawn = token_sample(_DRAWN, seed=draw)
        yield head_suppresses_copies(head, on=text, tokens=drawn, by=by)


def _of_random_weights(seed: int) -> Iterator[Claim]:
    model = Session().model(suppressing_model().with_random_weights(seed))
    for head in range(6):
        text = suppressing_documents(seed=head)
        yield head_suppresses_copies(model.head(1, head), on=text, by=0.2, attended=0.03)


def _model(seed: int) -> Model:
    return Session().model(suppressing_model(besides=_BESIDES, seed=seed))


@lru_cache(maxsize=32)
def _population(seed: int) -> float:
    """The share, for means over as many documents as the claim takes them over."""
    found: list[tuple[float, float]] = []
    model = _model(seed)
    for each in range(_SETS):
        text = passages(suppressing_documents(seed=10**6 + each), "shuffled")
        left, ablated = (
            model.explore()(Divergence(PreservingAblation(Head(1, 0), keeping), text))
            for keeping in ("both", None)
        )
        found.append((float(left.values.sum()), float(ablated.values.sum())))
    remaining, whole = np.sum(found, axis=0)
    return 1.0 - float(remaining / whole)


def _explained(model: Model, by: float) -> Iterator[Claim]:
    head = model["L1H0"]
    for draw in count(1):
        yield copy_suppression_explains(head, on=suppressing_documents(seed=draw), by=by)


def _explained_at_the_bound(seed: int) -> Iterator[Claim]:
    return _explained(_model(seed), _population(seed))


def _explained_clearly(seed: int) -> Iterator[Claim]:
    return _explained(Session().model(suppressing_model(seed=seed)), 0.5)


def _random_heads(seed: int) -> Iterator[Claim]:
    model = Session().model(suppressing_model().with_random_weights(seed))
    for head in range(6):
        text = suppressing_documents(seed=head)
        yield copy_suppression_explains(model.head(1, head), on=text, by=0.1)


CASES = (
    Case(_NAME, "OV", "at the bound", partial(_claims, _SHARE, _SHARE), share=0.5),
    Case(_NAME, "clearly", "true", partial(_claims, 0.9, 0.4), models=4, share=0.1),
    Case(_NAME, "heads of random weights", "easy null", _of_random_weights, models=4, share=0.1),
    Case(_EXPLAINS, "share", "at the bound", _explained_at_the_bound),
    Case(_EXPLAINS, "clearly", "true", _explained_clearly, models=4, share=0.25),
    Case(_EXPLAINS, "heads of random weights", "easy null", _random_heads, models=4, share=0.24),
)

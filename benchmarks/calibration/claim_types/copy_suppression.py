"""Copy suppression: the share of tokens that are lowered at its bound."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import Claim, Session, head_suppresses_copies, token_sample
from circuit_assert.models.planted_models import suppressing_documents, suppressing_model

_TOKENS, _DRAWN = 160, 60
_SHARE = 0.5
_NAME = "head_suppresses_copies"


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


CASES = (
    Case(_NAME, "OV", "at the bound", partial(_claims, _SHARE, _SHARE), share=0.5),
    Case(_NAME, "clearly", "true", partial(_claims, 0.9, 0.4), models=4, share=0.1),
    Case(_NAME, "heads of random weights", "easy null", _of_random_weights, models=4, share=0.1),
)

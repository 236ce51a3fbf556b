"""Name movers: the share of names that are copied at its bound."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count

import numpy as np

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import Claim, Session, head_is_name_mover, head_is_negative_name_mover
from circuit_assert.claims.claim import ClaimType
from circuit_assert.models.planted_models import naming_model, naming_prompts

_NAMES, _DRAWN = 80, 32
_SHARE = 0.5


def _claims(
    kind: ClaimType[...], address: str, copied: float, share: float, seed: int
) -> Iterator[Claim]:
    """Claims about names drawn at random, on fresh prompts."""
    head = Session().model(naming_model(names=_NAMES, copied=copied, seed=seed))[address]
    every = [f" {who}{n}" for who in ("ann", "bob") for n in range(_NAMES // 2)]
    for draw in count(1):
        drawn = np.random.default_rng([seed, draw]).permutation(_NAMES)[:_DRAWN]
        yield kind(
            head,
            on=naming_prompts(names=_NAMES, seed=draw),
            by_attention=0.3,
            copying=share,
            names=[every[n] for n in drawn],
            role="owner",
            versus="rival",
        )


def _of_random_weights(kind: ClaimType[...], seed: int) -> Iterator[Claim]:
    model = Session().model(naming_model().with_random_weights(seed))
    for head in range(8):
        yield kind(
            model.head(1, head),
            on=naming_prompts(seed=head),
            by_attention=0.02,
            copying=0.1,
            role="owner",
            versus="rival",
        )


def _cases(kind: ClaimType[...], address: str) -> Iterator[Case]:
    name = kind.name
    at_share = partial(_claims, kind, address, _SHARE, _SHARE)
    clearly = partial(_claims, kind, address, 0.9, 0.4)
    null = partial(_of_random_weights, kind)
    yield Case(name, "copying", "at the bound", at_share, share=0.5)
    yield Case(name, "clearly", "true", clearly, models=4, share=0.1)
    yield Case(name, "heads of random weights", "easy null", null, models=4, share=0.1)


CASES = (
    *_cases(head_is_name_mover, "L1H0"),
    *_cases(head_is_negative_name_mover, "L1H1"),
)

"""Many claims of several kinds at once, and each by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from benchmarks.speed.paired import Numbers, Timed, compare
from circuit_assert import (
    Claim,
    Session,
    ablation_drops_logit,
    attention_to,
    claim,
    contrast,
    direct_contribution,
    head_attends_inductively,
    ioi,
    repeated_tokens,
)
from circuit_assert.claims.criteria import Criterion
from circuit_assert.components import Subject
from circuit_assert.models.model import Model

_PROMPTS = ioi(per_template=1)
_BLOCKS = repeated_tokens(lengths=(8, 12, 16), sequences=24)


@claim("{head} attends to the indirect object more than to the subject")
def _attends_to_the_indirect_object(head: Subject) -> Criterion:
    there, elsewhere = attention_to(head, "IO"), attention_to(head, "S1")
    return contrast(there, versus=elsewhere, on=_PROMPTS, by=0.1)


@claim("{head} writes the next token when it has been seen")
def _copies(head: Subject) -> Criterion:
    return contrast(direct_contribution(head), versus="corrupt", on=_BLOCKS, by=0.1)


def fused(model: str, *, claims: int = 200, turns: int = 1) -> Timed:
    """The same claims judged together, and one after the other with nothing kept between.

    Weights stay loaded in both. The numbers compared are the claims' first estimates.

    Args:
        model: A zoo name.
        claims: How many; one in twenty ablates.
        turns: How often each way is taken.
    """
    session = Session()
    handle = session.model(model)
    made = mixed_claims(handle, claims)
    session.measure(handle, [])  # loads the weights
    return compare(
        f"{claims} claims of four kinds",
        lambda: np.concatenate([_judged(session, [each]) for each in made]),
        lambda: _judged(session, made),
        turns=turns,
    )


def mixed_claims(model: Model, claims: int) -> list[Claim]:
    """So many claims about a model's heads; one in twenty ablates."""
    return list(islice(_claims(model), claims))


def _judged(session: Session, claims: Sequence[Claim]) -> Numbers:
    session.forget()
    firsts = [evidence.findings[0].effect for evidence in session.evaluate(claims)]
    return np.array(firsts, float)


def _claims(model: Model) -> Iterator[Claim]:
    """Of every twenty, ten about patterns, five about roles, four about writing, one ablates."""
    card = model.card
    assert card is not None  # zoo models have one before they are loaded
    for number in range(card.layers * card.heads):
        head = model.head(*divmod(number, card.heads))
        match number % 20:
            case 0:
                yield ablation_drops_logit(head, on=_PROMPTS, by=0.5)
            case 1 | 2 | 3 | 4:
                yield _copies(head)
            case 5 | 6 | 7 | 8 | 9:
                yield _attends_to_the_indirect_object(head)
            case _:
                yield head_attends_inductively(head, on=_BLOCKS)

"""Self-repair: the repaired share, and indirect effects, at their bounds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import Claim, Session, indirect_effect_is, later_layers_repair
from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models import lookup_prompts, repair_model

_EFFECT, _REPAIR = 2.0, 1.2  # logits
_SHARE = _REPAIR / _EFFECT


def _planted(seed: int) -> PlantedModel:
    """What is written, and what is written in its place, differ between cues: much for a few."""
    return repair_model(effect=_EFFECT, repair=_REPAIR, skewed=True, seed=seed)


def _repaired(by: float, seed: int) -> Iterator[Claim]:
    head = Session().model(_planted(seed))["L0H0"]
    return (later_layers_repair(head, on=lookup_prompts(seed=n), by=by) for n in count(1))


def _indirect(by: float | None, within: float | None, seed: int) -> Iterator[Claim]:
    head = Session().model(_planted(seed))["L0H0"]
    for n in count(1):
        yield indirect_effect_is(head, on=lookup_prompts(seed=n), by=by, within=within, at="end")


def _random_heads(claim_type: str, seed: int) -> Iterator[Claim]:
    model = Session().model(_planted(seed).with_random_weights(seed))
    for n, head in enumerate(model.heads(layers=[0]).each()):
        on = lookup_prompts(seed=n)
        if claim_type == "later_layers_repair":
            yield later_layers_repair(head, on=on, by=0.1)
        else:
            yield indirect_effect_is(head, on=on, by=0.05)


_NAMES = ("later_layers_repair", "indirect_effect_is")
CASES = (
    Case(_NAMES[0], "share", "at the bound", partial(_repaired, _SHARE), share=0.5),
    Case(_NAMES[0], "clearly", "true", partial(_repaired, 0.5 * _SHARE), share=0.25),
    Case(_NAMES[1], "effect", "at the bound", partial(_indirect, -_REPAIR, None), share=0.5),
    Case(_NAMES[1], "equivalence", "at the bound", partial(_indirect, None, _REPAIR), share=0.5),
    Case(_NAMES[1], "clearly", "true", partial(_indirect, -0.4 * _REPAIR, None), share=0.25),
    *(
        Case(
            name,
            "heads of random weights",
            "easy null",
            partial(_random_heads, name),
            models=20,
            share=0.3,
        )
        for name in _NAMES
    ),
)

"""Circuits and paths, at their bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import (
    Claim,
    Session,
    circuit_is_complete,
    circuit_is_faithful,
    circuit_is_minimal,
    circuit_is_necessary,
    circuit_is_sufficient,
    circuits_are_equivalent,
    path_matters,
    ranking_recovers,
)
from circuit_assert.models.model import Model
from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models import lookup_model, lookup_prompts
from circuit_assert.prompts.prompt_set import PromptSet

_EFFECT, _BACKUP = 2.0, 1.0  # logits, of L1H0 and of either of L1H2 and L1H3
_MOST = _EFFECT / (_EFFECT + _BACKUP)  # of what the corruption takes
_REST = 1.0 - _MOST

_ONE = ["L0H0", "L1H0"]  # L0H0 does nothing: there are more circuits of two heads to compare with
_BOTH = ["L0H0", "L1H0", "L1H2"]
_ALL = [*_BOTH, "L1H3"]
# of the circuits of as many heads, an eighth has L1H0 too: what is calibrated is the share
_LOOSE = {"draws": 60, "better_than": 0.5}

# sizes are 1, 3, 8 and all 16 of the heads: with L1H0 first and its backups last, f is 2/3 until 8
_MOVER_FIRST = ["L1H0", *(f"L0H{n}" for n in range(8)), "L1H1", *(f"L1H{n}" for n in range(4, 8))]
_CPR = _MOST * (1 / 32 + 7 / 16) + (1 + _MOST) / 2 * (1 / 2)
_LATE = 1  # the seed of a random ranking with none of the three in its first half

Made = Callable[[Model, PromptSet], Claim]


def _planted(seed: int) -> PlantedModel:
    """A model whose effects differ between cues, a few being large, and between templates."""
    return lookup_model(effect=_EFFECT, spread=0.8, backup=_BACKUP, skewed=True, seed=seed)


def _claims(make: Made, seed: int, *, random: bool = False) -> Iterator[Claim]:
    planted = _planted(seed)
    model = Session().model(planted.with_random_weights(seed) if random else planted)
    for prompts in count(1):
        yield make(model, lookup_prompts(seed=prompts))


def _alone(kind: Callable[..., Claim], nodes: list[str], **arguments: float) -> Made:
    return lambda model, on: kind(model.circuit(nodes), on=on, **arguments)


def _equivalent(within: float) -> Made:
    return lambda model, on: circuits_are_equivalent(
        model.circuit(["L1H0"]), model.circuit(["L1H0", "L1H2"]), on=on, within=within
    )


def _path(by: float) -> Made:
    return lambda model, on: path_matters(model["L1H0"], to="logits", on=on, by=by)


def _ranking(nodes: list[str], *, by: float | None = None, within: float | None = None) -> Made:
    return lambda model, on: ranking_recovers(
        model.ranking(nodes), on=on, by=by, within=within, rankings=1, seed=_LATE
    )


def _cases(name: str, at_bound: Made, true: Made, share: float = 0.25) -> tuple[Case, ...]:
    return (
        Case(name, "share", "at the bound", partial(_claims, at_bound), share=share),
        Case(name, "clearly", "true", partial(_claims, true), share=share / 2),
        Case(
            name,
            "random weights",
            "easy null",
            partial(_claims, true, random=True),
            models=20,
            share=share / 2,
        ),
    )


CASES = (
    *_cases(
        "circuit_is_sufficient",
        _alone(circuit_is_sufficient, _ONE, by=_MOST, **_LOOSE),
        _alone(circuit_is_sufficient, _BOTH, by=0.7, **_LOOSE),
    ),
    *_cases(
        "circuit_is_necessary",
        _alone(circuit_is_necessary, _ONE, by=_MOST, **_LOOSE),
        _alone(circuit_is_necessary, _ALL, by=0.7, **_LOOSE),
    ),
    *_cases(
        "circuit_is_faithful",
        _alone(circuit_is_faithful, _ONE, within=_REST, **_LOOSE),
        _alone(circuit_is_faithful, _BOTH, within=0.2, **_LOOSE),
    ),
    *_cases(
        "circuit_is_minimal",
        _alone(circuit_is_minimal, ["L1H0", "L1H2"], by=_REST),
        _alone(circuit_is_minimal, ["L1H0", "L1H2"], by=0.1),
    ),
    *_cases(
        "circuit_is_complete",
        _alone(circuit_is_complete, _BOTH, within=_REST),
        _alone(circuit_is_complete, _ALL, within=0.2),
    ),
    *_cases("circuits_are_equivalent", _equivalent(_REST), _equivalent(0.7)),
    *_cases(
        "ranking_recovers",
        _ranking([*_MOVER_FIRST, "L1H2", "L1H3"], by=_CPR),
        _ranking(["L1H0", "L1H2", "L1H3", *_MOVER_FIRST[1:]], by=0.8, within=0.2),
    ),
    Case(
        "ranking_recovers",
        "distance",
        "at the bound",
        partial(_claims, _ranking([*_MOVER_FIRST, "L1H2", "L1H3"], within=1.0 - _CPR)),
        share=0.25,
    ),
    *_cases("path_matters", _path(_EFFECT), _path(0.8)),
)

"""How the units of a measured quantity read, for examples in reports."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from circuit_assert.claims.criteria import Criterion, Fact
from circuit_assert.claims.quantities import Measured
from circuit_assert.execution.known import Known
from circuit_assert.measurements.base import Request
from circuit_assert.prompts.base import Prompts
from circuit_assert.unit_scores import UnitScores

_LONGEST = 240  # characters


def unit_scores(measured: Measured, leaf: Criterion | Fact, known: Known) -> UnitScores:
    """What a quantity is on each unit, with the texts of the units that stand out.

    Args:
        measured: The quantity's value.
        leaf: The criterion that asks for it.
        known: The model.
    """
    values = (float(value) for value in measured.values)
    found = UnitScores(
        tuple(value if math.isfinite(value) else None for value in values),
        tuple(int(unit) for unit in measured.units),
        {name: tuple(map(str, ids)) for name, ids in measured.clusters.items()},
    )
    prompts = _prompts(found, leaf, known)
    if prompts is None:
        return found
    texts = {unit: text(prompts, unit, known) for unit in found.extremes}
    return replace(found, prompts=prompts.name, texts=texts)


def text(prompts: Prompts, unit: int, known: Known) -> str:
    """How one unit of a prompt set reads in the model's tokens; a long one without its middle."""
    tokenized, tokenizer = known.tokenized(prompts), known.weights.tokenizer
    row = int(np.flatnonzero(tokenized.kept == unit)[0])
    tokens = tokenized.tokens["clean"][row].tolist()
    begun = len(tokenizer.beginning)
    if tuple(tokens[:begun]) == tokenizer.beginning:
        tokens = tokens[begun:]
    read = "".join(map(tokenizer.piece, tokens))
    if len(read) <= _LONGEST:
        return read
    return f"{read[: _LONGEST // 2]} … {read[-_LONGEST // 2 :]}"


def _prompts(found: UnitScores, leaf: Criterion | Fact, known: Known) -> Prompts | None:
    """The prompt set that the units are of: the first whose clusters agree with theirs."""
    if isinstance(leaf, Fact):
        return None
    for request in leaf.quantity.needs(known):
        if isinstance(request, Request) and _are_of(found, request.on, known):
            return request.on
    return None


def _are_of(found: UnitScores, prompts: Prompts, known: Known) -> bool:
    tokenized = known.tokenized(prompts)
    row = {int(unit): place for place, unit in enumerate(tokenized.kept)}
    if not set(found.units) <= set(row):
        return False
    return all(
        name in tokenized.clusters
        and all(
            tokenized.clusters[name][row[unit]] == said
            for unit, said in zip(found.units, ids, strict=True)
        )
        for name, ids in found.clusters.items()
    )

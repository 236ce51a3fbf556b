"""A plugin for the runs: true and false claims about planted models, measured as any claim is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pytest_circuit_assert import model_fixture

from circuit_assert import claim, contrast, prefix_matching_score, repeated_tokens
from circuit_assert.models.planted_models import induction_model

_ON = repeated_tokens(lengths=(4, 5, 6), sequences=24)

first, second, third, fourth = (
    model_fixture(replace(induction_model(), name=name))
    for name in ("first", "second", "third", "fourth")
)


@claim("{head} matches the prefix by more than {by}")
def matches(head: Any, by: float) -> Any:
    """A claim of its own for each threshold; those of a head share their runs."""
    return contrast(prefix_matching_score(head), versus=0.0, on=_ON, by=by)


@pytest.fixture(scope="session", name="matches")
def _matches() -> Any:
    return matches


@claim("{head} matches the prefix on {sequences} sequences drawn with {seed}")
def matches_on(head: Any, sequences: int, seed: int) -> Any:
    """A claim on prompts of its own, with runs of its own."""
    on = repeated_tokens(lengths=(20, 22, 24), sequences=sequences, seed=seed)
    return contrast(prefix_matching_score(head), versus=0.0, on=on, by=0.1)


@pytest.fixture(scope="session", name="matches_on")
def _matches_on() -> Any:
    return matches_on

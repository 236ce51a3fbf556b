"""Toy models of superposition, and those that have none."""

from dataclasses import replace

import pytest

from circuit_assert import (
    Inconclusive,
    ToyModels,
    features_are_in_superposition,
    sparsity_increases_superposition,
)
from circuit_assert.errors import ClaimError
from circuit_assert.stats import Verdict

SPARSE = ToyModels(features=8, dimensions=3, steps=400, tries=1)
SPARSITIES = (0.0, 0.5, 0.8, 0.9, 0.97)


def test_sparse_features_are_in_superposition():
    evidence = features_are_in_superposition(SPARSE, by=2).check()
    assert evidence.verdict is Verdict.SUPPORTED, evidence.reason


@pytest.mark.parametrize(
    "toy",
    [
        SPARSE.at(0.0),
        replace(SPARSE.at(0.0), importance=0.8),
        replace(SPARSE, kind="linear"),
        replace(SPARSE, kind="random"),
    ],
    ids=["dense", "dense, of unequal importance", "linear", "random"],
)
def test_dense_linear_and_random_models_are_refuted(toy):
    evidence = features_are_in_superposition(toy, by=0).check()
    assert evidence.verdict is Verdict.REFUTED, evidence.reason


def test_more_features_than_are_learned_are_refuted():
    assert not features_are_in_superposition(SPARSE, by=6)


def test_sparsity_increases_superposition_but_not_of_linear_models():
    few = replace(SPARSE, seeds=8)
    assert sparsity_increases_superposition(few, sparsities=SPARSITIES, by=0.2)
    assert not sparsity_increases_superposition(few, sparsities=SPARSITIES, by=2.0)
    linear = replace(few, kind="linear")
    assert not sparsity_increases_superposition(linear, sparsities=SPARSITIES, by=0.2)


def test_too_few_models_show_nothing():
    with pytest.raises(Inconclusive):
        bool(features_are_in_superposition(replace(SPARSE, seeds=3), by=2))


def test_bad_input_is_refused():
    with pytest.raises(ClaimError, match="more features than dimensions"):
        ToyModels(features=3, dimensions=3)
    with pytest.raises(ClaimError, match="sparsity"):
        SPARSE.at(1.0)
    with pytest.raises(ClaimError, match="between 0 and 1"):
        features_are_in_superposition(SPARSE, by=0, gain=1.0)
    with pytest.raises(ClaimError, match="rising"):
        sparsity_increases_superposition(SPARSE, sparsities=(0.0, 0.5), by=0.1)

"""Neurons of one meaning: precision at the weakest level at its bound."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import Claim, Session, explanation, neuron_is_monosemantic
from circuit_assert.claims.single_features.levels import Meaning, WeightedPrecision
from circuit_assert.components import Neuron
from circuit_assert.models.model import Model
from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models import explained_documents, explained_model
from circuit_assert.models.planted_models.explained import FAMILY
from circuit_assert.prompts.explanations import SaidByExplanation

_SAID = explanation("w1 to w12", FAMILY)
_NAME = "neuron_is_monosemantic"
_POPULATION = 2000
_LEVELS = 3  # of which the weakest lies among the words that drive it weakly, whatever is drawn


def _claims(planted: PlantedModel, by: float | None) -> Iterator[Claim]:
    model = Session().model(planted)
    bound = _precision(model) if by is None else by
    for number in count(1):
        on = explained_documents(seed=number)
        yield neuron_is_monosemantic(model["L1N0"], _SAID, on=on, by=bound, levels=_LEVELS)


def _precision(model: Model) -> float:
    """At the weakest level."""
    on = explained_documents(documents=_POPULATION, seed=10**6)
    of = Meaning(Neuron(1, 0), SaidByExplanation(_SAID), on)
    return float(model.explore()(WeightedPrecision(of, 1, _LEVELS, 0.5)).values.mean())


def _at_bound(seed: int) -> Iterator[Claim]:
    return _claims(explained_model(blurred=True, seed=seed), None)


def _clearly(seed: int) -> Iterator[Claim]:
    return _claims(explained_model(seed=seed), 0.5)


def _random(seed: int) -> Iterator[Claim]:
    return _claims(explained_model(seed=seed).with_random_weights(seed), 0.2)


CASES = (
    Case(_NAME, "weakest level", "at the bound", _at_bound),
    Case(_NAME, "clearly", "true", _clearly, share=0.1),
    Case(_NAME, "random weights", "easy null", _random, share=0.2),
)

"""Next-token neurons: the effect and the activity at their bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import numpy as np

from benchmarks.calibration.claim_types.case import Case, detectable, with_bound
from circuit_assert import Claim, PromptSet, Session, neuron_promotes_token
from circuit_assert.claims.discrimination import Discrimination
from circuit_assert.claims.promotion import LogitDrop, Promotion, matched_tokens
from circuit_assert.components import Neuron
from circuit_assert.models.model import Model
from circuit_assert.models.planted_models import neuron_documents, neuron_model
from circuit_assert.models.planted_models.neurons import TOKENS

_TOKEN = TOKENS[0]
_NEURON = "L2N0"
_POPULATION = neuron_documents(documents=4000, seed=10**6)
_JITTER = 0.15  # so that activations are a continuum, as real ones are
_NAME = "neuron_promotes_token"


def _of(seed: int, *, indiscriminate: bool = False) -> tuple[Model, Promotion]:
    planted = neuron_model(jitter=_JITTER, indiscriminate=indiscriminate, seed=seed)
    model = Session().model(planted)
    return model, Promotion(Neuron(2, 0), _TOKEN, _POPULATION)


def _claims(model: Model, by: Callable[[PromptSet], float]) -> Iterator[Claim]:
    return (
        neuron_promotes_token(model[_NEURON], _TOKEN, on=on, by=by(on))
        for on in (neuron_documents(seed=seed) for seed in count(1))
    )


def _drop(model: Model, of: Promotion, seed: int) -> Callable[[PromptSet], float]:
    """Its population value against the tokens that a set of documents makes it compared with.

    The value against other tokens is proportional to how much more the neuron raises its own than
    those: there is no norm, and what it writes goes straight to the logits.
    """
    known = float(model.explore()(LogitDrop(of)).values.mean())
    weights = neuron_model(jitter=_JITTER, seed=seed).state_dict()
    raised = (weights["head.weight"] @ weights["layers.2.mlp.fc_out.weight"][:, 0]).numpy()

    def above_others(on: PromptSet) -> float:
        rows = on.tokenize(model.tokenizer).tokens["clean"]
        token = model.tokenizer.encode(_TOKEN)[0]
        others = matched_tokens(token, rows, model.tokenizer.ordinary_tokens())
        return float(raised[token] - raised[list(others)].mean())

    return lambda on: known * above_others(on) / above_others(_POPULATION)


def _effect_at_by(seed: int) -> Iterator[Claim]:
    model, of = _of(seed)
    return _claims(model, _drop(model, of, seed))


def _detectable_effect(seed: int) -> Iterator[Claim]:
    """Above the bound by what the evidence says would be supported 8 times in 10."""
    model, of = _of(seed)
    drop = _drop(model, of, seed)
    less = detectable(next(_claims(model, drop)), "effect")
    return _claims(model, lambda on: drop(on) - less)


def _activity_at_its_bound(seed: int) -> Iterator[Claim]:
    """Any word may drive it. What is left of an AUROC above or below 0.5, the bound is moved by."""
    model, of = _of(seed, indiscriminate=True)
    measured = model.explore()(Discrimination(of))
    everywhere = np.ones(len(measured.clusters), bool)
    bound = measured.statistic(everywhere)
    return (with_bound(claim, "activation", bound) for claim in _claims(model, _clearly_less))


def _clearly(seed: int) -> Iterator[Claim]:
    model, _ = _of(seed)
    return _claims(model, _clearly_less)


def _clearly_less(on: PromptSet) -> float:
    return 1.0


def _other_neurons(seed: int) -> Iterator[Claim]:
    """All neurons that nothing is planted in, the next ones of the layer."""
    model = Session().model(neuron_model(seed=seed))
    for number in range(4, 104):
        on = neuron_documents(seed=number)
        yield neuron_promotes_token(model.neuron(2, number), _TOKEN, on=on, by=0.05)


def _random_weights(seed: int) -> Iterator[Claim]:
    model = Session().model(neuron_model(seed=seed).with_random_weights(seed))
    for number in range(100):
        on = neuron_documents(seed=number)
        yield neuron_promotes_token(model.neuron(2, number), _TOKEN, on=on, by=0.05)


CASES = (
    Case(_NAME, "effect", "at the bound", _effect_at_by, models=4),
    Case(_NAME, "activation", "at the bound", _activity_at_its_bound, models=4),
    Case(_NAME, "clearly", "true", _clearly, models=4, share=0.1),
    Case(_NAME, "effect by the detectable effect", "true", _detectable_effect, models=4, share=0.1),
    Case(_NAME, "neurons of the layer", "easy null", _other_neurons, models=4, share=0.4),
    Case(_NAME, "neurons of random weights", "easy null", _random_weights, models=4, share=0.4),
)

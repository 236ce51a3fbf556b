"""Next-token preference, and heads that activate neurons: what is measured exactly at its bound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import count

import numpy as np

from benchmarks.calibration.claim_types.case import Case, detectable, with_bound
from circuit_assert import (
    Claim,
    PromptSet,
    Session,
    head_activates_neuron,
    neuron_prefers_next_token,
)
from circuit_assert.claims.activity_drops import LostShare
from circuit_assert.claims.head_attributions import AttributionContrast
from circuit_assert.claims.next_token_neurons import NextToken
from circuit_assert.claims.promotion import Promotion, matched_tokens
from circuit_assert.components import Head, Neuron
from circuit_assert.interventions import Ablation
from circuit_assert.models.model import Model
from circuit_assert.models.planted_models import (
    activating_documents,
    activating_model,
    neuron_documents,
    neuron_model,
)
from circuit_assert.models.planted_models.activating import READ_TOKENS
from circuit_assert.models.planted_models.neurons import TOKENS

_PREFERS, _ACTIVATES = "neuron_prefers_next_token", "head_activates_neuron"
_JITTER = 0.3  # so that the neuron is not always right
_SEED = 10**6
_OF = Promotion(Neuron(2, 0), TOKENS[0], neuron_documents(documents=600, seed=_SEED))
_READS = Promotion(Neuron(1, 0), READ_TOKENS[0], activating_documents(documents=600, seed=_SEED))
_HEAD = Head(0, 0)


def _preferring(seed: int) -> Model:
    return Session().model(neuron_model(jitter=_JITTER, seed=seed))


def _prefers(model: Model, by: Callable[[PromptSet], float]) -> Iterator[Claim]:
    return (
        neuron_prefers_next_token(model["L2N0"], TOKENS[0], on=on, by=by(on))
        for on in (neuron_documents(seed=seed) for seed in count(1))
    )


def _auroc(model: Model) -> Callable[[PromptSet], float]:
    """Its population value, against the tokens that documents make the token compared with."""

    @lru_cache(maxsize=1)
    def against(like: tuple[int, ...]) -> float:
        measured = model.explore()(NextToken(_OF, like=like))
        return measured.statistic(np.ones(len(measured.clusters), bool))

    def at_bound(on: PromptSet) -> float:
        rows = on.tokenize(model.tokenizer).tokens["clean"]
        token = model.tokenizer.encode(TOKENS[0])[0]
        return against(matched_tokens(token, rows, model.tokenizer.ordinary_tokens()))

    return at_bound


def _activity_at_by(seed: int) -> Iterator[Claim]:
    model = _preferring(seed)
    return _prefers(model, _auroc(model))


def _detectable_activity(seed: int) -> Iterator[Claim]:
    model = _preferring(seed)
    auroc = _auroc(model)
    less = detectable(next(_prefers(model, auroc)), "activity")
    return _prefers(model, lambda on: max(0.5, auroc(on) - less))


def _clearly_prefers(seed: int) -> Iterator[Claim]:
    return _prefers(Session().model(neuron_model(seed=seed)), _chance)


def _chance(on: PromptSet) -> float:
    return 0.5


def _other_neurons(seed: int) -> Iterator[Claim]:
    model = Session().model(neuron_model(seed=seed))
    for number in range(4, 104):
        on = neuron_documents(seed=number)
        yield neuron_prefers_next_token(model.neuron(2, number), TOKENS[0], on=on, by=0.5)


def _random_weights(seed: int) -> Iterator[Claim]:
    model = Session().model(neuron_model(seed=seed).with_random_weights(seed))
    for number in range(100):
        on = neuron_documents(seed=number)
        yield neuron_prefers_next_token(model.neuron(2, number), TOKENS[0], on=on, by=0.5)


def _activating(seed: int) -> Model:
    return Session().model(activating_model(seed=seed))


def _activates(model: Model, by: float) -> Iterator[Claim]:
    return (
        head_activates_neuron(model["L0H0"], model["L1N0"], READ_TOKENS[0], on=on, by=by)
        for on in (activating_documents(seed=seed) for seed in count(1))
    )


def _share(model: Model) -> float:
    lost = LostShare(_READS, _READS.on, Ablation((_HEAD,), "zero"))
    return float(model.explore()(lost).values.mean())


def _effect_at_by(seed: int) -> Iterator[Claim]:
    model = _activating(seed)
    return _activates(model, _share(model))


def _detectable_effect(seed: int) -> Iterator[Claim]:
    model = _activating(seed)
    share = _share(model)
    less = detectable(next(_activates(model, share)), "effect")
    return _activates(model, share - less)


def _attribution_at_its_bound(seed: int) -> Iterator[Claim]:
    """Its bound, zero, is moved to what it is: a head that adds nothing does nothing else."""
    model = _activating(seed)
    known = float(model.explore()(AttributionContrast(_READS, _HEAD)).values.mean())
    return (with_bound(claim, "attribution", known) for claim in _activates(model, 0.1))


def _clearly_activates(seed: int) -> Iterator[Claim]:
    return _activates(_activating(seed), 0.1)


def _other_heads(seed: int) -> Iterator[Claim]:
    """Heads that the neuron does not read, and neurons that do not read the head."""
    model = _activating(seed)
    for number in range(100):
        on, head = activating_documents(seed=number), (1, 4, 5, 6, 7)[number % 5]
        yield head_activates_neuron(
            model.head(0, head), model["L1N0"], READ_TOKENS[0], on=on, by=0.05
        )


def _random_heads(seed: int) -> Iterator[Claim]:
    model = Session().model(activating_model(seed=seed).with_random_weights(seed))
    for number in range(100):
        on, neuron = activating_documents(seed=number), model.neuron(1, number)
        yield head_activates_neuron(
            model.head(0, number % 8), neuron, READ_TOKENS[0], on=on, by=0.05
        )


CASES = (
    Case(_PREFERS, "activity", "at the bound", _activity_at_by, models=4),
    Case(_PREFERS, "clearly", "true", _clearly_prefers, models=4, share=0.1),
    Case(
        _PREFERS,
        "activity by the detectable effect",
        "true",
        _detectable_activity,
        models=4,
        share=0.1,
    ),
    Case(_PREFERS, "neurons of the layer", "easy null", _other_neurons, models=4, share=0.4),
    Case(_PREFERS, "neurons of random weights", "easy null", _random_weights, models=4, share=0.4),
    Case(_ACTIVATES, "effect", "at the bound", _effect_at_by, models=4),
    Case(_ACTIVATES, "attribution", "at the bound", _attribution_at_its_bound, models=4),
    Case(_ACTIVATES, "clearly", "true", _clearly_activates, models=4, share=0.1),
    Case(
        _ACTIVATES,
        "effect by the detectable effect",
        "true",
        _detectable_effect,
        models=4,
        share=0.1,
    ),
    Case(_ACTIVATES, "other heads", "easy null", _other_heads, models=4, share=0.2),
    Case(_ACTIVATES, "heads of random weights", "easy null", _random_heads, models=4, share=0.2),
)

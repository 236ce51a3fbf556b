"""Neuron claims on models with one next-token neuron and a decoy for each of its criteria."""

import pytest

from circuit_assert.claims.neurons import neuron_promotes_token
from circuit_assert.models.planted_models import neuron_documents, neuron_model
from circuit_assert.models.planted_models.neurons import TOKENS
from circuit_assert.session import Session
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED = Verdict.SUPPORTED, Verdict.REFUTED
PLAIN, GATED = neuron_model(), neuron_model(gated=True)
BOTH = pytest.mark.parametrize("planted", [PLAIN, GATED], ids=lambda model: model.name)
DOCUMENTS = neuron_documents()

# neuron → the criterion that refutes it
DECOYS = {1: "active", 2: "congruence", 3: "effect"}


def promotes(model, neuron, token=None, *, by=1.0):
    word = TOKENS[neuron] if token is None else token
    return neuron_promotes_token(model[f"L2N{neuron}"], word, on=DOCUMENTS, by=by)


def finding(evidence, name):
    return next(found for found in evidence.findings if found.name == name)


@BOTH
def test_the_next_token_neuron_is_supported(model_of, planted):
    assert promotes(model_of(planted), 0).check().verdict is SUPPORTED


@BOTH
@pytest.mark.parametrize("neuron", DECOYS)
def test_a_decoy_is_refuted_by_the_criterion_that_it_fails(model_of, planted, neuron):
    evidence = promotes(model_of(planted), neuron).check()

    assert evidence.verdict is REFUTED
    assert finding(evidence, DECOYS[neuron]).verdict is REFUTED


@BOTH
def test_the_erased_neuron_fails_nothing_but_the_effect(model_of, planted):
    evidence = promotes(model_of(planted), 3).check()
    primaries = {f.name: f.verdict for f in evidence.findings if f.role == "primary"}
    assert {name for name, verdict in primaries.items() if verdict is REFUTED} == {"effect"}
    assert set(primaries.values()) == {SUPPORTED, REFUTED}


@BOTH
def test_the_neuron_promotes_no_other_token(model_of, planted):
    for token in (TOKENS[1], TOKENS[2], " w100"):
        assert promotes(model_of(planted), 0, token).check().verdict is REFUTED


@BOTH
def test_a_bound_above_what_it_does_is_refuted(model_of, planted):
    assert promotes(model_of(planted), 0, by=8.0).check().verdict is REFUTED


@BOTH
@pytest.mark.parametrize("neuron", [40, 90, 150])
def test_a_neuron_of_the_background_is_refuted(model_of, planted, neuron):
    assert promotes(model_of(planted), neuron, TOKENS[0]).check().verdict is REFUTED


@BOTH
@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_supported_of_a_model_with_random_weights(planted, seed):
    session = Session()
    model = session.model(planted.with_random_weights(seed))
    evidence = session.evaluate([promotes(model, neuron) for neuron in range(4)])
    assert SUPPORTED not in {one.verdict for one in evidence}

"""Next-token neurons and the heads that activate them, each beside decoys."""

import pytest

from circuit_assert import head_activates_neuron, neuron_prefers_next_token
from circuit_assert.models.planted_models import (
    activating_documents,
    activating_model,
    neuron_documents,
    neuron_model,
)
from circuit_assert.models.planted_models.activating import READ_TOKENS
from circuit_assert.models.planted_models.neurons import TOKENS
from circuit_assert.session import Session
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED = Verdict.SUPPORTED, Verdict.REFUTED
DOCUMENTS, READ = neuron_documents(), activating_documents(documents=30, length=40)
NEURONS = [neuron_model(), neuron_model(gated=True)]
HEADS = [activating_model(), activating_model(gated=True, norm=True)]


def by_name(planted):
    return planted.name


def prefers(model, neuron, token, *, by=0.7):
    return neuron_prefers_next_token(model[f"L2N{neuron}"], token, on=DOCUMENTS, by=by)


def activates(model, head, neuron, *, by=0.3, on=READ):
    token = READ_TOKENS[neuron]
    return head_activates_neuron(model[f"L0H{head}"], model[f"L1N{neuron}"], token, on=on, by=by)


def finding(evidence, name):
    return next(found for found in evidence.findings if found.name == name)


@pytest.mark.parametrize("planted", NEURONS, ids=by_name)
def test_a_next_token_neuron_prefers_its_token(model_of, planted):
    """So does one whose output is erased: it is of no use, and active all the same."""
    model = model_of(planted)
    assert prefers(model, 0, TOKENS[0])
    assert prefers(model, 3, TOKENS[3])


@pytest.mark.parametrize("planted", NEURONS, ids=by_name)
@pytest.mark.parametrize(("neuron", "criterion"), [(1, "active"), (2, "congruence")])
def test_what_is_only_congruent_or_only_active_is_refuted(model_of, planted, neuron, criterion):
    evidence = prefers(model_of(planted), neuron, TOKENS[neuron]).check()
    assert evidence.verdict is REFUTED
    assert finding(evidence, criterion).verdict is REFUTED


def test_a_congruent_neuron_that_any_word_drives_is_refuted(model_of):
    evidence = prefers(model_of(neuron_model(indiscriminate=True)), 0, TOKENS[0]).check()
    assert finding(evidence, "congruence").verdict is SUPPORTED
    assert finding(evidence, "activity").verdict is REFUTED
    assert evidence.verdict is REFUTED


def test_a_neuron_prefers_no_other_token_nor_more_than_it_does(model_of):
    model = model_of(NEURONS[0])
    assert not prefers(model, 0, TOKENS[1])
    assert not prefers(model, 0, TOKENS[0], by=0.999)


@pytest.mark.parametrize("planted", HEADS, ids=by_name)
@pytest.mark.parametrize(("head", "neuron"), [(0, 0), (3, 1)])
def test_the_head_that_a_neuron_reads_activates_it(model_of, planted, head, neuron):
    assert activates(model_of(planted), head, neuron)


@pytest.mark.parametrize("planted", HEADS, ids=by_name)
@pytest.mark.parametrize(
    ("head", "neuron"),
    [(1, 0), (2, 0), (3, 0), (0, 1)],
    ids=["aside", "constant", "little", "other"],
)
def test_a_head_that_only_looks_so_is_refuted(model_of, planted, head, neuron):
    assert not activates(model_of(planted), head, neuron)


@pytest.mark.parametrize("planted", HEADS, ids=by_name)
def test_a_head_that_always_adds_the_same_is_a_constant_not_an_activation(model_of, planted):
    """Without it the neuron is less active; with its mean in its place it is not."""
    evidence = activates(model_of(planted), 2, 0, by=0.1).check()
    assert finding(evidence, "effect").verdict is SUPPORTED
    assert finding(evidence, "not by a constant").verdict is not SUPPORTED
    assert evidence.verdict is not SUPPORTED


def test_the_mean_of_a_head_s_output_may_take_its_place(model_of):
    model = model_of(HEADS[0])
    claims = [
        head_activates_neuron(
            model[f"L0H{head}"], model["L1N0"], READ_TOKENS[0], on=READ, by=0.1, ablation="mean"
        )
        for head in (0, 2)
    ]
    found = [claim.check().verdict for claim in claims]
    assert found[0] is SUPPORTED
    assert found[1] is not SUPPORTED


def test_few_documents_decide_nothing(model_of):
    few = activating_documents(documents=5)
    assert activates(model_of(HEADS[0]), 0, 0, on=few).check().verdict is Verdict.INCONCLUSIVE


def test_nothing_is_supported_of_models_with_random_weights():
    neurons = Session().model(NEURONS[0].with_random_weights(0))
    heads = Session().model(HEADS[1].with_random_weights(0))
    evidence = neurons.court.evaluate([prefers(neurons, n, TOKENS[n], by=0.5) for n in range(3)])
    evidence += heads.court.evaluate([activates(heads, h, h % 2, by=0.05) for h in range(3)])
    assert SUPPORTED not in {one.verdict for one in evidence}

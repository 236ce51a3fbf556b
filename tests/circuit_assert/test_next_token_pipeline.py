"""The pipeline from next-token neurons to heads, step by step."""

import numpy as np
import pandas as pd
import pytest

from circuit_assert import Session, head_activates_neuron, plain_text
from circuit_assert.errors import ClaimError, ComponentError, DiscoveryWarning, PromptError
from circuit_assert.models.planted_models import activating_documents, activating_model
from circuit_assert.models.planted_models.activating import READ_TOKENS
from circuit_assert.next_token_neurons import (
    active_heads,
    head_attributions,
    maximal_prompts,
    next_token_neurons,
)
from circuit_assert.next_token_neurons.congruent import is_word
from circuit_assert.prompts.pieces import Pieces

DOCUMENTS = activating_documents()


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "gated"])
def model(request):
    return Session().model(activating_model(gated=request.param))


@pytest.fixture(scope="module")
def neurons(model):
    return next_token_neurons(model, layers=[1], per_layer=2)


@pytest.fixture(scope="module")
def prompts(model, neurons):
    return maximal_prompts(model, neurons, on=DOCUMENTS, top=5)


@pytest.fixture(scope="module")
def attributions(model, prompts):
    return head_attributions(model, prompts)


def test_the_planted_neurons_are_the_most_congruent(model, neurons):
    assert list(neurons["neuron"]) == ["L1N0", "L1N1"]
    assert tuple(neurons["token"]) == READ_TOKENS
    tensors = activating_model(gated="gated" in model.name).state_dict()
    name = "out" if "gated" in model.name else "fc_out"
    unembedding = tensors["head.weight"] - tensors["head.weight"].mean(0)
    dots = unembedding[1:] @ tensors[f"layers.1.mlp.{name}.weight"][:, :2]
    largest = (dots.abs() if "gated" in model.name else dots).max(0).values
    np.testing.assert_allclose(neurons["congruence"], largest, rtol=1e-5)
    assert set(neurons["sign"]) == ({-1} if "gated" in model.name else {1})


def test_tokens_that_are_no_words_are_left_out():
    assert is_word(" an")
    assert not any(map(is_word, ("an", " a", "", "the")))


def test_prompts_are_cut_to_what_makes_the_neuron_active(prompts):
    """The cue is one place back for L1N0, two for L1N1: no more is left than from there on."""
    by_neuron = {name: set(rows["tokens"]) for name, rows in prompts.groupby("neuron")}
    assert by_neuron["L1N0"] == {3}
    assert by_neuron["L1N1"] == {4}
    assert (prompts["kept"] > 0.8 * prompts["activation"]).all()
    assert prompts["activation"].groupby(prompts["neuron"]).is_monotonic_decreasing.all()


def test_only_the_discovery_half_is_looked_at(prompts):
    test = {prompt.clusters["document"] for prompt in DOCUMENTS.half("test")}
    assert test.isdisjoint(prompts["document"])
    assert prompts.attrs["prompts"] == DOCUMENTS.half("discovery")


def test_long_pieces_are_left_out_and_counted(model, neurons, prompts):
    short = maximal_prompts(model, neurons, on=DOCUMENTS, top=5, longest=3)
    assert set(short["neuron"]) == {"L1N0"}
    assert short.attrs["too_long"] == 5
    assert prompts.attrs["too_long"] == 0


def test_what_heads_add_is_found(attributions):
    mean = attributions.groupby(["neuron", "head"])["attribution"].mean().unstack()
    assert mean.loc["L1N0"].idxmax() == "L0H0"
    assert mean.loc["L1N1"].idxmax() == "L0H3"
    assert mean.loc["L1N0", "L0H2"] == pytest.approx(0.4, abs=0.05)
    assert mean.loc["L1N0", "L0H1"] == pytest.approx(0.0, abs=1e-4)


def test_the_active_heads_are_the_planted_ones(attributions):
    found = active_heads(attributions)
    best = found.drop_duplicates("neuron").set_index("neuron")
    assert best["head"].to_dict() == {"L1N0": "L0H0", "L1N1": "L0H3"}
    assert (best["active"] == 1.0).all()
    assert not best["explained"].any()


def test_both_rules_find_heads_in_nothing_but_noise():
    rng = np.random.default_rng(0)
    heads = [f"L0H{n}" for n in range(300)]
    noise = pd.DataFrame(
        {
            "neuron": "L1N0",
            "token": " w1",
            "document": np.repeat(np.arange(40), len(heads)),
            "head": heads * 40,
            "attribution": rng.standard_normal(40 * len(heads)),
        }
    )
    by_sigma = active_heads(noise)
    assert by_sigma["active"].sum() / len(heads) == pytest.approx(0.0228, abs=0.005)
    by_rank = active_heads(noise, rule="top 3")
    assert by_rank["active"].sum() == pytest.approx(3.0)
    assert by_rank["by_chance"].iloc[0] == pytest.approx(0.01)


def test_a_claim_on_documents_that_heads_were_found_on_warns(model, attributions):
    assert len(attributions)
    half = DOCUMENTS.half("discovery")
    claim = head_activates_neuron(model["L0H0"], model["L1N0"], READ_TOKENS[0], on=half, by=0.3)
    with pytest.warns(DiscoveryWarning):
        claim.check()


def test_pieces_keep_the_beginning_token_and_the_document(model):
    pieces = Pieces(DOCUMENTS, ((2, 5, 7), (0, 0, 3)))
    whole = DOCUMENTS.tokenize(model.tokenizer)
    found = pieces.tokenize(model.tokenizer)
    first, second = found.tokens["clean"]
    assert first.tolist() == [0, *whole.tokens["clean"][2][5:8]]
    assert second.tolist() == whole.tokens["clean"][0][:4].tolist()
    assert found.clusters["document"] == tuple(whole.clusters["document"][u] for u in (2, 0))


@pytest.mark.parametrize(
    ("wrong", "error", "match"),
    [
        (lambda m: next_token_neurons(m, layers=[]), ComponentError, "one layer at least"),
        (lambda m: next_token_neurons(m, layers=[7]), ComponentError, "has no L7N0"),
        (
            lambda m: maximal_prompts(m, pd.DataFrame(), on=plain_text()),
            ComponentError,
            "table of neurons",
        ),
        (
            lambda m: maximal_prompts(m, pd.DataFrame(), on=plain_text(), keep=1.5),
            ClaimError,
            "a share",
        ),
        (lambda m: head_attributions(m, pd.DataFrame()), PromptError, "maximal_prompts"),
        (lambda m: active_heads(pd.DataFrame(), rule="best"), ClaimError, "top 3"),
    ],
)
def test_wrong_use_is_refused(model, wrong, error, match):
    with pytest.raises(error, match=match):
        wrong(model)

"""The residual stream adds up, or does not without some of its parts."""

import pytest
import torch

from circuit_assert import Session, plain_text, repeated_tokens, residual_stream_decomposes
from circuit_assert.backends.transformer_lens import TransformerLensBackend
from circuit_assert.errors import ClaimError
from circuit_assert.models.planted_models import (
    composition_model,
    induction_model,
    neuron_documents,
    neuron_model,
)
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED = Verdict.SUPPORTED, Verdict.REFUTED
INDUCTION, GROUPED = induction_model(), induction_model(grouped_queries=True)
NEURONS = neuron_model(gated=True)
REPEATED = repeated_tokens(lengths=(6, 7), sequences=24)
HEADS = ("embedding", "heads")


def verdict(model, on, **arguments):
    return residual_stream_decomposes(model, on=on, **arguments).check().verdict


@pytest.mark.parametrize(
    ("planted", "on"),
    [
        *((planted, REPEATED) for planted in (INDUCTION, GROUPED, composition_model())),
        (neuron_model(), neuron_documents(documents=24)),
        (NEURONS, neuron_documents(documents=24)),
    ],
    ids=lambda given: given.name,
)
def test_all_parts_add_up(model_of, planted, on):
    assert verdict(model_of(planted), on) is SUPPORTED


@pytest.mark.parametrize("seed", range(2))
def test_they_do_in_random_weights_too(seed):
    """It is true of any transformer: what it finds out is a wrong engine."""
    planted = GROUPED.with_random_weights(seed)
    assert verdict(Session().model(planted), REPEATED) is SUPPORTED


def test_empty_mlps_contribute_nothing(model_of):
    assert verdict(model_of(INDUCTION), REPEATED, parts=HEADS) is SUPPORTED


def test_mlps_that_write_are_missed(model_of):
    on = neuron_documents(documents=24)
    assert verdict(model_of(NEURONS), on, parts=HEADS) is REFUTED


def test_heads_that_write_are_missed_and_an_embedding_that_no_logit_reads_is_not(model_of):
    model = model_of(INDUCTION)
    assert verdict(model, REPEATED, parts=("embedding", "MLPs")) is REFUTED
    assert verdict(model, REPEATED, parts=("heads", "MLPs")) is SUPPORTED


def test_biases_of_attention_are_parts(altered, model_of):
    def change(tensors):
        tensors["layers.1.attn.o.bias"] += torch.linspace(-1, 1, INDUCTION.card.d_model)

    assert verdict(model_of(altered(INDUCTION, "biased", change)), REPEATED) is SUPPORTED


def test_output_weights_that_are_wrong_are_noticed(monkeypatch):
    model = Session().model(INDUCTION)
    model.tokenizer  # noqa: B018 - load it, checks and all, before it is broken
    right = TransformerLensBackend.head_output_weights

    def wrong(self, layer):
        return right(self, layer) * (1.01 if layer == 1 else 1.0)

    monkeypatch.setattr(TransformerLensBackend, "head_output_weights", wrong)
    assert verdict(model, REPEATED) is REFUTED


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"parts": ()}, "made of 'embedding', 'heads', 'MLPs'"),
        ({"parts": ("neurons",)}, "got \\['neurons'\\]"),
        ({"within": 0.0}, "positive number of logits"),
    ],
)
def test_bad_input_is_refused_before_a_model_loads(arguments, message):
    with pytest.raises(ClaimError, match=message):
        residual_stream_decomposes(Session().model(INDUCTION), on=plain_text(), **arguments)

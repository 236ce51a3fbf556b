"""Queries and keys worked out without a run, against the pattern of a run."""

import pytest
import torch
from transformers import (
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    LlamaConfig,
    LlamaForCausalLM,
)

from circuit_assert.backends.load import load
from circuit_assert.components import Site
from circuit_assert.session import Session
from tests.circuit_assert.random_folders import write_random

SIZES = {
    "vocab_size": 101,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 64,
    "bos_token_id": 100,
    "eos_token_id": 100,
    "pad_token_id": 0,
}


def llama():
    return LlamaForCausalLM(LlamaConfig(**SIZES))


def gemma():
    """With query and key norms, and another rotation in every second layer."""
    kinds = ["sliding_attention", "full_attention", "sliding_attention"]
    config = Gemma3TextConfig(
        **SIZES, layer_types=kinds, sliding_window=32, query_pre_attn_scalar=16
    )
    return Gemma3ForCausalLM(config)


@pytest.fixture(scope="module", params=[llama, gemma], ids=["rotary", "rotary and norms"])
def rotary(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    write_random(request.param, folder)
    return load(Session().model(folder).spec)


def check(backend, tokens, layer):
    """Scores of each query with each key before it make the pattern of the run."""
    kept = {}
    names = ("resid_pre", "pattern")
    reads = {
        Site(layer, name): [lambda a, name=name: kept.update({name: a.clone()})] for name in names
    }
    backend.run(tokens, reads=reads, edits={}, last_layer=layer)
    for row in range(len(tokens)):
        entering = kept["resid_pre"][row]
        for query in range(1, tokens.shape[1]):
            scores = torch.stack(
                [
                    (
                        backend.queries_or_keys(layer, "q", entering[query : query + 1], query)
                        * backend.queries_or_keys(layer, "k", entering[key : key + 1], key)
                    ).sum(-1)[0]
                    for key in range(query + 1)
                ]
            )
            found = (scores / backend.card.d_head**0.5).softmax(0)
            expected = kept["pattern"][row, :, query, : query + 1].T
            torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_scores_make_the_pattern_with_rotary_positions(rotary, layer):
    assert rotary.has_rotary_positions
    assert rotary.no_queries_and_keys is None
    tokens = torch.tensor([[100, 3, 7, 3, 50, 9]])
    check(rotary, tokens, layer)


def test_only_the_distance_matters(rotary):
    residual = torch.randn(5, 32, generator=torch.Generator().manual_seed(0))

    def scores(query, key):
        q = rotary.queries_or_keys(1, "q", residual, query)
        return torch.einsum("nhd,mhd->hnm", q, rotary.queries_or_keys(1, "k", residual, key))

    torch.testing.assert_close(scores(9, 0), scores(30, 21), atol=1e-4, rtol=1e-4)
    assert not torch.allclose(scores(9, 0), scores(0, 0), atol=1e-3)


def test_scores_make_the_pattern_of_planted_models(backend, tokens):
    assert backend.no_queries_and_keys is None
    check(backend, tokens, backend.card.layers - 1)


def test_norms_over_several_heads_are_said(rotary, monkeypatch):
    attention = rotary._bridge.blocks[0].attn
    if not hasattr(attention, "q_norm"):
        pytest.skip("there are no query norms")
    monkeypatch.setattr(
        attention.q_norm.original_component, "weight", torch.nn.Parameter(torch.ones(64))
    )
    assert "over several heads" in rotary.no_queries_and_keys

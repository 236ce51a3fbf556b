"""Weights of architectures that store them otherwise than most."""

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from circuit_assert.backends.load import load
from circuit_assert.session import Session
from tests.circuit_assert.random_folders import write_words


@pytest.fixture(scope="module")
def gpt2():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = GPT2Config(
            vocab_size=101, n_positions=64, n_embd=32, n_layer=3, n_head=4, n_inner=96
        )
        model = GPT2LMHeadModel(config)
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
    return model


@pytest.fixture
def folder(gpt2, tmp_path):
    gpt2.save_pretrained(tmp_path)
    write_words(tmp_path)
    return tmp_path


def test_gpt2_stores_output_weights_by_input(gpt2, folder):
    """Its heads' and neurons' output weights are square or not transposed: shapes do not tell."""
    backend = load(Session().model(folder).spec)
    block = gpt2.transformer.h[1]
    heads = block.attn.c_proj.weight.reshape(4, 8, 32)
    torch.testing.assert_close(backend.head_output_weights(1), heads)
    torch.testing.assert_close(backend.neuron_output_weights(1), block.mlp.c_proj.weight)

"""Models of six layers that differ in what attention sees, and prompts for them."""

import numpy as np
from transformers import (
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
)

from circuit_assert.backends.load import load
from circuit_assert.prompts.prompt_set import Prompt, PromptSet
from circuit_assert.session import Session
from tests.circuit_assert.random_folders import write_random

LAYERS, HEADS = 6, 4
_SIZES = {
    "vocab_size": 101,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "max_position_embeddings": 64,
    "bos_token_id": 100,
    "eos_token_id": 100,
    "pad_token_id": 0,
}


def gpt2():
    """Learned positions, norms with a mean, biases."""
    return GPT2LMHeadModel(
        GPT2Config(vocab_size=101, n_positions=64, n_embd=32, n_layer=LAYERS, n_head=HEADS)
    )


def llama():
    """Rotary positions, shared keys and values, gated MLPs."""
    return LlamaForCausalLM(LlamaConfig(**_SIZES))


def gemma():
    """Also norms behind attention and MLP, and windows that are shorter than the prompts."""
    config = Gemma3TextConfig(
        **_SIZES,
        layer_types=["sliding_attention", "full_attention"] * (LAYERS // 2),
        sliding_window=4,
        query_pre_attn_scalar=16,
    )
    return Gemma3ForCausalLM(config)


DEEP = {"gpt2": gpt2, "llama": llama, "gemma": gemma}


def loaded(kind, folder):
    """One of them, ready to run."""
    write_random(DEEP[kind], folder)
    return load(Session().model(folder).spec)


def random_twins(lengths, *, count, seed=0):
    """Prompts of so many words in turn, whose corrupt twins differ in the word in the middle."""
    generator = np.random.default_rng(seed)

    def prompt(number):
        clean = [f"w{n}" for n in generator.integers(10, 90, lengths[number % len(lengths)])]
        corrupt = [*clean[:4], "w95", *clean[5:]]
        return Prompt(
            " ".join(clean),
            corrupt=" ".join(corrupt),
            answer=f" w{1 + number % 3}",
            foil=" w9",
            positions={"middle": clean[4]},
            clusters={"n": str(number)},
        )

    return PromptSet("random", tuple(prompt(n) for n in range(count)), cluster_by=("n",))

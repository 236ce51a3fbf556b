"""Models of six layers with random weights, of architectures that differ in what attention sees."""

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from circuit_assert.backends.load import load
from circuit_assert.session import Session

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
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = DEEP[kind]()
        for name, parameter in model.named_parameters():
            torch.nn.init.normal_(parameter, std=0.3)
            if "norm" in name or ".ln_" in name:
                parameter.data.add_(1.0)
    model.save_pretrained(folder)
    known = {f"w{number}": number for number in range(100)} | {"<end>": 100}
    words = Tokenizer(models.WordLevel(known, unk_token="w0"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(
        tokenizer_object=words, bos_token="<end>", eos_token="<end>"
    ).save_pretrained(folder)
    return load(Session().model(folder).spec)

"""Norms without anyone looking inside them."""

import warnings

import pytest
import torch
from tokenizers import Tokenizer, models
from transformer_lens.model_bridge.generalized_components.normalization import NormalizationBridge
from transformers import Gemma3ForCausalLM, Gemma3TextConfig, PreTrainedTokenizerFast

from circuit_assert.backends.norms import compute_norms_once
from circuit_assert.backends.transformer_lens import boot

SCALE = "blocks.1.ln1_post.hook_scale"
TOKENS = torch.tensor([[0, 3, 5, 2, 7, 11]])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small model with all of Gemma's norms: before and after, of queries and of keys."""
    where = tmp_path_factory.mktemp("gemma3")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = Gemma3TextConfig(
            vocab_size=20, hidden_size=16, intermediate_size=24, num_hidden_layers=2,
            num_attention_heads=2, num_key_value_heads=1, head_dim=8, max_position_embeddings=32,
        )  # fmt: skip
        model = Gemma3ForCausalLM(config)
        for name, parameter in model.named_parameters():
            torch.nn.init.normal_(parameter, std=0.2 if "norm" in name else 0.4)
    model.save_pretrained(where)
    words = Tokenizer(models.WordLevel({f"w{n}": n for n in range(20)}, unk_token="w0"))
    PreTrainedTokenizerFast(tokenizer_object=words, bos_token="w0").save_pretrained(where)
    return where


@pytest.fixture
def bridge(folder):
    return boot(folder, dtype=torch.float32, devices=["cpu"]).eval()


@pytest.fixture
def untouched(folder):
    return boot(folder, dtype=torch.float32, devices=["cpu"]).eval()


def logits(bridge, *hooks):
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # transformer-lens says that an edited norm is another one
        return bridge.run_with_hooks(TOKENS, fwd_hooks=list(hooks))


def test_every_number_stays_what_it_was(bridge, untouched):
    compute_norms_once(bridge)
    assert torch.equal(logits(bridge), logits(untouched))


def test_what_only_hooks_would_see_is_not_computed(bridge):
    norms = [each for each in bridge.modules() if isinstance(each, NormalizationBridge)]
    assert len(norms) == 2 * 6 + 1
    looked = []
    for norm in norms:
        norm.hook_scale.register_forward_hook(lambda *_: looked.append(1))
    logits(bridge)
    assert len(looked) == len(norms)  # so that the count would show it
    looked.clear()
    compute_norms_once(bridge)
    logits(bridge)
    assert not looked


def test_a_hook_on_a_scale_sees_it_as_before(bridge, untouched):
    compute_norms_once(bridge)
    seen = []
    for each in (bridge, untouched):
        logits(each, (SCALE, lambda scale, hook: seen.append(scale.clone())))
    assert len(seen) == 2
    assert torch.equal(*seen)


def test_an_edited_scale_changes_what_comes_out(bridge, untouched):
    compute_norms_once(bridge)

    def double(scale, hook):
        return 2 * scale

    edited = logits(bridge, (SCALE, double))
    assert torch.equal(edited, logits(untouched, (SCALE, double)))
    assert not torch.allclose(edited, logits(bridge))


def test_the_norm_after_a_hook_is_removed_is_quick_again(bridge):
    compute_norms_once(bridge)
    before = logits(bridge)
    logits(bridge, (SCALE, lambda scale, hook: 2 * scale))
    assert torch.equal(logits(bridge), before)

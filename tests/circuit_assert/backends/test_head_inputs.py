"""What heads read, against what the model's own modules compute."""

import pytest
import torch

from circuit_assert.components import Site


def read_at(backend, tokens, names, edits=None):
    kept = {}
    reads = {Site(0, name): [lambda a, name=name: kept.update({name: a.clone()})] for name in names}
    backend.run(tokens, reads=reads, edits=edits or {}, last_layer=0)
    return kept


def from_weights(backend, read, which):
    """Queries, keys or values of every query head: what the weights make of it, and the bias."""
    bias = getattr(backend._bridge.original_model.layers[0].attn, which).bias
    of_heads = bias.view(-1, 1, backend.card.d_head)
    shared = of_heads.repeat_interleave(backend.card.heads // len(of_heads), dim=0)
    return torch.einsum("bpm,hmd->bhpd", read, backend.head_input_weights(0, which)) + shared


def test_attention_and_its_values_follow_from_the_weights(backend, tokens):
    kept = read_at(backend, tokens, ("resid_pre", "pattern", "z"))
    read = backend.normalised(kept["resid_pre"])
    queries, keys, values = (from_weights(backend, read, which) for which in "qkv")
    scores = queries @ keys.transpose(-1, -2) / backend.card.d_head**0.5
    hidden = torch.ones(scores.shape[-2:]).triu(1).bool()
    pattern = scores.masked_fill(hidden, -torch.inf).softmax(-1)
    torch.testing.assert_close(pattern, kept["pattern"], atol=1e-4, rtol=1e-4)
    mixed = (kept["pattern"] @ values).transpose(1, 2)
    torch.testing.assert_close(mixed, kept["z"], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("effective", [False, True])
def test_embeddings_are_what_enters_without_positions_and_attention(backend, tokens, effective):
    plain = backend.token_embeddings(tokens.flatten()).view(*tokens.shape, -1)
    places = backend._bridge.original_model.pos.weight[: tokens.shape[1]]
    entering = read_at(backend, tokens, ("resid_pre",))["resid_pre"]
    torch.testing.assert_close(plain + places, entering, atol=1e-6, rtol=1e-6)
    edits = {Site(0, "resid_pre"): [lambda a: plain], Site(0, "attn_out"): [torch.zeros_like]}
    kept = read_at(backend, tokens, ("resid_mid", "resid_post"), edits)
    found = backend.token_embeddings(tokens.flatten(), effective=effective).view_as(plain)
    expected = kept["resid_post" if effective else "resid_mid"]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_planted_models_have_neither_rotary_positions_nor_query_norms(backend):
    assert not backend.has_rotary_positions
    assert not backend.has_query_key_norms

"""What heads read in the zoo's models, against what ran: norms, gains, shared keys and values."""

import pytest
import torch

from circuit_assert.components import Site

LAYER = 3


@pytest.fixture(scope="module", params=["gemma-3-270m", "smollm2-135m-instruct"])
def backend(request, backend_of):
    return backend_of(request.param)


@pytest.fixture
def tokens(backend):
    words = backend.tokenizer.encode(" The cat sat on the mat, and the dog sat on the cat.")
    return torch.tensor([[*backend.tokenizer.beginning, *words]])


def read_at(backend, tokens, layer, names, edits=None):
    kept = {}
    reads = {Site(layer, n): [lambda a, n=n: kept.update({n: a.clone()})] for n in names}
    backend.run(tokens, reads=reads, edits=edits or {}, last_layer=layer)
    return kept


def test_values_follow_from_the_weights(backend, tokens):
    kept = read_at(backend, tokens, LAYER, ("resid_pre", "pattern", "z"))
    read = backend.normalised(kept["resid_pre"])
    values = torch.einsum("bpm,hmd->bhpd", read, backend.head_input_weights(LAYER, "v"))
    mixed = (kept["pattern"] @ values).transpose(1, 2)
    torch.testing.assert_close(mixed, kept["z"], atol=1e-3, rtol=1e-3)


def test_the_effective_embedding_is_what_leaves_a_first_block_without_attention(backend, tokens):
    edits = {Site(0, "attn_out"): [torch.zeros_like]}
    kept = read_at(backend, tokens, 0, ("resid_pre", "resid_post"), edits)
    for name, effective in (("resid_pre", False), ("resid_post", True)):
        found = backend.token_embeddings(tokens[0], effective=effective)
        torch.testing.assert_close(found, kept[name][0], atol=1e-3, rtol=1e-4)


def test_what_the_zoo_s_models_have(backend):
    assert backend.has_rotary_positions
    assert backend.has_query_key_norms == (backend.name == "gemma-3-270m")

"""What is asked of all tokens' logits comes out alike, in pieces or at once."""

import math

import pytest
import torch

from circuit_assert.backends import bridge_logits
from circuit_assert.backends.load import load
from circuit_assert.backends.vocabulary import divergences, log_probabilities, top_tokens
from circuit_assert.models.planted_models import confidence_model, lookup_model
from circuit_assert.models.spec import spec_of

ROWS, VOCABULARY = 7, 30


@pytest.fixture(params=[VOCABULARY, 11, 1], ids=["whole", "uneven", "single"])
def size(request):
    return request.param


@pytest.fixture
def logits():
    return 6 * torch.randn(ROWS, VOCABULARY, generator=torch.Generator().manual_seed(0))


def pieces(logits, size):
    for first in range(0, logits.shape[-1], size):
        yield first, logits[:, first : first + size].clone()


def test_log_probabilities_are_those_of_the_whole(logits, size):
    tokens = torch.stack([torch.arange(ROWS) * 4 + 1, torch.arange(ROWS)], dim=1)
    whole = torch.log_softmax(logits.double(), -1).gather(1, tokens)
    assert whole.min() < -6
    found = log_probabilities(pieces(logits, size), tokens)
    torch.testing.assert_close(found.double(), whole, rtol=1e-6, atol=1e-6)


def test_a_probability_near_one_is_told_from_one(logits, size):
    """Far above zero, where adding the largest logit back would round the difference away."""
    logits = torch.zeros(2, VOCABULARY)
    logits[:, 4], logits[1, 20] = 300.0, 285.0
    found = log_probabilities(pieces(logits, size), torch.tensor([[4], [4]]))[:, 0]
    assert found.tolist() == pytest.approx([0.0, -3.06e-7], abs=1e-7)
    assert found[0] != found[1]


def test_no_logit_is_too_large_or_too_small(size):
    logits = torch.full((1, VOCABULARY), -1e4)
    logits[0, 3] = 1e4
    assert log_probabilities(pieces(logits, size), torch.tensor([[3]])).item() == 0.0
    assert log_probabilities(pieces(logits, size), torch.tensor([[5]])).item() == pytest.approx(
        -2e4
    )


def test_entropies_are_those_of_the_whole(logits, size):
    logits[0] += 300.0
    logits[1] = -300.0  # all the same
    logs = torch.log_softmax(logits.double(), -1)
    found = -divergences(pieces(logits, size))
    torch.testing.assert_close(found.double(), -(logs.exp() * logs).sum(-1), rtol=2e-6, atol=2e-6)
    assert found[1].item() == pytest.approx(math.log(VOCABULARY))


def test_divergences_are_those_of_the_whole(logits, size):
    other = torch.log_softmax(torch.linspace(-9, 3, VOCABULARY), -1)
    logits[0] = other + 50.0
    logs = torch.log_softmax(logits.double(), -1)
    found = divergences(pieces(logits, size), other)
    expected = (logs.exp() * (logs - other)).sum(-1)
    torch.testing.assert_close(found.double(), expected, rtol=2e-6, atol=4e-6)
    assert found[0].item() == pytest.approx(0.0, abs=4e-6)


@pytest.mark.parametrize("k", [1, 3, VOCABULARY])
def test_the_top_is_that_of_the_whole(logits, size, k):
    found = top_tokens(pieces(logits, size), k)
    assert torch.equal(found, logits.topk(k, dim=-1).indices)


def test_a_model_gives_the_same_in_pieces(monkeypatch):
    backend = load(spec_of(lookup_model()))
    residual = torch.randn(9, backend.card.d_model, generator=torch.Generator().manual_seed(1))
    tokens = torch.arange(9)[:, None] + backend.card.vocabulary - 9
    whole = backend.log_probabilities(residual, tokens), backend.top_tokens(residual, 5)
    made = []
    linear = bridge_logits.linear
    monkeypatch.setattr(bridge_logits, "linear", lambda *given: made.append(0) or linear(*given))
    monkeypatch.setattr(bridge_logits, "_TOKENS_AT_ONCE", 13)
    monkeypatch.setattr(bridge_logits, "_ROWS_OF_PIECES", 4)
    torch.testing.assert_close(backend.log_probabilities(residual, tokens), whole[0])
    logits = [
        backend.token_logits(residual, top) for top in (backend.top_tokens(residual, 5), whole[1])
    ]
    torch.testing.assert_close(*logits)  # of tokens that are alike, any may come first
    assert len(made) == 2 * 3 * -(-backend.card.vocabulary // 13)


def test_entropies_and_divergences_of_a_model_are_the_same_in_pieces(monkeypatch):
    backend = load(spec_of(confidence_model()))
    residual = torch.randn(9, backend.card.d_model, generator=torch.Generator().manual_seed(1))
    scale, other = torch.linspace(1, 2, 9), torch.linspace(-9, 0, backend.card.vocabulary)
    logs = torch.log_softmax(backend.all_logits(residual).double(), -1)
    whole = backend.entropy(residual), backend.entropy(residual, scale)
    torch.testing.assert_close(whole[0].double(), -(logs.exp() * logs).sum(-1))
    assert not torch.isclose(*whole).any()
    monkeypatch.setattr(bridge_logits, "_TOKENS_AT_ONCE", 13)
    monkeypatch.setattr(bridge_logits, "_ROWS_OF_PIECES", 4)
    torch.testing.assert_close(backend.entropy(residual), whole[0])
    torch.testing.assert_close(backend.entropy(residual, scale), whole[1])
    expected = (logs.exp() * (logs - other)).sum(-1).float()
    torch.testing.assert_close(backend.divergence(residual, other), expected)

"""Entropy and token-frequency neurons of SmolLM2 135M (Gurnee et al. 2024, arXiv:2401.12181;
Stolfo et al. 2024, arXiv:2406.16254).

Candidates come from weights alone: of the last two layers, the largest neurons whose output tokens
are least told apart by; and those whose output correlates most with the log frequency of tokens on
the discovery half of the documents. The bounds, 0.05 nats, were set before any effect was looked
at. The largest of all by weights, L28N678, is hardly ever active.
"""

import pytest

from circuit_assert import neuron_is_entropy_neuron, neuron_is_token_frequency_neuron


def test_is_an_entropy_neuron(smollm2):
    assert neuron_is_entropy_neuron(smollm2["L29N729"], by=0.05)


def test_a_neuron_that_is_one_by_its_weights_and_hardly_active_is_none(smollm2):
    assert not neuron_is_entropy_neuron(smollm2["L28N678"], by=0.05)


@pytest.mark.open_claim(
    "32 documents: the change of the divergence is above 0.05 nats only in part"
)
def test_is_a_token_frequency_neuron(smollm2):
    assert neuron_is_token_frequency_neuron(smollm2["L29N645"], by=0.05)

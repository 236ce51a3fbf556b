"""Entropy and token-frequency neurons of Gemma 3 270M (Gurnee et al. 2024, arXiv:2401.12181;
Stolfo et al. 2024, arXiv:2406.16254).

Candidates come from weights alone: of the last two layers, the largest neurons whose output tokens
are least told apart by; and those whose output correlates most with the log frequency of tokens on
the discovery half of the documents. The bounds, 0.05 nats, were set before any effect was looked
at. With the final scale frozen, the entropy moves the other way for some: shares are above one.
"""

import pytest

from circuit_assert import neuron_is_entropy_neuron, neuron_is_token_frequency_neuron


@pytest.mark.parametrize("neuron", ["L17N1650", "L16N1591"])
def test_is_an_entropy_neuron(gemma, neuron):
    assert neuron_is_entropy_neuron(gemma[neuron], by=0.05)


def test_a_neuron_that_writes_by_frequency_and_changes_little_is_none(gemma):
    assert not neuron_is_token_frequency_neuron(gemma["L16N940"], by=0.05)


@pytest.mark.open_claim(
    "32 documents: the change of the divergence is above 0.05 nats only in part"
)
def test_is_a_token_frequency_neuron(gemma):
    assert neuron_is_token_frequency_neuron(gemma["L17N1853"], by=0.05)

"""Single neurons of Gemma 3 270M, by what they write and where they are active.

Of Neo et al. 2024 (arXiv:2402.15055) and Gurnee et al. 2024 (arXiv:2401.12181). Candidates come
from the weights alone: of the last four layers, pairs of neuron and frequent token that are each
other's most congruent; of the last but one, neurons with a large kurtosis over the vocabulary. All
documents test them. The AUROC to exceed, 0.6, was set beforehand; which way the neurons of large
kurtosis are active was seen on these documents.
"""

from circuit_assert import (
    neuron_is_prediction_neuron,
    neuron_is_suppression_neuron,
    neuron_prefers_next_token,
    plain_text,
)


def prefers(neuron, token):
    return neuron_prefers_next_token(neuron, token, on=plain_text(), by=0.6)


def test_prefers(gemma):
    assert prefers(gemma["L14N413"], " and")


def test_a_neuron_that_is_congruent_and_not_active_before_its_token_does_not(gemma):
    assert not prefers(gemma["L15N1397"], " of")


def test_is_a_prediction_neuron(gemma):
    assert neuron_is_prediction_neuron(gemma["L16N378"])


def test_is_a_suppression_neuron(gemma):
    assert neuron_is_suppression_neuron(gemma["L16N1183"])
    assert not neuron_is_prediction_neuron(gemma["L16N1183"])

"""Prediction and suppression neurons in SmolLM2 135M (Gurnee et al. 2024, arXiv:2401.12181).

Candidates are neurons of the last six layers with a large kurtosis over the vocabulary, by weights
alone. As in the paper they are rare before the last layer (0.1 to 0.7 % of a layer's neurons exceed
10; of the last layer's 8 %). The paper's models are not gated. Here activations are signed, and the
sign of the skew alone would be wrong about three of these six: L29N1089 and L29N876 point away from
their tokens (skew -5.1 and -4.7) with an activation that is below zero, and raise them. Which way
the neurons are active was seen on these documents and not known before.
"""

import pytest

from circuit_assert import neuron_is_prediction_neuron, neuron_is_suppression_neuron


@pytest.mark.parametrize("neuron", ["L28N543", "L29N1260", "L29N1089", "L29N876"])
def test_is_a_prediction_neuron(smollm2, neuron):
    assert neuron_is_prediction_neuron(smollm2[neuron])


@pytest.mark.parametrize("neuron", ["L27N1316", "L26N360"])
def test_is_a_suppression_neuron(smollm2, neuron):
    assert neuron_is_suppression_neuron(smollm2[neuron])
    assert not neuron_is_prediction_neuron(smollm2[neuron])


def test_a_next_token_neuron_is_no_prediction_neuron_by_its_kurtosis(smollm2):
    assert not neuron_is_prediction_neuron(smollm2["L28N489"])

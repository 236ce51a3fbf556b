"""Neurons of SmolLM2 135M that read what neurons of the layer before write (Elhage et al. 2021).

All pairs of neighbouring layers were looked at, by both rows, and of each pair of layers the one
with the largest cosine was noted: it is around 0.8 for a few, and 0.04 is what independent
directions have. So these are found pairs, not named beforehand; weights have no second half to test
them on. L28N489 was known before: it promotes " to" (test_next_token_neurons.py).
"""

from circuit_assert import virtual_weight_is


def test_what_promotes_to_opens_the_gate_of_another_neuron(smollm2):
    assert virtual_weight_is(smollm2["L28N489"], smollm2["L29N160"], by=0.5, via="gate")


def test_it_reads_it_by_its_other_row_too(smollm2):
    """That it does not was expected; a neuron that reads one direction twice squares it."""
    assert virtual_weight_is(smollm2["L28N489"], smollm2["L29N160"], by=0.5, via="up")


def test_a_pair_of_the_first_third_of_the_model(smollm2):
    assert virtual_weight_is(smollm2["L5N1240"], smollm2["L6N1259"], by=0.5, via="up")


def test_neurons_of_one_number_have_nothing_to_do_with_each_other(smollm2):
    assert not virtual_weight_is(smollm2["L5N100"], smollm2["L6N100"], by=0.1, via="up")

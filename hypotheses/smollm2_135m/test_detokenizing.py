"""Neurons that take tokens for words, or turn words into tokens, in SmolLM2 135M.

After Gurnee et al. 2023 (arXiv:2305.01610) and Lad et al. 2024 (arXiv:2406.19384). The neuron for
" New York" is, of the first five layers, the most active on it of those with a share above 0.6, on
the discovery half of the documents. Those for words of several tokens are of the last two layers:
by activation before such tokens times congruence with them, on the discovery half of the German
paragraphs, whose words are cut much. Bounds were set before any test half was looked at, but
for the 0.9 that is denied. Without
what these two write, the model does no worse inside of words than at their beginnings; and all
MLPs of the last layers matter much inside of words, so that nothing is left to compare one with.

That split words are put together in the first half of the layers is after Kaplan et al. 2024
(arXiv:2410.05864), who find it in early and middle layers, around 8 to 15 in mid-size models; that
this is the first half is our reading, set beforehand like the 0.1. On the discovery half a whole
word stands above 0.59 of the others at layer 9 of 30, and above 0.68 at the last; put as its own
token, above 0.6 to 0.8 at any.
"""

import pytest

from circuit_assert import (
    detokenization_peaks_early,
    neuron_detokenizes,
    neuron_retokenizes,
    paragraphs,
)


def test_a_neuron_of_the_second_layer_detokenizes_new_york(smollm2):
    assert neuron_detokenizes(smollm2["L1N505"], " New York", by=0.5)


def test_it_is_not_that_word_alone(smollm2):
    assert not neuron_detokenizes(smollm2["L1N505"], " New York", by=0.9)


@pytest.mark.parametrize("neuron", ["L28N45", "L29N525"])
def test_does_not_retokenize(smollm2, neuron):
    assert not neuron_retokenizes(smollm2[neuron], on=paragraphs("de"), by=0.01)


@pytest.mark.open_claim("its peers, the MLPs nearest to it, do as much: there are none to compare")
def test_the_last_mlp_retokenizes(smollm2):
    assert neuron_retokenizes(smollm2["L29MLP"], on=paragraphs("de"), by=0.1)


@pytest.mark.open_claim("early layers hardly say which word they hold even where it is one token")
def test_split_words_are_put_together_best_in_the_first_half_of_the_layers(smollm2):
    assert detokenization_peaks_early(smollm2, share=0.5, by=0.1)

"""Neurons of Gemma 3 270M that tell a language (Gurnee et al. 2023, arXiv:2305.01610).

The same paragraphs in English, French, Spanish and Chinese, 24 tokens of each. On their discovery
half (hypotheses/find_neurons.py) the neurons of all layers that tell Chinese with the widest margin
were ablated: without L12N1488 Chinese lost 0.21 nats and others nothing, without most of the others
less than 0.06. `by` and `loss` were set beforehand.
"""

from circuit_assert import document_label, neuron_is_context_neuron, paragraphs
from circuit_assert.prompts.truncated import Truncated

ON = Truncated(paragraphs("en", "fr", "es", "zh"), 24)


def tells(neuron, language):
    return neuron_is_context_neuron(
        neuron, document_label("language", language), on=ON, by=0.8, loss=0.02
    )


def test_is_of_chinese(gemma):
    assert tells(gemma["L12N1488"], "zh")


def test_a_neuron_of_chinese_is_none_of_french(gemma):
    assert not tells(gemma["L14N1542"], "fr")

"""Heads that activate next-token neurons in SmolLM2 135M (Neo et al. 2024, arXiv:2402.15055).

Heads were found by `circuit_assert.next_token_neurons` on one half of the documents: where each
neuron is most active, cut to what makes it so, and the heads of the layers before that add most to
what it reads there. They are tested on the other half. The share of the activation that counts, a
twentieth, was set before the test half was looked at.
"""

import pytest

from circuit_assert import head_activates_neuron, plain_text

DOCUMENTS = plain_text().half("test")


def activates(head, neuron, token):
    return head_activates_neuron(head, neuron, token, on=DOCUMENTS, by=0.05)


@pytest.mark.parametrize(
    ("head", "neuron", "token"),
    [
        ("L25H3", "L28N489", " to"),
        ("L26H8", "L27N105", " and"),
        ("L26H7", "L27N105", " and"),
        ("L19H6", "L27N105", " and"),
        ("L26H2", "L27N1483", " it"),
    ],
)
def test_activates(smollm2, head, neuron, token):
    assert activates(smollm2[head], smollm2[neuron], token)


@pytest.mark.parametrize(
    ("head", "neuron", "token"), [("L25H3", "L27N105", " and"), ("L3H2", "L28N489", " to")]
)
def test_a_head_of_another_neuron_does_not(smollm2, head, neuron, token):
    assert not activates(smollm2[head], smollm2[neuron], token)

"""Heads that activate next-token neurons in SmolLM2 135M (Neo et al. 2024, arXiv:2402.15055).

Heads were found by `circuit_assert.next_token_neurons` on one half of the documents: where each
neuron is most active, cut to what makes it so, and the heads of the layers before that add most to
what it reads there. They are tested on the other half. The share of the activation that counts, a
twentieth, was set before the test half was looked at.

The attribution holds up: what each of these heads adds is larger where its neuron is active, in
documents that did not choose it. The effect is small: without the head, 3 to 9 % of the activation
is lost, too little to tell from a twentieth in 32 documents, or less than that.
"""

import pytest

from circuit_assert import head_activates_neuron, plain_text

DOCUMENTS = plain_text().half("test")


def activates(head, neuron, token):
    return head_activates_neuron(head, neuron, token, on=DOCUMENTS, by=0.05)


@pytest.mark.open_claim("32 documents do not tell the share lost (9 %, 6 %) from a twentieth")
@pytest.mark.parametrize(
    ("head", "neuron", "token"),
    [("L25H3", "L28N489", " to"), ("L26H7", "L27N105", " and")],
)
def test_activates(smollm2, head, neuron, token):
    assert activates(smollm2[head], smollm2[neuron], token)


def test_the_head_that_adds_most_takes_little_with_it(smollm2):
    """Its attribution is the largest of all heads, and without it hardly anything is lost."""
    assert not activates(smollm2["L26H8"], smollm2["L27N105"], " and")


def test_a_head_of_another_neuron_does_not(smollm2):
    assert not activates(smollm2["L25H3"], smollm2["L27N105"], " and")

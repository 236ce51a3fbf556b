"""Next-token neurons in SmolLM2 135M (Miller & Neo 2023; Neo et al. 2024, arXiv:2402.15055).

A late neuron whose output points to one token's unembedding may promote that token: be active
before it, and raise its logit there. Pointing is not enough. Of the neurons of the last six layers
that are most congruent with a frequent token, about as many are quiet where the token comes next.

Candidates come from the weights (`congruent_neurons(smollm2, layers=range(24, 30))`) and were
chosen on one half of the documents; they are tested on the other. Effects are in logits of the
token against tokens of like frequency; those supported here are 0.3 to 0.7.

Preference is the weaker claim: congruence is mutual, and the neuron is active before the token, of
whatever use that is. Its candidates are pairs that are each other's most congruent, those with the
largest z in the last six layers: by weights alone, so that all documents can test them. The AUROC
to exceed, 0.6, was set beforehand. In the last two layers such neurons are less active before their
token than before others as frequent.
"""

import pytest

from circuit_assert import neuron_prefers_next_token, neuron_promotes_token, plain_text

DOCUMENTS = plain_text().half("test")


def promotes(neuron, token):
    return neuron_promotes_token(neuron, token, on=DOCUMENTS, by=0.1)


@pytest.mark.parametrize(
    ("neuron", "token"),
    [
        ("L28N489", " to"),
        ("L27N105", " and"),
        ("L28N12", ","),
    ],
)
def test_promotes(smollm2, neuron, token):
    assert promotes(smollm2[neuron], token)


@pytest.mark.parametrize(("neuron", "token"), [("L28N461", " and"), ("L29N160", " to")])
def test_a_congruent_neuron_that_is_quiet_before_the_token_does_not(smollm2, neuron, token):
    assert not promotes(smollm2[neuron], token)


def test_a_next_token_neuron_promotes_no_other_token(smollm2):
    assert not promotes(smollm2["L28N489"], " and")


@pytest.mark.open_claim("too few documents hold ' right', and elsewhere might have")
def test_the_neuron_that_points_to_right_promotes_it(smollm2):
    assert promotes(smollm2["L27N1263"], " right")


def prefers(neuron, token):
    return neuron_prefers_next_token(neuron, token, on=plain_text(), by=0.6)


@pytest.mark.parametrize(
    ("neuron", "token"), [("L27N58", " to"), ("L27N1483", " it"), ("L26N1469", " of")]
)
def test_prefers(smollm2, neuron, token):
    assert prefers(smollm2[neuron], token)


@pytest.mark.parametrize(("neuron", "token"), [("L29N807", " that"), ("L28N8", " on")])
def test_a_neuron_that_is_quiet_before_its_best_token_does_not_prefer_it(smollm2, neuron, token):
    assert not prefers(smollm2[neuron], token)

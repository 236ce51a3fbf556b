"""A neuron for a word of two tokens, and neurons for one of them."""

import pytest

from circuit_assert import neuron_detokenizes
from circuit_assert.errors import ClaimError, ComponentError, TokenError
from circuit_assert.models.planted_models import COMPOUND, compound_documents, compound_model
from circuit_assert.session import Session
from circuit_assert.stats import Verdict

PLAIN, GATED = compound_model(), compound_model(gated=True)
BOTH = pytest.mark.parametrize("planted", [PLAIN, GATED], ids=["plain", "gated"])
DOCUMENTS = compound_documents()


def detokenizes(model, neuron, word=COMPOUND, by=0.5):
    return neuron_detokenizes(model[neuron], word, on=DOCUMENTS, by=by)


@BOTH
def test_the_neuron_for_both_tokens_together_detokenizes_the_word(model_of, planted):
    assert detokenizes(model_of(planted), "L1N0")


@BOTH
def test_neurons_for_one_token_or_for_all_do_not(model_of, planted):
    for neuron in ("L1N1", "L1N2", "L1N3"):
        assert not detokenizes(model_of(planted), neuron)


def test_another_word_is_not_what_it_detokenizes(model_of):
    model = model_of(PLAIN)
    for word in (" w9 w5", " w5 w10", " w30 w12"):
        assert detokenizes(model, "L1N0", word).check().verdict is not Verdict.SUPPORTED
    assert detokenizes(model, "L1N4").check().verdict is not Verdict.SUPPORTED
    assert detokenizes(model, "L1N4", " w30 w12")


def test_a_neuron_that_either_token_drives_half_as_much_does_not_do_it_by_more(model_of):
    model = model_of(compound_model(alone=0.8))
    assert detokenizes(model, "L1N0", by=0.3)
    assert not detokenizes(model, "L1N0", by=0.8)


def test_nothing_is_supported_of_random_weights():
    model = Session().model(PLAIN.with_random_weights(0))
    claims = [detokenizes(model, f"L1N{n}", by=0.1) for n in range(12)]
    assert Verdict.SUPPORTED not in {one.verdict for one in model.court.evaluate(claims)}


def test_wrong_use_is_refused(model_of):
    model = model_of(PLAIN)
    with pytest.raises(ComponentError, match="one neuron"):
        detokenizes(model, "L1H0")
    with pytest.raises(ClaimError, match="share"):
        detokenizes(model, "L1N0", by=1.0)
    with pytest.raises(TokenError, match="two tokens"):
        detokenizes(model, "L1N0", " w1 w2 w3").check()

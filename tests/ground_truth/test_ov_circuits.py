"""OV claims on models that were built with heads that copy, and with decoys of them."""

import numpy as np
import pytest

from circuit_assert import Session, ov_circuit_copies, token_sample
from circuit_assert.errors import ClaimError, ComponentError, PromptError, TokenError
from circuit_assert.models.planted_models import copying_model, graded_copying_model
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE
PLAIN, GROUPED = copying_model(), copying_model(grouped_queries=True)
BOTH = pytest.mark.parametrize("planted", [PLAIN, GROUPED], ids=lambda model: model.name)
QUARTERS = ("L1H2", "L1H3", "L1H4", "L1H5")

# address → embedding, and the criteria that decide against it
DECOYS = {
    "L0H1": ("plain", {"spectrum", "diagonal"}),
    "L0H2": ("plain", {"spectrum", "diagonal"}),
    "L0H3": ("plain", {"diagonal"}),
    "L0H4": ("plain", {"spectrum"}),
    "L0H5": ("plain", {"diagonal"}),
    "L1H0": ("plain", {"diagonal"}),
    "L1H1": ("effective", {"spectrum", "diagonal"}),
    "L1H2": ("plain", {"diagonal"}),
    "L1H3": ("plain", {"diagonal"}),
    "L1H4": ("plain", {"diagonal"}),
    "L1H5": ("plain", {"diagonal"}),
}


def verdicts(evidence):
    return {found.name: found.verdict for found in evidence.findings}


@BOTH
@pytest.mark.parametrize(
    ("addresses", "embedding"),
    [(("L0H0",), "plain"), (("L1H0",), "effective"), (("L1H1",), "plain"), (QUARTERS, "plain")],
    ids=str,
)
def test_heads_that_copy_do(model_of, planted, addresses, embedding):
    evidence = ov_circuit_copies(model_of(planted)[addresses], embedding=embedding).check()
    assert evidence.verdict is SUPPORTED
    assert set(verdicts(evidence).values()) == {SUPPORTED}


@BOTH
@pytest.mark.parametrize("address", DECOYS)
def test_a_decoy_is_refused_by_the_criterion_that_it_fails(model_of, planted, address):
    embedding, criteria = DECOYS[address]
    evidence = ov_circuit_copies(model_of(planted)[address], embedding=embedding).check()
    found = verdicts(evidence)
    assert evidence.verdict is REFUTED
    assert {name for name in found if found[name] is REFUTED} == criteria


def test_every_head_said_to_be_a_decoy_is_tested():
    assert set(PLAIN.false) == set(DECOYS)


@BOTH
def test_a_positive_spectrum_is_not_enough(model_of, planted):
    found = verdicts(ov_circuit_copies(model_of(planted)["L0H3"]).check())
    assert found["spectrum"] is SUPPORTED


@BOTH
def test_nor_is_the_diagonal(model_of, planted):
    found = verdicts(ov_circuit_copies(model_of(planted)["L0H4"]).check())
    assert found["diagonal"] is SUPPORTED


def test_the_embedding_is_said(model_of):
    for embedding, words in (("plain", "embedding alone"), ("effective", "the first MLP")):
        claim = ov_circuit_copies(model_of(PLAIN)["L1H0"], embedding=embedding)
        spectrum = claim.check().findings[0]
        assert any(words in note for note in spectrum.notes)


@pytest.mark.parametrize(("planted", "seed"), [(PLAIN, 0), (PLAIN, 1), (GROUPED, 2)])
def test_nothing_is_supported_of_a_model_with_random_weights(planted, seed):
    session = Session()
    model = session.model(planted.with_random_weights(seed))
    heads = [model.head(layer, head) for layer in range(2) for head in range(6)]
    claims = [ov_circuit_copies(head, by=0.2, share=0.3) for head in heads]
    claims += [
        ov_circuit_copies(head, embedding="effective", by=0.2, share=0.3) for head in heads[6:]
    ]
    assert not [e.sentence for e in session.evaluate(claims) if e.verdict is SUPPORTED]


def test_a_control_that_rotates_and_mismatches_refuses_what_any_head_would_pass(model_of):
    """With bounds that anything meets, the spectrum still has to beat chance."""
    claim = ov_circuit_copies(model_of(PLAIN)["L0H2"], by=-0.99, share=0.0, top=79)
    evidence = claim.check()
    assert evidence.verdict is INCONCLUSIVE
    assert verdicts(evidence)["beyond chance"] is not SUPPORTED


def test_tokens_by_name_are_a_class_of_their_own(model_of):
    """A head that copies a quarter of the tokens copies these."""
    own = [f" w{n}" for n in range(1, 80, 4)]
    other = [f" w{n}" for n in range(2, 80, 4)]
    head = model_of(PLAIN)["L1H3"]
    assert ov_circuit_copies(head, tokens=own).check().verdict is SUPPORTED
    assert ov_circuit_copies(head, tokens=other).check().verdict is REFUTED


def test_other_samples_are_other_tokens(model_of):
    model = Session().model(graded_copying_model("test", np.eye(12)))
    claims = [
        ov_circuit_copies(model["L0H0"], tokens=token_sample(200, seed=seed)) for seed in (0, 1)
    ]
    shares = [claim.check().findings[1].effect for claim in claims]
    assert shares[0] != shares[1]
    assert claims[0] != claims[1]


@pytest.mark.parametrize(
    ("address", "arguments", "error", "message"),
    [
        ("L0H0", {"embedding": "effective"}, ClaimError, "before the first MLP"),
        ("L0H0", {"embedding": "token"}, ClaimError, "no embedding 'token'"),
        ("L0H0", {"by": 1.0}, ClaimError, "by lies in"),
        ("L0H0", {"tokens": " w1"}, PromptError, "tokens=token_sample"),
        ("L0H0", {"tokens": []}, PromptError, "tokens=token_sample"),
        ("L0.mlp", {}, ComponentError, "about heads"),
    ],
)
def test_bad_input_is_refused_before_a_model_loads(address, arguments, error, message):
    with pytest.raises(error, match=message):
        ov_circuit_copies(Session().model(PLAIN)[address], **arguments)


def test_a_text_that_is_no_token_is_said(model_of):
    with pytest.raises(TokenError, match="two tokens"):
        ov_circuit_copies(model_of(PLAIN)["L0H0"], tokens=[" w1 w2", " w3"]).check()

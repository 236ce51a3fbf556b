"""Copy suppression on models in which heads look for what is predicted, and lower it."""

import pytest

from circuit_assert import Session, head_suppresses_copies
from circuit_assert.errors import ClaimError, ComponentError, PromptError
from circuit_assert.models.planted_models import suppressing_documents, suppressing_model
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE
PLAIN, GROUPED = suppressing_model(), suppressing_model(grouped_queries=True)
BOTH = pytest.mark.parametrize("planted", [PLAIN, GROUPED], ids=lambda model: model.name)
TEXT = suppressing_documents()
DECOYS = {"L1H1": "OV", "L1H2": "QK", "L1H3": "in use", "L1H4": "OV", "L1H5": "QK"}


def suppresses(model, address, **options):
    return head_suppresses_copies(model[address], on=TEXT, **options).check()


def verdicts(evidence):
    return {found.name: found.verdict for found in evidence.findings}


@BOTH
def test_the_head_that_suppresses_copies_does(model_of, planted):
    evidence = suppresses(model_of(planted), "L1H0")
    assert evidence.verdict is SUPPORTED
    assert set(verdicts(evidence).values()) == {SUPPORTED}


@BOTH
@pytest.mark.parametrize("address", DECOYS)
def test_a_decoy_is_refused_by_the_criterion_that_it_fails(model_of, planted, address):
    evidence = suppresses(model_of(planted), address)
    found = verdicts(evidence)
    assert evidence.verdict is REFUTED
    assert {name for name in ("OV", "QK", "in use") if found[name] is REFUTED} == {DECOYS[address]}


def test_every_head_said_to_be_a_decoy_is_tested():
    assert set(PLAIN.false) == set(DECOYS)


@BOTH
def test_weights_alone_are_not_enough(model_of, planted):
    found = verdicts(suppresses(model_of(planted), "L1H3"))
    assert found["OV"] is found["QK"] is SUPPORTED


def test_heads_alike_are_no_evidence_of_one(altered):
    """The controls by other heads: with all of them suppressing, nothing is special about one."""

    def alike(tensors):
        for name in ("q.weight", "k.weight", "v.weight", "q.bias"):
            tensor = tensors[f"layers.1.attn.{name}"]
            first = tensor[: len(tensor) // 6]
            tensor.copy_(first.repeat(6, *(1,) * (first.ndim - 1)))
        output = tensors["layers.1.attn.o.weight"]
        output.copy_(output[:, : output.shape[1] // 6].repeat(1, 6))

    evidence = suppresses(Session().model(altered(PLAIN, "alike", alike)), "L1H0")
    found = verdicts(evidence)
    assert evidence.verdict is INCONCLUSIVE
    assert found["OV"] is found["QK"] is found["in use"] is SUPPORTED
    assert found["lowers unlike others"] is found["looks unlike others"] is not SUPPORTED


def test_a_head_that_rests_is_open_in_use(model_of):
    evidence = suppresses(model_of(PLAIN), "L1H0", attended=0.9999)
    assert evidence.verdict is INCONCLUSIVE
    assert "more than 0.9999 of its attention" in evidence.reason


def test_the_evidence_says_how_queries_and_keys_were_made(model_of):
    notes = [n for found in suppresses(model_of(PLAIN), "L1H0").findings for n in found.notes]
    assert any("the model's own queries and keys" in note for note in notes)
    assert any("places in 40 of 40 texts" in note for note in notes)


@pytest.mark.parametrize("planted", [PLAIN, GROUPED], ids=lambda model: model.name)
@pytest.mark.parametrize("seed", range(2))
def test_nothing_is_supported_of_a_model_with_random_weights(planted, seed):
    session = Session()
    model = session.model(planted.with_random_weights(seed))
    claims = [
        head_suppresses_copies(model.head(1, head), on=TEXT, by=0.2, attended=0.03)
        for head in range(6)
    ]
    assert not [e.sentence for e in session.evaluate(claims) if e.verdict is SUPPORTED]


@pytest.mark.parametrize(
    ("address", "arguments", "error", "message"),
    [
        ("L0H0", {}, ClaimError, "before the first MLP"),
        ("L1.mlp", {}, ComponentError, "about one head"),
        (("L1H0", "L1H1"), {}, ComponentError, "about one head"),
        ("L1H0", {"by": 1.0}, ClaimError, "by lies in"),
        ("L1H0", {"attended": 0.0}, ClaimError, "attended lies in"),
        ("L1H0", {"distances": ()}, ClaimError, "distances"),
        ("L1H0", {"tokens": " w1"}, PromptError, "tokens=token_sample"),
    ],
)
def test_bad_input_is_refused_before_a_model_loads(address, arguments, error, message):
    with pytest.raises(error, match=message):
        head_suppresses_copies(Session().model(PLAIN)[address], on=TEXT, **arguments)

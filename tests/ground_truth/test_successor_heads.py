"""Successor heads on models in which heads count on, back, or not at all."""

import pytest

from circuit_assert import Session, head_is_successor
from circuit_assert.errors import ClaimError, ComponentError, PromptError
from circuit_assert.models.planted_models import counting_model, naming_model
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE
PLAIN, GROUPED = counting_model(), counting_model(grouped_queries=True)
BOTH = pytest.mark.parametrize("planted", [PLAIN, GROUPED], ids=lambda model: model.name)
TOGETHER = ("L1H6", "L1H7")

# address → the criteria that decide against it
DECOYS = {
    "L1H1": {"succession", "every class"},
    "L1H2": {"succession", "every class"},
    "L1H3": {"succession"},
    "L1H4": {"every class"},
    "L1H5": {"succession", "every class"},
    "L1H6": {"every class"},
    "L1H7": {"every class"},
}


def verdicts(evidence):
    return {found.name: found.verdict for found in evidence.findings}


@BOTH
@pytest.mark.parametrize("addresses", ["L1H0", TOGETHER], ids=str)
def test_heads_that_count_on_do(model_of, planted, addresses):
    evidence = head_is_successor(model_of(planted)[addresses]).check()
    assert evidence.verdict is SUPPORTED
    assert set(verdicts(evidence).values()) == {SUPPORTED}


@BOTH
@pytest.mark.parametrize("address", DECOYS)
def test_a_decoy_is_refused_by_the_criterion_that_it_fails(model_of, planted, address):
    evidence = head_is_successor(model_of(planted)[address]).check()
    found = verdicts(evidence)
    assert evidence.verdict is REFUTED
    assert {name for name in DECOYS[address] if found[name] is REFUTED} == DECOYS[address]


def test_every_head_said_to_be_a_decoy_is_tested():
    assert set(PLAIN.false) == set(DECOYS)


def test_a_share_of_all_words_is_not_enough(model_of):
    found = verdicts(head_is_successor(model_of(PLAIN)["L1H4"]).check())
    assert found["succession"] is SUPPORTED


@pytest.mark.parametrize("address", ["L1H1", "L1H2", "L1H3"])
def test_with_a_bound_that_anything_meets_the_controls_refuse(model_of, address):
    evidence = head_is_successor(model_of(PLAIN)[address], by=0.0).check()
    assert evidence.verdict is not SUPPORTED


def test_the_classes_can_be_named_and_the_sentence_names_them(model_of):
    model = model_of(PLAIN)
    words, symbols = ["number words", "days", "months"], ["numbers", "letters"]
    assert head_is_successor(model["L1H7"], classes=words).check().verdict is SUPPORTED
    evidence = head_is_successor(model["L1H6"], classes=symbols).check()
    assert evidence.verdict is SUPPORTED
    assert "is a successor head over numbers, letters" in evidence.sentence
    assert head_is_successor(model["L1H6"], classes=words).check().verdict is REFUTED


def test_classes_that_are_no_single_tokens_are_left_out_unless_they_are_named(model_of):
    evidence = head_is_successor(model_of(PLAIN)["L1H0"]).check()
    notes = evidence.findings[0].notes
    assert any("months 100% of 11" in note for note in notes)
    assert not any("ordinal_words" in note for note in notes)
    named = head_is_successor(model_of(PLAIN)["L1H0"], classes=["days", "ordinal_words"]).check()
    assert named.verdict is INCONCLUSIVE
    assert "ordinal_words 0" in named.reason


def test_a_model_without_such_words_is_told_so(model_of):
    evidence = head_is_successor(model_of(naming_model())["L1H0"]).check()
    assert evidence.verdict is INCONCLUSIVE
    assert "single tokens" in evidence.reason


def test_heads_alike_are_no_evidence_of_one(altered):
    """The control by other heads: with all of them counting on, nothing is special about one."""

    def alike(tensors):
        output = tensors["layers.1.attn.o.weight"]
        output.copy_(output[:, : output.shape[1] // 8].repeat(1, 8))

    evidence = head_is_successor(Session().model(altered(PLAIN, "alike", alike))["L1H0"]).check()
    assert evidence.verdict is INCONCLUSIVE
    assert verdicts(evidence)["unlike others"] is INCONCLUSIVE


@pytest.mark.parametrize("planted", [PLAIN, GROUPED], ids=lambda model: model.name)
@pytest.mark.parametrize("seed", range(2))
def test_nothing_is_supported_of_a_model_with_random_weights(planted, seed):
    session = Session()
    model = session.model(planted.with_random_weights(seed))
    claims = [head_is_successor(model.head(1, head), by=0.0) for head in range(8)]
    assert not [e.sentence for e in session.evaluate(claims) if e.verdict is SUPPORTED]


@pytest.mark.parametrize(
    ("address", "arguments", "error", "message"),
    [
        ("L0H0", {}, ClaimError, "before the first MLP"),
        ("L1.mlp", {}, ComponentError, "about heads"),
        ("L1H0", {"by": 1.0}, ClaimError, "by lies in"),
        ("L1H0", {"classes": ["weekdays"]}, PromptError, "classes of ordinal words are"),
        ("L1H0", {"classes": ["days", "days"]}, PromptError, "each once"),
    ],
)
def test_bad_input_is_refused_before_a_model_loads(address, arguments, error, message):
    with pytest.raises(error, match=message):
        head_is_successor(Session().model(PLAIN)[address], **arguments)

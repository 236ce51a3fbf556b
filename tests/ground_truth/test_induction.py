"""Induction claims on models that were built with induction heads, and with decoys of them."""

import pytest

from circuit_assert import head_attends_inductively, head_is_induction, repeated_tokens
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.execution.known import Known
from circuit_assert.measurements import AttentionOverPairs, Loss, Request
from circuit_assert.models.planted_models import induction_model, redundant_induction_model
from circuit_assert.models.planted_models.induction import FIXED_BLOCK
from circuit_assert.models.spec import spec_of
from circuit_assert.session import Session
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = (
    Verdict.SUPPORTED,
    Verdict.REFUTED,
    Verdict.INCONCLUSIVE,
)
PLAIN, GROUPED = induction_model(), induction_model(grouped_queries=True)
COMPANIONS = induction_model(companions=True)
REDUNDANT = redundant_induction_model()
BOTH = pytest.mark.parametrize("planted", [PLAIN, GROUPED], ids=lambda model: model.name)

# head → verdict on head_is_induction, and the criterion that decides it
DECOYS = {
    "L0H0": (REFUTED, "pattern"),
    "L0H1": (REFUTED, "pattern"),
    "L0H2": (REFUTED, "pattern"),
    "L1H1": (INCONCLUSIVE, "copying"),  # it writes nothing that is read: no sign, so no denial
    "L1H2": (REFUTED, "pattern"),
    "L1H3": (REFUTED, "pattern"),
    "L1H4": (REFUTED, "use"),
    "L1H5": (REFUTED, "copying"),
    "L2H0": (REFUTED, "pattern"),
}
WITH_THE_PATTERN = ("L1H0", "L1H1", "L1H4", "L1H5")


def finding(evidence, name):
    return next(found for found in evidence.findings if found.name == name)


def all_heads(planted):
    return [f"L{n}H{h}" for n in range(planted.card.layers) for h in range(planted.card.heads)]


@BOTH
def test_the_induction_head_is_one(model_of, planted):
    evidence = head_is_induction(model_of(planted)["L1H0"]).check()

    assert evidence.verdict is SUPPORTED
    assert {found.verdict for found in evidence.findings} == {SUPPORTED}


@BOTH
@pytest.mark.parametrize("address", DECOYS)
def test_a_decoy_is_refused_by_the_criterion_that_it_fails(model_of, planted, address):
    verdict, criterion = DECOYS[address]

    evidence = head_is_induction(model_of(planted)[address]).check()

    assert evidence.verdict is verdict
    assert finding(evidence, criterion).verdict is verdict


def test_every_head_said_to_be_a_decoy_is_tested():
    said = {head for head, words in PLAIN.false.items() if "is an induction head" in words}
    assert said == set(DECOYS) - {"L0H0", "L0H2"}  # of these it is said what they are


@BOTH
@pytest.mark.parametrize("address", ["L0H0", "L0H2", *WITH_THE_PATTERN, "L1H2", "L1H3", "L2H0"])
def test_the_pattern_alone_is_the_weaker_claim(model_of, planted, address):
    claim = head_attends_inductively(model_of(planted)[address])
    assert claim.check().verdict is (SUPPORTED if address in WITH_THE_PATTERN else REFUTED)


def test_it_rests_on_the_previous_token_head(model_of):
    model = model_of(COMPANIONS)
    evidence = head_is_induction(model["L1H0"], reading=model["L0H0"]).check()
    assert evidence.verdict is SUPPORTED, evidence.reason
    assert finding(evidence, "rests").effect > 0.9
    assert evidence.sentence.startswith("L1H0 is an induction head that rests on L0H0")


@pytest.mark.parametrize("other", ["L0H1", "L0H2", "L0H3"])
def test_it_does_not_rest_on_another_head(model_of, other):
    model = model_of(COMPANIONS)
    evidence = head_is_induction(model["L1H0"], reading=model[other]).check()
    assert evidence.verdict is REFUTED
    assert finding(evidence, "rests").verdict is REFUTED


def test_random_weights_rest_on_nothing():
    model = Session().model(COMPANIONS.with_random_weights(0))
    evidence = head_is_induction(model["L1H0"], reading=model["L0H0"], by=0.05).check()
    assert evidence.verdict is not SUPPORTED


def test_what_it_rests_on_lies_below(model_of):
    model = model_of(PLAIN)
    with pytest.raises(ComponentError, match="L1H1 does not lie below L1H0"):
        head_is_induction(model["L1H0"], reading=model["L1H1"])


# On blocks said four times, what the induction head of the model has by each definition: it gives
# all of its attention to the three earlier occurrences, as much to each.
DEFINITIONS = {"sum over targets": (1.0, 0.7), "head detector": (0.75, 0.5)}
OFTEN = repeated_tokens(lengths=(6, 8, 10), times=4)


@BOTH
@pytest.mark.parametrize("definition", DEFINITIONS)
@pytest.mark.parametrize("address", ["L0H0", "L0H2", *WITH_THE_PATTERN, "L1H2", "L1H3", "L2H0"])
def test_the_pattern_by_other_definitions(model_of, planted, definition, address):
    by = DEFINITIONS[definition][1]
    head = model_of(planted)[address]
    claim = head_attends_inductively(head, on=OFTEN, by=by, definition=definition)

    assert f"attends inductively by {definition} in" in claim.sentence
    assert claim.check().verdict is (SUPPORTED if address in WITH_THE_PATTERN else REFUTED)


def test_definitions_give_one_head_different_numbers(model_of):
    head = model_of(PLAIN)["L1H0"]
    for definition, (most, by) in DEFINITIONS.items():
        evidence = head_attends_inductively(head, on=OFTEN, by=by, definition=definition).check()
        assert 0.9 * most < finding(evidence, "pattern").effect < most
    diluted = head_attends_inductively(
        head, on=repeated_tokens(), by=0.4, definition="head detector"
    )
    assert 0.4 < finding(diluted.check(), "pattern").effect < 0.5


def test_said_twice_the_sum_over_targets_is_the_offset_diagonal(model_of):
    head = model_of(PLAIN)["L1H0"]
    one, other = (
        finding(head_attends_inductively(head, by=0.4, definition=definition).check(), "pattern")
        for definition in ("offset diagonal", "sum over targets")
    )
    assert (one.effect, one.low) == pytest.approx((other.effect, other.low), abs=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"definition": "sum over targets"}, "has no default threshold: give by="),
        ({"definition": "head detector", "by": 0.5}, "stays below 0.5"),
        ({"definition": "mul", "by": 0.4}, "by 'offset diagonal', 'sum over targets'"),
    ],
)
def test_definitions_and_bounds_that_do_not_go_together(model_of, arguments, message):
    with pytest.raises(ClaimError, match=message):
        head_attends_inductively(model_of(PLAIN)["L1H0"], **arguments)


def test_a_fixed_offset_looks_perfect_at_its_own_block_length_only():
    known = Known(spec_of(PLAIN))
    known.load()
    scores = {}
    for length in (FIXED_BLOCK, FIXED_BLOCK + 6):
        request = Request(AttentionOverPairs("induction"), repeated_tokens(lengths=(length,)))
        known.run([request])
        scores[length] = known[request][:, 1, 3].mean()

    assert scores[FIXED_BLOCK] > 0.9
    assert scores[FIXED_BLOCK + 6] < 0.1


def test_fewer_than_three_block_lengths_are_refused(model_of):
    with pytest.raises(ClaimError, match="at least three lengths"):
        head_is_induction(model_of(PLAIN)["L1H3"], on=repeated_tokens(lengths=(FIXED_BLOCK,)))


@pytest.mark.parametrize("address", ["L1H0", "L1H1"])
def test_redundant_heads_show_their_use_only_beside_the_others(model_of, address):
    evidence = head_is_induction(model_of(REDUNDANT)[address]).check()

    assert evidence.verdict is SUPPORTED
    assert finding(evidence, "use").verdict is not SUPPORTED
    assert abs(finding(evidence, "use").effect) < 1e-3
    assert finding(evidence, "use beside others").verdict is SUPPORTED
    assert finding(evidence, "use beside others").effect > 3


def test_the_idle_heads_of_the_redundant_model_are_refused(model_of):
    model = model_of(REDUNDANT)
    for address in ("L0H0", "L1H2", "L1H3"):
        assert head_is_induction(model[address]).check().verdict is REFUTED


@pytest.mark.parametrize("planted", [PLAIN, GROUPED, REDUNDANT], ids=lambda model: model.name)
def test_the_models_really_predict_the_repeated_half(planted):
    known = Known(spec_of(planted))
    known.load()
    repeated, fresh = (Request(Loss(), repeated_tokens(), side) for side in ("clean", "corrupt"))
    known.run([repeated, fresh])

    assert known[repeated].mean() < 0.35 * known[fresh].mean()
    assert known[repeated].max() < known[fresh].min()


@pytest.mark.parametrize("planted", [PLAIN, GROUPED, REDUNDANT], ids=lambda model: model.name)
@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_supported_of_a_model_with_random_weights(planted, seed):
    session = Session()
    model = session.model(planted.with_random_weights(seed))
    heads = [model[address] for address in all_heads(planted)]
    claims = [
        kind(head) for head in heads for kind in (head_is_induction, head_attends_inductively)
    ]

    supported = [e.sentence for e in session.evaluate(claims) if e.verdict is SUPPORTED]

    assert not supported

"""Some head is, exactly these heads are: on models of which it is known which heads are."""

import pytest

from circuit_assert import (
    Session,
    ablation_drops_logit,
    exactly_these_heads_are,
    head_attends_inductively,
    head_is_induction,
    repeated_tokens,
    some_head_is,
)
from circuit_assert.models.planted_models import (
    induction_model,
    lookup_documents,
    lookup_model,
    lookup_prompts,
    redundant_induction_model,
)
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = (
    Verdict.SUPPORTED,
    Verdict.REFUTED,
    Verdict.INCONCLUSIVE,
)
PLAIN, REDUNDANT = induction_model(), redundant_induction_model()
# no denial of L1H1 is possible: it writes nothing that is read, so its copying has no sign
DENIABLE = ("L1H2", "L1H3", "L1H4", "L1H5")


def names(evidence):
    return {finding.name.split()[0] for finding in evidence.findings}


def test_some_head_of_the_layer_is_the_induction_head(model_of):
    evidence = some_head_is(head_is_induction, model_of(PLAIN).heads(layers=[1])).check()

    assert evidence.verdict is SUPPORTED
    assert "L1H0 does best on the discovery half" in evidence.reason
    assert names(evidence) == {"L1H0"}
    assert "L1H0 supported" in evidence.notes[1]
    assert "L1H5 refuted" in evidence.notes[1]  # it has more of the pattern on this half


def test_it_is_found_among_all_heads_and_with_the_weaker_claim(model_of):
    claim = some_head_is(head_attends_inductively, model_of(PLAIN).heads(layers=range(3)))
    evidence = claim.check()
    assert evidence.verdict is SUPPORTED
    assert names(evidence) <= {"L1H0", "L1H1", "L1H4", "L1H5"}


def test_no_head_of_the_other_layers_is(model_of):
    claim = some_head_is(head_is_induction, model_of(PLAIN).heads(layers=[0, 2]))
    evidence = claim.check()

    assert evidence.verdict is REFUTED
    assert "each of 12 is refuted" in evidence.reason
    assert len(names(evidence)) == 12
    assert any(
        "below +" in note and "max-T over 12, 24 clusters" in note for note in evidence.notes
    )
    assert not claim


def test_no_decoy_is_whatever_criterion_it_fails(model_of):
    evidence = some_head_is(head_is_induction, model_of(PLAIN)[DENIABLE]).check()
    assert evidence.verdict is REFUTED
    assert {f.name for f in evidence.findings if f.verdict is REFUTED} >= {
        "L1H2 pattern",
        "L1H3 pattern",
        "L1H4 use",
        "L1H5 copying",
    }


def test_one_member_that_cannot_be_denied_leaves_the_family_open(model_of):
    evidence = some_head_is(head_is_induction, model_of(PLAIN)["L1H1", *DENIABLE]).check()
    assert evidence.verdict is INCONCLUSIVE


def test_below_20_clusters_there_is_no_simultaneous_bound(model_of):
    claim = some_head_is(
        head_is_induction, model_of(PLAIN).heads(layers=[0]), on=repeated_tokens(sequences=24)
    )
    evidence = claim.check()
    assert evidence.verdict is REFUTED
    assert any("12 clusters are too few" in note for note in evidence.notes)


def test_heads_that_are_refuted_by_what_is_seen_are_not_ablated():
    model = Session().model(PLAIN)
    observed = some_head_is(head_is_induction, model.heads(layers=[0, 2])).check()
    assert observed.runs == 2 * 2 * 3  # halves, sides, block lengths: no run for a head


def test_exactly_the_induction_head_is_one(model_of):
    model = model_of(PLAIN)
    evidence = exactly_these_heads_are(
        head_is_induction, model["L1H0"], model["L1H0", *DENIABLE, "L2H0"]
    ).check()

    assert evidence.verdict is SUPPORTED
    assert evidence.reason == "1 supported, each of 5 others refuted"
    assert evidence.p_value == 0.01


def test_exactly_the_heads_with_the_pattern_attend_inductively(model_of):
    model = model_of(PLAIN)
    claim = exactly_these_heads_are(
        head_attends_inductively,
        model["L1H0", "L1H1", "L1H4", "L1H5"],
        model.heads(layers=[0, 1, 2]),
    )
    assert claim


def test_a_head_too_few_or_too_many_is_refuted(model_of):
    model = model_of(PLAIN)
    family = model["L1H0", *DENIABLE]
    for these, wrong in ((("L1H0", "L1H4"), "L1H4 is refuted"), (("L1H4",), "L1H0 is supported")):
        evidence = exactly_these_heads_are(head_is_induction, model[these], family).check()
        assert evidence.verdict is REFUTED
        assert wrong in evidence.reason


def test_both_redundant_heads_are(model_of):
    model = model_of(REDUNDANT)
    family = model.heads(layers=[1])
    assert some_head_is(head_is_induction, family).check().verdict is SUPPORTED
    assert exactly_these_heads_are(head_is_induction, model["L1H0", "L1H1"], family)
    assert not exactly_these_heads_are(head_is_induction, model["L1H0"], family)


def test_a_head_is_found_by_what_ablating_it_does(model_of):
    """A kind that begins with an ablation; 28 templates, since its control halves them again."""
    model = model_of(lookup_model(effect=2.0, constant=1.5, backup=2.0))
    told = {"on": lookup_prompts(templates=28), "off_task": lookup_documents(), "by": 1.0}
    some = some_head_is(ablation_drops_logit, model.heads(layers=[1]), **told).check()
    none = some_head_is(ablation_drops_logit, model["L1H2", "L1H3", "L0H0"], **told).check()

    assert some.sentence.startswith("Ablating some head of L1 drops the logit by 1 in planted")
    assert some.verdict is SUPPORTED
    assert "L1H0 does best" in some.reason
    assert none.verdict is REFUTED


@pytest.mark.parametrize("seed", range(2))
def test_nothing_is_supported_of_a_model_with_random_weights(seed):
    session = Session()
    model = session.model(PLAIN.with_random_weights(seed))
    layer = model.heads(layers=[1])
    kinds = (head_is_induction, head_attends_inductively)
    claims = [some_head_is(kind, model.heads()) for kind in kinds]
    claims += [exactly_these_heads_are(kinds[0], head, layer) for head in layer.each()]

    assert not [e.sentence for e in session.evaluate(claims) if e.verdict is SUPPORTED]

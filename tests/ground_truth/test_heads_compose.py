"""Composition by weights: pairs that were built to meet, and pairs that only seem to."""

import pytest

from circuit_assert import Session, heads_compose
from circuit_assert.errors import ClaimError
from circuit_assert.models.planted_models import composing_model, composition_model
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE
PLAIN, NORMED = composing_model(), composing_model(norm=True)
BOTH = pytest.mark.parametrize("planted", [PLAIN, NORMED], ids=lambda model: model.name)
TRUE = [("L0H0", "L1H0", "K"), ("L0H1", "L1H1", "Q"), ("L0H2", "L1H2", "V")]


def judged(model, earlier, later, via):
    evidence = heads_compose(model[earlier], model[later], via=via).check()
    return evidence, {found.name: found.verdict for found in evidence.findings}


@BOTH
@pytest.mark.parametrize(("earlier", "later", "via"), TRUE)
def test_a_pair_composes_as_it_was_built_to(model_of, planted, earlier, later, via):
    evidence, _ = judged(model_of(planted), earlier, later, via)
    assert evidence.verdict is SUPPORTED


@BOTH
@pytest.mark.parametrize(("earlier", "later", "via"), TRUE)
def test_and_in_no_other_way(model_of, planted, earlier, later, via):
    for other in {"K", "Q", "V"} - {via}:
        evidence, _ = judged(model_of(planted), earlier, later, other)
        assert evidence.verdict is not SUPPORTED


@BOTH
@pytest.mark.parametrize("via", ["K", "Q", "V"])
@pytest.mark.parametrize("said", PLAIN.false)
def test_decoys_are_refused(model_of, planted, said, via):
    evidence, _ = judged(model_of(planted), *said.split("+"), via)
    assert evidence.verdict is not SUPPORTED


@BOTH
@pytest.mark.parametrize(("earlier", "later"), [("L0H4", "L1H4"), ("L0H6", "L1H5")])
def test_what_many_write_or_read_beats_rotations_and_not_other_heads(
    model_of, planted, earlier, later
):
    _, verdicts = judged(model_of(planted), earlier, later, "K")
    assert verdicts["beyond rotations"] is SUPPORTED
    assert verdicts["beyond other heads"] is not SUPPORTED


def test_a_head_that_writes_beside_is_denied(model_of):
    evidence, _ = judged(model_of(PLAIN), "L0H3", "L1H0", "K")
    assert evidence.verdict is REFUTED


def test_sixteen_pairs_are_too_few_to_rank(model_of):
    evidence, _ = judged(model_of(composition_model()), "L0H0", "L1H0", "K")
    assert evidence.verdict is INCONCLUSIVE
    assert "α = 0.01 needs 99" in evidence.reason


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_supported_of_random_weights(seed):
    session = Session()
    model = session.model(PLAIN.with_random_weights(seed))
    claims = [heads_compose(model[e], model[later], via=via) for e, later, via in TRUE]
    assert not [e.sentence for e in session.evaluate(claims) if e.verdict is SUPPORTED]


@pytest.mark.parametrize(
    ("earlier", "later", "via", "message"),
    [
        ("L1H0", "L0H0", "K", "first layer"),
        ("L1H0", "L1H1", "K", "does not run before"),
        ("L0H0", "L1H1", "O", 'via "K", "Q" or "V"'),
    ],
)
def test_bad_input_is_refused_before_a_model_loads(earlier, later, via, message):
    model = Session().model(PLAIN)
    with pytest.raises(ClaimError, match=message):
        heads_compose(model[earlier], model[later], via=via)

"""Causal scrubbing where it is planted what nodes stand for, and correspondences that are wrong."""

import pytest

from circuit_assert import Session, circuit_survives_scrubbing
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.models.planted_models import (
    inhibiting_model,
    inhibiting_prompts,
    lookup_model,
    relay_model,
    relay_prompts,
)
from circuit_assert.prompts.prompt_set import Prompt, PromptSet
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE
PLANTED, LOOKUP = inhibiting_model(), lookup_model()
PROMPTS = inhibiting_prompts(names=4, per_template=12)
BOTH = ["L0H0", "L1H0"]


def cues(templates=24):
    """Prompts of which many of a template have the same cue, beside other words and markers."""

    def prompt(template, number):
        cue, word = number % 3, number // 3
        gap = " ".join(f"word{n}" for n in range(1 + template % 3))
        text = f"word{5 + word} mark{(template + word) % 32} {gap} cue{cue + template % 8} word4"
        return Prompt(
            text,
            answer=f" answer{cue + template % 8}",
            foil=f" foil{cue + template % 8}",
            positions={"cue": f"cue{cue + template % 8}", "first": f"word{5 + word}"},
            clusters={"template": str(template), "word": str(word)},
        )

    every = tuple(prompt(template, number) for template in range(templates) for number in range(9))
    return PromptSet("cues", every, cluster_by=("template",))


CUES = cues()


def of(model, nodes, correspondence, by=0.6, on=PROMPTS, **named):
    named = {"draws": 4, **named}
    return circuit_survives_scrubbing(
        model.circuit(nodes), on=on, by=by, correspondence=correspondence, **named
    )


def found(evidence, name):
    return next(each for each in evidence.findings if each.name == name)


@pytest.mark.parametrize(
    "correspondence",
    [{"L0H0": "S2"}, {"L1H0": "answer"}, {"L1H0": "IO"}, {"L1H0": "answer", "L0H0": "S2"}],
)
def test_what_is_planted_survives(model_of, correspondence):
    evidence = of(model_of(PLANTED), BOTH, correspondence).check()
    assert evidence.verdict is SUPPORTED, evidence.reason


def test_the_sentence_says_what_nodes_stand_for(model_of):
    claim = of(model_of(PLANTED), BOTH, {"L1H0": "answer", "L0H0": "S2"})
    assert "with L0H0 by S2, L1H0 by answer" in claim.sentence
    assert claim == of(model_of(PLANTED), BOTH, {"L0H0": "S2", "L1H0": "answer"})
    assert claim != of(model_of(PLANTED), BOTH, {"L0H0": "S2", "L1H0": "IO"})


@pytest.mark.parametrize(
    ("correspondence", "part"),
    [
        ({"L0H0": "IO"}, "L0H0 by IO"),
        ({"L0H0": "end"}, "L0H0 by end"),
        ({"L0H0": "S2", "L1H0": "S2"}, "scrubbed"),
        ({"L0H0": "template"}, "L0H0 by template"),
    ],
)
def test_a_wrong_feature_is_refused(model_of, correspondence, part):
    evidence = of(model_of(PLANTED), BOTH, correspondence).check()
    assert evidence.verdict is REFUTED
    assert found(evidence, part).verdict is REFUTED


def test_a_wrong_feature_below_a_resampled_node_is_not_hidden():
    """What L0H0 writes is read by L1H0 only, whose activation is a donor's, too."""
    model = Session().model(PLANTED)  # where nothing is known that would decide it before
    evidence = of(model, BOTH, {"L0H0": "IO", "L1H0": "answer"}).check()
    assert found(evidence, "scrubbed").verdict is SUPPORTED
    assert evidence.verdict is REFUTED


@pytest.mark.parametrize(
    ("nodes", "correspondence"),
    [(["L0H0"], {"L0H0": "S2"}), (["L1H0"], {"L1H0": "answer"})],
)
def test_a_circuit_with_a_node_missing_is_refused(model_of, nodes, correspondence):
    assert of(model_of(PLANTED), nodes, correspondence).check().verdict is REFUTED


def test_a_node_that_any_donor_serves_says_nothing():
    model = Session().model(PLANTED)
    evidence = of(model, [*BOTH, "L0H5"], {"L0H0": "S2", "L0H5": "S2"}).check()
    assert evidence.verdict is INCONCLUSIVE
    assert "L0H5's feature" in evidence.reason


class TestCues:
    """Heads of the lookup model depend on the cue, L1H0 a little on the marker, too."""

    NODES = ("L1H0", "L1H2", "L1H3")

    def test_heads_stand_for_the_cue(self, model_of):
        evidence = of(model_of(LOOKUP), self.NODES, dict.fromkeys(self.NODES, "cue"), on=CUES)
        assert found(evidence.check(), "L1H0 by cue").verdict is SUPPORTED
        assert found(evidence.check(), "scrubbed").effect == pytest.approx(1.0, abs=0.05)

    def test_the_only_mover_stands_for_the_cue(self, model_of):
        evidence = of(model_of(LOOKUP), self.NODES, {"L1H0": "cue"}, by=0.9, on=CUES).check()
        assert evidence.verdict is SUPPORTED, evidence.reason

    @pytest.mark.parametrize("feature", ["first", "word"])
    def test_and_not_for_another_word(self, model_of, feature):
        evidence = of(model_of(LOOKUP), self.NODES, {"L1H0": feature}, by=0.9, on=CUES).check()
        assert evidence.verdict is REFUTED

    def test_a_head_that_is_backed_up_is_not_tested(self, model_of):
        """With L1H3 there, L1H2 may write what it likes."""
        evidence = of(model_of(LOOKUP), self.NODES, {"L1H2": "cue"}, on=CUES).check()
        assert evidence.verdict is INCONCLUSIVE
        assert "L1H2's feature" in evidence.reason


@pytest.mark.parametrize("seed", [0, 1])
def test_nothing_is_supported_of_a_model_with_random_weights(seed):
    model = Session().model(PLANTED.with_random_weights(seed))
    claims = [of(model, BOTH, each) for each in ({"L0H0": "S2"}, {"L1H0": "answer"})]
    assert SUPPORTED not in {e.verdict for e in model.court.evaluate(claims)}


def test_prompts_without_donors_are_left_out_and_noted(model_of):
    evidence = of(model_of(PLANTED), BOTH, {"L0H0": "S2"}).check()
    assert any("are left out" in note for note in found(evidence, "L0H0 by S2").notes)


def test_prompts_that_hardly_agree_decide_nothing(model_of):
    evidence = of(model_of(PLANTED), BOTH, {"L0H0": "S2"}, on=inhibiting_prompts()).check()
    assert evidence.verdict is INCONCLUSIVE
    assert "agrees on S2: give more prompts of each template" in evidence.reason


def test_wrong_use_is_refused(model_of):
    model = model_of(PLANTED)
    with pytest.raises(ClaimError, match="have no 'S3'"):
        of(model, BOTH, {"L0H0": "S3"})
    with pytest.raises(ClaimError, match="names L0H1, which is no member"):
        of(model, BOTH, {"L0H1": "S2"})
    with pytest.raises(ClaimError, match="say what nodes stand for"):
        of(model, BOTH, {})
    with pytest.raises(ClaimError, match="at least 1"):
        of(model, BOTH, {"L0H0": "S2"}, draws=0)
    with pytest.raises(ComponentError, match="heads and MLPs"):
        of(model, BOTH, {"L0N0": "S2"})
    relay = model_of(relay_model())
    with pytest.raises(ClaimError, match="activations of nodes"):
        of(relay, ["L0H0 -> L1H0.k"], {"L0H0": "answer"}, on=relay_prompts())

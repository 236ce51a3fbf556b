"""Circuits that are planted or compiled are recovered; damaged copies of them are refused."""

import numpy as np
import pytest

from circuit_assert import (
    Session,
    circuit_is_complete,
    circuit_is_faithful,
    circuit_is_minimal,
    circuit_is_necessary,
    circuit_is_sufficient,
    circuits_are_equivalent,
)
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.models.planted_models import (
    RELAY,
    compiled_model,
    lookup_model,
    lookup_prompts,
    relay_model,
    relay_prompts,
)
from circuit_assert.prompts.prompt_set import Prompt, PromptSet
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE
PLANTED, GROUPED = relay_model(), relay_model(grouped_queries=True)
PROMPTS = relay_prompts(per_template=1)
LOOKUP, CUES = lookup_model(), lookup_prompts(per_template=2)
COMPILED = compiled_model("induction")
PROGRAM = ("embedding -> L0H0.v", "L0H0 -> L1H0.k", "L1H0 -> logits")


def letters(count=24, seed=0):
    """Prompts as " c a x a z b y a" for the compiled program, whose twin has a and b exchanged.

    What follows a is said once, twice or three times, so that the answer weighs 1, 1/2 or 1/3.
    """
    generator = np.random.default_rng(seed)

    def prompt(number):
        a, b, y, c, *xs = (chr(97 + n) for n in generator.permutation(24)[:7])
        pairs = [(a, x) for x in xs[: 1 + number % 3]] + [(b, y)]
        clean = " ".join(f"{before} {after}" for before, after in pairs)
        other = {a: b, b: a}
        corrupt = " ".join(f"{other[before]} {after}" for before, after in pairs)
        return Prompt(
            f"{c} {clean} {a}",
            corrupt=f"{c} {corrupt} {a}",
            answer=f" {xs[0]}",
            foil=f" {y}",
            clusters={"prompt": str(number)},
        )

    return PromptSet("letters", tuple(map(prompt, range(count))), cluster_by=("prompt",))


LETTERS = letters()


def found(evidence, name):
    return next(each for each in evidence.findings if each.name == name)


@pytest.mark.parametrize("planted", [PLANTED, GROUPED], ids=lambda planted: planted.name)
def test_the_planted_circuit_is_recovered(model_of, planted):
    circuit = model_of(planted).circuit(RELAY)
    claims = [
        circuit_is_sufficient(circuit, on=PROMPTS, by=0.9, draws=60),
        circuit_is_necessary(circuit, on=PROMPTS, by=0.9),
        circuit_is_faithful(circuit, on=PROMPTS, within=0.1, draws=60),
        circuit_is_minimal(circuit, on=PROMPTS),
        circuit_is_complete(circuit, on=PROMPTS, within=0.1),
    ]
    assert [claim.check().verdict for claim in claims] == [SUPPORTED] * 5


def test_shares_are_ratios_of_means(model_of):
    """The MLP passes on three fifths of the answer: without its edge, two fifths are left."""
    circuit = model_of(PLANTED).circuit([edge for edge in RELAY if "mlp" not in edge])
    evidence = circuit_is_sufficient(circuit, on=PROMPTS, by=0.3, draws=60).check()
    assert found(evidence, "recovered").effect == pytest.approx(0.4, abs=0.01)
    share = found(circuit_is_sufficient(circuit, on=PROMPTS, by=0.5).check(), "recovered")
    assert share.effect == pytest.approx(0.4, abs=0.01)  # whatever it is held against
    assert share.verdict is REFUTED


@pytest.mark.parametrize("missing", RELAY)
def test_a_circuit_with_an_edge_missing_is_refused(model_of, missing):
    circuit = model_of(PLANTED).circuit([edge for edge in RELAY if edge != missing])
    assert circuit_is_sufficient(circuit, on=PROMPTS, by=0.9).check().verdict is REFUTED
    assert circuit_is_faithful(circuit, on=PROMPTS, within=0.1).check().verdict is REFUTED


@pytest.mark.parametrize("added", ["L0H0 -> L1H1.k", "L0H1 -> L1H0.k", "embedding -> L2H2.v"])
def test_a_circuit_with_an_edge_too_many_is_not_minimal(model_of, added):
    circuit = model_of(PLANTED).circuit([*RELAY, added])
    assert (
        circuit_is_faithful(circuit, on=PROMPTS, within=0.1, draws=60).check().verdict is SUPPORTED
    )
    assert circuit_is_minimal(circuit, on=PROMPTS).check().verdict is not SUPPORTED


@pytest.mark.parametrize(
    ("edge", "by"), [("L0H0 -> L1H0.k", "L0H0 -> L1H0.q"), ("L1H0 -> logits", "L1H1 -> logits")]
)
def test_a_circuit_with_an_edge_exchanged_is_refused(model_of, edge, by):
    circuit = model_of(PLANTED).circuit([by if each == edge else each for each in RELAY])
    assert circuit_is_sufficient(circuit, on=PROMPTS, by=0.9).check().verdict is REFUTED
    assert circuit_is_minimal(circuit, on=PROMPTS).check().verdict is not SUPPORTED


def test_half_of_a_path_is_necessary_and_not_sufficient(model_of):
    circuit = model_of(PLANTED).circuit(["embedding -> L0H0.v"])
    assert circuit_is_sufficient(circuit, on=PROMPTS, by=0.5).check().verdict is REFUTED
    assert circuit_is_necessary(circuit, on=PROMPTS, by=0.9).check().verdict is SUPPORTED


def test_what_anything_recovers_is_no_circuit(model_of):
    """Where nothing differs between the twins, whatever is left alone scores as the model does."""
    from dataclasses import replace

    same = replace(PROMPTS, prompts=tuple(replace(p, corrupt=p.text) for p in PROMPTS.prompts))
    circuit = model_of(PLANTED).circuit(RELAY)
    for claim in (
        circuit_is_sufficient(circuit, on=same, by=0.9),
        circuit_is_faithful(circuit, on=same, within=0.1),
        circuit_is_complete(circuit, on=same, within=0.1),
    ):
        assert claim.check().verdict is INCONCLUSIVE


def test_a_circuit_that_random_ones_equal_is_inconclusive(model_of):
    """All heads of the upper layers: any other set of as many from there does as well."""
    circuit = model_of(PLANTED).circuit([f"L2H{n}" for n in range(3)])
    evidence = circuit_is_necessary(circuit, on=PROMPTS, by=-0.5).check()
    assert evidence.verdict is INCONCLUSIVE
    assert found(evidence, "lost").verdict is SUPPORTED


@pytest.mark.parametrize("seed", [0, 1])
def test_nothing_is_supported_of_a_model_with_random_weights(seed):
    model = Session().model(PLANTED.with_random_weights(seed))
    circuit = model.circuit(RELAY)
    for claim in (
        circuit_is_sufficient(circuit, on=PROMPTS, by=0.5, draws=60),
        circuit_is_necessary(circuit, on=PROMPTS, by=0.5, draws=60),
        circuit_is_faithful(circuit, on=PROMPTS, within=0.2, draws=60),
        circuit_is_minimal(circuit, on=PROMPTS, by=0.05),
        circuit_is_complete(circuit, on=PROMPTS, within=0.2),
    ):
        assert claim.check().verdict is not SUPPORTED


def test_the_compiled_program_is_recovered(model_of):
    circuit = model_of(COMPILED).circuit(PROGRAM)
    for claim in (
        circuit_is_sufficient(circuit, on=LETTERS, by=0.9),
        circuit_is_faithful(circuit, on=LETTERS, within=0.1),
        circuit_is_minimal(circuit, on=LETTERS),
    ):
        evidence = claim.check()
        assert evidence.verdict is SUPPORTED, evidence.reason


@pytest.mark.parametrize("missing", PROGRAM)
def test_the_program_with_an_edge_missing_is_refused(model_of, missing):
    circuit = model_of(COMPILED).circuit([edge for edge in PROGRAM if edge != missing])
    claim = circuit_is_sufficient(circuit, on=LETTERS, by=0.9)
    assert claim.check().verdict is REFUTED


class TestNodes:
    """L1H0 moves half of the answer; of L1H2 and L1H3 either is enough for the other half."""

    @pytest.mark.parametrize("ablation", ["corrupt", "mean"])
    def test_enough_is_enough(self, model_of, ablation):
        circuit = model_of(LOOKUP).circuit(["L1H0", "L1H2"])
        for claim in (
            circuit_is_sufficient(circuit, on=CUES, by=0.9, ablation=ablation),
            circuit_is_faithful(circuit, on=CUES, within=0.1, ablation=ablation),
        ):
            evidence = claim.check()
            assert evidence.verdict is SUPPORTED, evidence.reason

    def test_half_of_it_is_not(self, model_of):
        circuit = model_of(LOOKUP).circuit(["L1H0"])
        assert circuit_is_sufficient(circuit, on=CUES, by=0.9).check().verdict is REFUTED
        assert circuit_is_necessary(circuit, on=CUES, by=0.9).check().verdict is REFUTED

    def test_a_circuit_without_the_backup_is_not_complete(self, model_of):
        model = model_of(LOOKUP)
        lacking = model.circuit(["L1H0", "L1H2"])
        assert circuit_is_complete(lacking, on=CUES, within=0.1).check().verdict is REFUTED
        whole = model.circuit(["L1H0", "L1H2", "L1H3"])
        assert circuit_is_complete(whole, on=CUES, within=0.1).check().verdict is SUPPORTED

    def test_backups_matter_beside_each_other_only(self, model_of):
        circuit = model_of(LOOKUP).circuit(["L1H0", "L1H2", "L1H3"])
        assert circuit_is_minimal(circuit, on=CUES).check().verdict is not SUPPORTED
        beside = {"L1H2": ["L1H3"], "L1H3": ["L1H2"]}
        claim = circuit_is_minimal(circuit, on=CUES, beside=beside)
        evidence = claim.check()
        assert evidence.verdict is SUPPORTED, evidence.reason

    def test_circuits_with_either_are_equivalent(self, model_of):
        model = model_of(LOOKUP)
        one, other, half = (
            model.circuit(nodes) for nodes in (["L1H0", "L1H2"], ["L1H0", "L1H3"], ["L1H0"])
        )
        claim = circuits_are_equivalent(one, other, on=CUES, within=0.1)
        assert claim.check().verdict is SUPPORTED
        assert circuits_are_equivalent(one, half, on=CUES, within=0.1).check().verdict is REFUTED

    def test_what_a_layer_has_no_others_of_cannot_be_compared(self, model_of):
        circuit = model_of(LOOKUP).circuit([f"L1H{n}" for n in range(8)])
        evidence = circuit_is_sufficient(circuit, on=CUES, by=0.9).check()
        assert evidence.verdict is INCONCLUSIVE
        assert "other circuits of its size" in evidence.reason


class TestRefusals:
    """Bad input fails before a model loads."""

    def test_a_subject_that_is_no_circuit(self, model_of):
        with pytest.raises(ClaimError, match="a claim about a circuit"):
            circuit_is_sufficient(model_of(PLANTED)["L1H0"], on=PROMPTS, by=0.5)

    def test_edges_that_are_ablated_by_their_mean(self, model_of):
        circuit = model_of(PLANTED).circuit(RELAY)
        with pytest.raises(ClaimError, match="edges carry what the corrupt twin has"):
            circuit_is_sufficient(circuit, on=PROMPTS, by=0.5, ablation="mean")

    def test_too_few_draws(self, model_of):
        circuit = model_of(PLANTED).circuit(RELAY)
        with pytest.raises(ClaimError, match="draw 44 or more"):
            circuit_is_sufficient(circuit, on=PROMPTS, by=0.5, draws=20)

    def test_the_whole_model(self, model_of):
        every = [f"L{layer}H{head}" for layer in range(2) for head in range(8)]
        with pytest.raises(ClaimError, match="faithful to itself"):
            circuit_is_faithful(model_of(LOOKUP).circuit(every), on=CUES, within=0.1)

    def test_circuits_of_different_kinds(self, model_of):
        model = model_of(PLANTED)
        edges, nodes = model.circuit(RELAY), model.circuit(["L0H0", "L1H0"])
        with pytest.raises(ClaimError, match="chosen among"):
            circuits_are_equivalent(edges, nodes, on=PROMPTS, within=0.1)
        with pytest.raises(ClaimError, match="equivalent to itself"):
            circuits_are_equivalent(edges, edges, on=PROMPTS, within=0.1)

    def test_what_is_no_member(self, model_of):
        circuit = model_of(LOOKUP).circuit(["L1H0", "L1H2"])
        with pytest.raises(ClaimError, match="L1H3 is no member"):
            circuit_is_minimal(circuit, on=CUES, beside={"L1H2": ["L1H3"]})
        with pytest.raises(ClaimError, match="L1H2 is beside itself"):
            circuit_is_minimal(circuit, on=CUES, beside={"L1H2": ["L1H2"]})

    @pytest.mark.parametrize(
        ("members", "message"),
        [
            (["L9H0"], "has no L9H0"),
            (["L1H9 -> logits"], "has no L1H9"),
            (["L1H0", "L0H0 -> logits"], "nodes or of edges, not of both"),
            (["L1H0 -> L0H0.q"], "edges go up"),
            (["L1N3"], "nodes of circuits are heads and MLPs"),
            ([], "at least one"),
        ],
    )
    def test_members_that_there_are_not(self, model_of, members, message):
        with pytest.raises(ComponentError, match=message):
            model_of(PLANTED).circuit(members)

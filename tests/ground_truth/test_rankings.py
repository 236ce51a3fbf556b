"""Rankings whose first members do the task, and rankings that only begin or end well."""

import json

import numpy as np
import pytest

from circuit_assert import Session, ranking_recovers
from circuit_assert.claims.circuits.curves import areas, shares_of
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.models.planted_models import (
    RELAY,
    lookup_model,
    lookup_prompts,
    relay_model,
    relay_prompts,
)
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE
PLANTED, CUES = lookup_model(), lookup_prompts(per_template=2)
EVERY = [f"L{layer}H{head}" for layer in (1, 0) for head in range(8)]
IDLE = [f"L0H{head}" for head in range(8)]


def best_first():
    """Two of L1H0, L1H2 and L1H3 move the whole answer, L1H0 half of it."""
    first = ["L1H0", "L1H2", "L1H3"]
    return [*first, *(name for name in EVERY if name not in first)]


def of(model, names, on=CUES, **named):
    return ranking_recovers(model.ranking(names), on=on, **named)


def found(evidence, name):
    return next(each for each in evidence.findings if each.name == name)


def test_areas_of_nothing_until_the_end_are_the_constants():
    """Where half of the members is a size."""
    sizes = shares_of((0.1, 1, 10, 50, 100), 1000)
    nothing = np.array([0.0, 0.0, 0.0, 0.0, 1.0])
    assert sizes == (1, 10, 100, 500, 1000)
    assert areas(sizes, 1000, nothing) == pytest.approx([0.25, 0.75])
    assert areas(sizes, 1000, np.ones(5)) == pytest.approx([0.9995, 0.0005])


def test_areas_are_trapezoids():
    shares = np.array([0.5, 1.4, 1.0])
    assert areas((1, 2, 4), 4, shares) == pytest.approx(
        [0.25 * (0.25 + 0.95) + 0.5 * 1.2, 0.25 * (0.75 + 0.45) + 0.5 * 0.2]
    )
    assert areas((1, 2, 4), 4, shares, log=True) == pytest.approx([(0.95 + 1.2) / 2, 0.325])


def test_sizes_are_rounded_down_and_there_once():
    assert shares_of((0.1, 5, 10, 20, 50, 100), 16) == (1, 3, 8, 16)


def test_the_planted_ranking_recovers(model_of):
    evidence = of(model_of(PLANTED), best_first(), by=0.85, within=0.15).check()
    assert evidence.verdict is SUPPORTED, evidence.reason
    # f is 1/2 with one head and 1 with three, eight and all of sixteen
    assert found(evidence, "CMD").effect == pytest.approx(1.5 / 32 + 2 * 0.5 / 32, abs=0.01)
    assert found(evidence, "CPR").effect == pytest.approx(1.0 - 2.5 / 32, abs=0.01)
    note = found(evidence, "CMD").notes[-1]
    assert note.startswith("f at sizes of 16: 1 0.")
    assert ", 3 1.00, 8 1.00, 16 1.00; CPR 0.9" in note
    assert "logarithm" in note


def test_a_list_without_the_rest_is_as_good(model_of):
    """Of three among sixteen, one in twenty random ones is too: with another seed, one is here."""
    evidence = of(model_of(PLANTED), best_first()[:3], within=0.15, seed=1).check()
    assert evidence.verdict is SUPPORTED, evidence.reason


@pytest.mark.parametrize("claimed", [{"by": 0.85}, {"within": 0.15}])
@pytest.mark.parametrize(
    "names",
    [
        [*IDLE, *EVERY[:8]],
        [*EVERY[4:8], *IDLE, *EVERY[:4]],
        best_first()[::-1],
    ],
    ids=["idle first", "bystanders first", "upside down"],
)
def test_rankings_with_the_movers_last_are_refuted(model_of, names, claimed):
    assert of(model_of(PLANTED), names, **claimed).check().verdict is REFUTED


def test_nothing_until_the_end_is_what_the_constants_say(model_of):
    evidence = of(model_of(PLANTED), [*IDLE, *EVERY[:8]], by=0.5, within=0.5).check()
    assert found(evidence, "CPR").effect == pytest.approx(0.25, abs=0.01)
    assert found(evidence, "CMD").effect == pytest.approx(0.75, abs=0.01)


def test_a_ranking_that_random_ones_equal_is_inconclusive(model_of):
    """A bound that anything exceeds."""
    evidence = of(model_of(PLANTED), [*IDLE, *EVERY[:8]], by=0.1).check()
    assert evidence.verdict is INCONCLUSIVE
    assert found(evidence, "CPR").verdict is SUPPORTED
    assert "random ranking" in evidence.reason


def test_one_member_at_a_time(model_of):
    """One head of three at one size: f is 1/2, then 1."""
    evidence = of(model_of(PLANTED), best_first(), within=0.15, sizes=[1, 2]).check()
    assert evidence.verdict is SUPPORTED, evidence.reason
    expected = 1.5 / 32 + 0.5 / 32
    assert found(evidence, "CMD").effect == pytest.approx(expected, abs=0.01)


def test_edges_are_ranked_too(model_of):
    model, on = model_of(relay_model()), relay_prompts(per_template=1)
    evidence = of(model, RELAY, on=on, within=0.1, sizes=[3, 4, 5], rankings=2).check()
    assert evidence.verdict is SUPPORTED, evidence.reason
    lacking = [*RELAY[:-1], "L1H1 -> logits"]  # two fifths of the answer
    turned = of(model, lacking, on=on, within=0.1, sizes=[3, 4, 5], rankings=2)
    assert turned.check().verdict is REFUTED


@pytest.mark.parametrize("seed", [0, 1])
def test_nothing_is_supported_of_a_model_with_random_weights(seed):
    model = Session().model(PLANTED.with_random_weights(seed))
    claims = [of(model, best_first(), by=0.85), of(model, best_first(), within=0.15)]
    assert SUPPORTED not in {e.verdict for e in model.court.evaluate(claims)}


class TestFiles:
    """Rankings and scores from files."""

    def test_a_list_is_an_order(self, model_of, tmp_path):
        file = tmp_path / "ranking.json"
        file.write_text(json.dumps({"ranking": ["L1H3", "L0H1"]}))
        ranking = model_of(PLANTED).ranking(file)
        assert [str(member) for member in ranking.ranking.members] == ["L1H3", "L0H1"]
        assert ranking.ranking.among == "heads"

    def test_large_scores_come_first_whatever_their_sign(self, model_of, tmp_path):
        file = tmp_path / "scores.json"
        scores = {"L1H3": 0.1, "L0H1": -3, "L0.mlp": 2.0}
        file.write_text(json.dumps({"scores": scores}))
        ranking = model_of(PLANTED).ranking(file).ranking
        assert [str(member) for member in ranking.members] == ["L0H1", "L0.mlp", "L1H3"]
        assert ranking.among == "heads and MLPs"

    def test_edges_with_scores_as_eap_ig_saves_them(self, model_of, tmp_path):
        file = tmp_path / "graph.json"
        edges = {
            "input->a0.h0<v>": {"score": 0.1, "in_graph": False},
            "a0.h0->a1.h0<k>": {"score": -0.4, "in_graph": True},
        }
        file.write_text(json.dumps({"edges": edges}))
        ranking = model_of(relay_model()).ranking(file).ranking
        assert [str(member) for member in ranking.members] == ["L0H0→L1H0.k", "embedding→L0H0.v"]

    @pytest.mark.parametrize("said", ["[1, 2]", "{}", '{"edges": ["L0H0 -> L1H0.k"]}', "no"])
    def test_what_holds_no_ranking(self, model_of, tmp_path, said):
        file = tmp_path / "other.json"
        file.write_text(said)
        with pytest.raises(ComponentError, match="ranking"):
            model_of(PLANTED).ranking(file)


def test_wrong_use_is_refused(model_of):
    model = model_of(PLANTED)
    with pytest.raises(ClaimError, match="by=, or what CMD"):
        of(model, best_first())
    with pytest.raises(ClaimError, match="a claim about a ranking"):
        ranking_recovers(model.circuit(["L1H0"]), on=CUES, by=0.5)
    with pytest.raises(ClaimError, match="at least 1"):
        of(model, best_first(), by=0.5, rankings=0)
    with pytest.raises(ClaimError, match="from 1 to the 2 members"):
        of(model, ["L1H0", "L1H2"], by=0.5, sizes=[1, 3])
    with pytest.raises(ComponentError, match="has L1H0 twice"):
        of(model, ["L1H0", "L1H2", "L1H0"], by=0.5)
    with pytest.raises(ComponentError, match="has no L7H0"):
        of(model, ["L7H0"], by=0.5)
    edges = model_of(relay_model()).ranking(RELAY)
    with pytest.raises(ClaimError, match="none of the usual sizes"):
        ranking_recovers(edges, on=relay_prompts(), by=0.5, sizes=[])

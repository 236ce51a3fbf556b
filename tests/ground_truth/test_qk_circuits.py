"""QK circuits on models built with heads that match tokens, and with heads that look like them."""

import numpy as np
import pytest
import torch

from circuit_assert import Session, qk_circuit_matches
from circuit_assert.errors import ClaimError, ComponentError, PromptError
from circuit_assert.measurements.base import WeightRequest
from circuit_assert.measurements.qk import OwnKeyRanks, PairScores, QKCircuit, QKOnTokens
from circuit_assert.models.planted_models import graded_matching_model, matching_model
from circuit_assert.prompts.token_samples import NamedTokens, token_sample
from circuit_assert.stats import Verdict

SUPPORTED, REFUTED, INCONCLUSIVE = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE
PLAIN, GROUPED = matching_model(), matching_model(grouped_queries=True)
BOTH = pytest.mark.parametrize("planted", [PLAIN, GROUPED], ids=["plain", "grouped"])
NEXT = [(PLAIN.vocabulary[n], PLAIN.vocabulary[n + 1]) for n in range(5, 35)]
SAME = [(word, word) for word, _ in NEXT]


def matches(model, head, **options):
    return qk_circuit_matches(model[head], **{"top": 0.1, **options}).check()


def finding(evidence, name):
    return next(found for found in evidence.findings if found.name == name)


@BOTH
def test_a_head_that_matches_the_same_token_is_found(model_of, planted):
    evidence = matches(model_of(planted), "L0H0", top=0.01)
    assert evidence.verdict is SUPPORTED, evidence.reason
    assert "the QK circuit of L0H0 matches queries with keys of the same token" in evidence.sentence
    assert "without positions" in finding(evidence, "spectrum").notes[-1]


@BOTH
def test_what_the_first_mlp_makes_of_a_token_is_matched(model_of, planted):
    model = model_of(planted)
    assert matches(model, "L1H0", embedding="effective").verdict is SUPPORTED
    assert matches(model, "L1H0").verdict is not SUPPORTED


@BOTH
@pytest.mark.parametrize(
    ("head", "fails"),
    [("L0H1", "spectrum"), ("L0H2", "spectrum"), ("L0H3", "diagonal"), ("L0H4", "spectrum")],
)
def test_heads_that_look_like_it_are_refuted(model_of, planted, head, fails):
    evidence = matches(model_of(planted), head)
    assert evidence.verdict is REFUTED
    assert finding(evidence, fails).verdict is REFUTED


@BOTH
def test_one_criterion_alone_would_not_do(model_of, planted):
    model = model_of(planted)
    assert finding(matches(model, "L0H3"), "spectrum").verdict is SUPPORTED
    assert finding(matches(model, "L0H4"), "diagonal").verdict is SUPPORTED


@BOTH
def test_pairs_that_a_head_matches_are_found(model_of, planted):
    model = model_of(planted)
    evidence = matches(model, "L0H2", pairs=NEXT)
    assert evidence.verdict is SUPPORTED, evidence.reason
    assert "with the keys of 30 paired tokens" in evidence.sentence
    assert matches(model, "L0H0", pairs=SAME).verdict is SUPPORTED


@BOTH
@pytest.mark.parametrize("head", ["L0H1", "L0H3", "L0H0"])
def test_pairs_that_it_does_not_match_are_refused(model_of, planted, head):
    assert matches(model_of(planted), head, pairs=NEXT).verdict is not SUPPORTED


def test_hub_keys_are_no_pairs(model_of):
    """Keys that everything scores high are taken off: L0H3 still matches the same token."""
    hubs = [(PLAIN.vocabulary[n + 40], PLAIN.vocabulary[n]) for n in range(1, 13)]
    assert matches(model_of(PLAIN), "L0H3", pairs=hubs).verdict is not SUPPORTED


@pytest.mark.parametrize(("planted", "seed"), [(PLAIN, 0), (GROUPED, 2)])
def test_nothing_is_supported_of_a_model_with_random_weights(planted, seed):
    session = Session()
    model = session.model(planted.with_random_weights(seed))
    heads = model.heads().each()
    claims = [qk_circuit_matches(head, by=0.0, share=0.02) for head in heads]
    claims += [qk_circuit_matches(head, pairs=NEXT, by=0.0) for head in heads]
    assert SUPPORTED not in {evidence.verdict for evidence in session.evaluate(claims)}


def test_numbers_are_those_of_a_plain_computation():
    """E W_Q W_Kᵀ Eᵀ with centred keys, by hand."""
    circuit = np.random.default_rng(3).standard_normal((12, 12))
    planted = graded_matching_model("by hand", circuit, vocabulary=200)
    model = Session().model(planted)
    of, tokens = QKCircuit(model["L0H0"].components[0], False, (1,)), token_sample(100)
    weights = {name: tensor.double() for name, tensor in planted.state_dict().items()}
    numbers = torch.from_numpy(tokens.numbers(model.tokenizer))
    read = weights["tok_embed.weight"][numbers]
    keys = read @ weights["layers.0.attn.k.weight"][:12].T
    table = (read @ weights["layers.0.attn.q.weight"][:12].T) @ (keys - keys.mean(0)).T
    products, ranks = model.measure(
        [
            WeightRequest(QKOnTokens(of, tokens)),
            WeightRequest(OwnKeyRanks(of, tokens)),
        ]
    )
    found = np.sort_complex(np.linalg.eigvals(products.sum(0)))
    by_hand = np.linalg.eigvals(table.numpy())
    by_hand = np.sort_complex(by_hand[np.argsort(-np.abs(by_hand))[:12]])
    assert found == pytest.approx(by_hand, rel=1e-3, abs=1e-4)
    higher = (table > table.diagonal()[:, None]).double().mean(1)
    assert ranks == pytest.approx(higher.numpy() + 0.01, abs=1e-9)


def test_pair_scores_are_centred_and_scaled():
    circuit = np.random.default_rng(3).standard_normal((12, 12))
    planted = graded_matching_model("by hand", circuit, vocabulary=200)
    model = Session().model(planted)
    of = QKCircuit(model["L0H0"].components[0], False, (1,))
    sides = [NamedTokens(tuple(side), "x") for side in zip(*NEXT, strict=True)]
    (table,) = model.measure([WeightRequest(PairScores(of, *sides))])
    assert table.mean(0) == pytest.approx(np.zeros(30), abs=1e-9)
    assert table.mean(1) == pytest.approx(np.zeros(30), abs=1e-9)
    assert table.std() == pytest.approx(1.0)


def test_a_head_that_scores_all_keys_alike_decides_nothing(model_of):
    model = model_of(graded_matching_model("identity", np.eye(12)))
    assert matches(model, "L0H1", top=0.01).verdict is not SUPPORTED
    assert matches(model, "L0H1", pairs=NEXT).verdict is INCONCLUSIVE


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"by": 1.0}, ClaimError, "by lies in"),
        ({"top": 1.0}, ClaimError, "by lies in"),
        ({"share": 1.0}, ClaimError, "by lies in"),
        ({"embedding": "whole"}, ClaimError, "no embedding 'whole'"),
        ({"embedding": "effective"}, ClaimError, "before the first MLP"),
        ({"distances": ()}, ClaimError, "distances are different numbers"),
        ({"distances": (-1,)}, ClaimError, "distances are different numbers"),
        ({"pairs": NEXT[:3]}, ClaimError, "pairs are 8 or more"),
        ({"pairs": [*NEXT, NEXT[0]]}, ClaimError, "each token once"),
        ({"pairs": []}, ClaimError, "pairs are 8 or more"),
        ({"tokens": "a word"}, PromptError, "token_sample"),
    ],
)
def test_bad_arguments_fail_before_anything_is_measured(model_of, options, error, message):
    with pytest.raises(error, match=message):
        matches(model_of(PLAIN), "L0H0", **options)


def test_it_is_about_one_head(model_of):
    model = model_of(PLAIN)
    with pytest.raises(ComponentError, match="about one head"):
        qk_circuit_matches(model["L0H0", "L0H1"])

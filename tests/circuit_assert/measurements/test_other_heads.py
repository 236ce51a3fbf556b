"""Ranks across heads, and the test of pairs, against the same worked out another way."""

import numpy as np
import pytest
import torch
from scipy import stats as scipy_stats

from circuit_assert import Session
from circuit_assert.claims.other_heads import apart_from, outdoes
from circuit_assert.components import Head
from circuit_assert.measurements.base import WeightRequest
from circuit_assert.measurements.other_heads import HeadSets, RanksAcrossHeads
from circuit_assert.models.planted_models import naming_model, naming_prompts
from circuit_assert.prompts.token_samples import AnswerTokens

PLANTED = naming_model(grouped_queries=True)


def effective(weights, tokens):
    """E + MLP(norm(E)), and the pre-attention norm of it, in plain torch."""

    def norm(x, gain):
        return x / (x.pow(2).mean(-1, keepdim=True) + 1e-5).sqrt() * gain

    embedded = weights["tok_embed.weight"][tokens]
    read = norm(embedded, weights["layers.0.ln2.weight"])
    inside = read @ weights["layers.0.mlp.fc_in.weight"].T + weights["layers.0.mlp.fc_in.bias"]
    written = torch.relu(inside) @ weights["layers.0.mlp.fc_out.weight"].T
    return norm(embedded + written, weights["layers.1.ln1.weight"])


@pytest.mark.parametrize("size", [1, 2])
def test_ranks_are_those_of_the_logits_worked_out_by_hand(size):
    model = Session().model(PLANTED)
    sets, tokens = HeadSets(size), AnswerTokens(naming_prompts())
    found = model.measure([WeightRequest(RanksAcrossHeads(sets, tokens))])[0]
    weights = {name: tensor.double() for name, tensor in PLANTED.state_dict().items()}
    numbers = tokens.numbers(model.tokenizer)
    width, per_group = PLANTED.card.d_head, PLANTED.card.heads // PLANTED.card.kv_heads
    unembedding = weights["head.weight"] - weights["head.weight"].mean(0)
    for index, heads in enumerate(sets.drawn(PLANTED.card)):
        written = 0
        for head in heads:
            group = head.head // per_group
            values = weights["layers.1.attn.v.weight"][group * width : (group + 1) * width]
            output = weights["layers.1.attn.o.weight"][
                :, head.head * width : (head.head + 1) * width
            ]
            written = written + effective(weights, numbers) @ values.T @ output.T
        logits = (written * weights["ln_out.weight"]) @ unembedding.T
        own = logits[torch.arange(len(numbers)), torch.from_numpy(numbers)]
        raised = (logits[:, 1:] >= own[:, None]).sum(1)
        lowered = (logits[:, 1:] <= own[:, None]).sum(1)
        np.testing.assert_array_equal(found[0, index], raised)
        np.testing.assert_array_equal(found[1, index], lowered)


def test_sets_are_different_and_leave_out_the_first_layer():
    for size, one_layer in ((1, True), (2, True), (3, False)):
        sets = HeadSets(size, one_layer).drawn(PLANTED.card)
        assert len(set(sets)) == len(sets) >= 8
        assert all(len(set(heads)) == size for heads in sets)
        assert all(head.layer > 0 for heads in sets for head in heads)
    assert apart_from((Head(1, 0),), [(Head(1, 0), Head(1, 2)), (Head(1, 3), Head(1, 4))]) == [1]


def test_the_test_of_pairs_is_the_exact_one():
    own = np.array([True] * 12 + [False] * 8)
    others = np.zeros((4, 20), bool)
    others[:, 18:] = True
    found = outdoes(own, others, 0.01, "heads")
    assert found.p_value == pytest.approx(
        scipy_stats.binomtest(12, 14, alternative="greater").pvalue
    )
    assert found.holds is True
    assert outdoes(others[0], others, 0.01, "heads").holds is None
    assert outdoes(~own, np.tile(own, (4, 1)), 0.01, "heads").holds is False
    assert outdoes(own, others[:2], 0.01, "heads").holds is None


def test_heads_alike_are_seldom_told_apart():
    rng = np.random.default_rng(0)
    wrong = sum(
        outdoes(rng.random(64) < 0.6, rng.random((24, 64)) < 0.6, 0.01, "heads").holds is True
        for _ in range(2000)
    )
    assert scipy_stats.binomtest(wrong, 2000, 0.01, alternative="greater").pvalue > 0.001

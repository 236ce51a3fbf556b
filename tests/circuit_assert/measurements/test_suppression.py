"""What copy suppression rests on, against the same worked out in plain torch."""

import numpy as np
import torch

from circuit_assert import Session
from circuit_assert.components import Head
from circuit_assert.measurements import Request
from circuit_assert.measurements.base import WeightRequest
from circuit_assert.measurements.predicted_keys import PredictedKeyRanks
from circuit_assert.measurements.suppression import LoweredWhereAttended, _of_row
from circuit_assert.models.planted_models import suppressing_documents, suppressing_model
from circuit_assert.prompts.token_samples import token_sample
from tests.circuit_assert.by_hand import attention

PLANTED = suppressing_model(seed=3)
SIZE, WIDTH = PLANTED.card.vocabulary, PLANTED.card.d_head
TEXT = suppressing_documents(documents=8, length=24)


def weights():
    return {name: tensor.double() for name, tensor in PLANTED.state_dict().items()}


def test_ranks_of_keys_are_those_of_the_scores_worked_out_by_hand():
    model = Session().model(PLANTED)
    tokens = token_sample(30)
    found = model.measure([WeightRequest(PredictedKeyRanks(1, tokens, (0, 7)))])[0]
    w, numbers = weights(), torch.from_numpy(tokens.numbers(model.tokenizer))
    embedded = w["tok_embed.weight"]
    inside = torch.relu(embedded @ w["layers.0.mlp.fc_in.weight"].T + w["layers.0.mlp.fc_in.bias"])
    effective = embedded + inside @ w["layers.0.mlp.fc_out.weight"].T
    predicts = w["head.weight"] - w["head.weight"].mean(0)
    for head in range(6):
        rows = slice(head * WIDTH, (head + 1) * WIDTH)
        bias = w["layers.1.attn.q.bias"][rows]
        queries = predicts[numbers] @ w["layers.1.attn.q.weight"][rows].T + bias
        scores = queries @ (effective @ w["layers.1.attn.k.weight"][rows].T).T
        own = scores[torch.arange(30), numbers]
        ranks = (scores[:, 1:] >= own[:, None] - 1e-6).sum(1)
        for distance in range(2):  # positions turn nothing here
            np.testing.assert_array_equal(found[distance, head], ranks)


def test_where_a_head_attends_is_found_as_by_hand():
    model = Session().model(PLANTED)
    of = LoweredWhereAttended(Head(1, 0), above=0.1, top=3)
    found = model.measure([Request(of, TEXT)])[0]
    for unit, row in enumerate(TEXT.tokenize(model.tokenizer).tokens["clean"]):
        pattern, logits = _run(row)
        lowered, spared = [], []
        for query, key in zip(*np.nonzero(pattern > 0.1), strict=True):
            if key == 0:
                continue
            ranks = (logits[query, 1:][None] <= logits[query][:, None] + 1e-6).sum(1)
            attended = set(row[: query + 1][pattern[query, : query + 1] > 0.1].tolist())
            others = [
                k
                for k in range(1, query + 1)
                if row[k] not in attended and pattern[query, k] < 0.01
            ]
            if others:
                lowered.append(ranks[row[key]] <= 3)
                spared.append(ranks[row[others[len(others) // 2]]] <= 3)
        assert np.isfinite(found[unit]).sum() == 2 * min(len(lowered), 24)
        if len(lowered) <= 24:
            np.testing.assert_array_equal(found[unit, 0, : len(lowered)], lowered)
            np.testing.assert_array_equal(found[unit, 1, : len(spared)], spared)


def _run(row):
    """L1H0's pattern, `[query, key]`, and its direct effect on all logits, `[query, token]`."""
    w = {name: tensor.numpy() for name, tensor in weights().items()}
    stream = w["tok_embed.weight"][row] + w["pos.weight"][: len(row)]

    first = [attention(w, stream, 0, head, WIDTH) for head in range(6)]
    stream = stream + sum(shares @ values for shares, values in first)
    inside = stream @ w["layers.0.mlp.fc_in.weight"].T + w["layers.0.mlp.fc_in.bias"]
    stream = stream + np.maximum(inside, 0) @ w["layers.0.mlp.fc_out.weight"].T
    pattern, values = attention(w, stream, 1, 0, WIDTH)
    return pattern, pattern @ values @ (w["head.weight"] - w["head.weight"].mean(0)).T


def test_places_are_spread_over_the_text_and_never_the_beginning():
    pattern = np.tril(np.full((60, 60), 0.5))
    tokens = np.arange(60)
    assert len(_of_row(0, pattern, tokens, 0.1)) == 0  # everything is attended to
    pattern[:, 2:] = 0.0
    places = _of_row(4, pattern, tokens, 0.1)
    assert places.shape == (24, 4)
    assert set(places[:, 0]) == {4}
    assert set(places[:, 2]) == {1}
    assert np.ptp(places[:, 1]) > 50

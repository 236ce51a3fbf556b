"""QK circuits: positivity and pairs at their bounds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count

import numpy as np
import numpy.typing as npt

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import Claim, Session, qk_circuit_matches, token_sample
from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models import graded_matching_model, matching_model

_WIDTH, _VOCABULARY, _TOKENS = 12, 2000, 400
_NAME = "qk_circuit_matches"
Reals = npt.NDArray[np.float64]


def _planted(seed: int) -> PlantedModel:
    rng = np.random.default_rng([seed, 6])
    by = rng.lognormal(0.0, 0.6, _WIDTH)
    circuit = np.diag(by) + rng.normal(0.0, 0.5, (_WIDTH, _WIDTH))
    return graded_matching_model(f"{seed}", circuit, vocabulary=_VOCABULARY, seed=2 * seed)


def _table(planted: PlantedModel) -> Reals:
    """Scores of all queries with all keys, keys centred, worked out by hand."""
    weights = {name: w.double().numpy() for name, w in planted.state_dict().items()}
    read = weights["tok_embed.weight"][1:]
    queries = read @ weights["layers.0.attn.q.weight"][:_WIDTH].T
    keys = read @ weights["layers.0.attn.k.weight"][:_WIDTH].T
    return queries @ (keys - keys.mean(0)).T


def _positivity(planted: PlantedModel) -> float:
    eigenvalues = np.linalg.eigvals(_table(planted))
    return float(eigenvalues.real.sum() / np.abs(eigenvalues).sum())


def _spectrum(less: float, seed: int) -> Iterator[Claim]:
    planted = _planted(seed)
    head, true = Session().model(planted)["L0H0"], _positivity(planted)
    for n in count(1):
        on = token_sample(_TOKENS, seed=n)
        yield qk_circuit_matches(head, tokens=on, by=true - less, top=0.5, share=0.0)


def _pairs(less: float, seed: int) -> Iterator[Claim]:
    """Tokens and themselves, as pairs drawn at random: their mean score, of many, is the bound."""
    planted = _planted(seed)
    table = _table(planted)
    table = table - table.mean(1, keepdims=True)
    # of 60 drawn tokens, a centred score is 59/60 of that among all, squares likewise
    true = float(table.diagonal().mean() / table.std())
    head, rng = Session().model(planted)["L0H0"], np.random.default_rng(seed)
    while True:
        drawn = rng.choice(np.arange(1, _VOCABULARY), 60, replace=False)
        words = [planted.vocabulary[n] for n in drawn]
        pairs = list(zip(words, words, strict=True))
        yield qk_circuit_matches(head, pairs=pairs, by=true - less)


def _random_heads(seed: int) -> Iterator[Claim]:
    model = Session().model(matching_model().with_random_weights(seed))
    for n, head in enumerate(model.heads().each()):
        yield qk_circuit_matches(head, tokens=token_sample(100, seed=n), by=0.0, share=0.02)


CASES = (
    Case(_NAME, "spectrum", "at the bound", partial(_spectrum, 0.0), share=0.5),
    Case(_NAME, "pairs", "at the bound", partial(_pairs, 0.0), share=0.5),
    Case(_NAME, "clearly", "true", partial(_pairs, 1.0), share=0.25),
    Case(_NAME, "heads of random weights", "easy null", _random_heads, models=10, share=0.3),
)

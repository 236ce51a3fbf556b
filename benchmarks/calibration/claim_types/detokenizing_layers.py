"""Where split words are put together: as many early as late, exactly at the bound."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import Claim, Session, detokenization_peaks_early
from circuit_assert.claims.detokenizing_layers import Standing
from circuit_assert.claims.split_words import SplitWords
from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models import cutting_documents, cutting_model

_NAME = "detokenization_peaks_early"
_PART = 0.6  # of words that the middling models put together early
_POPULATION = 120  # models, whose words are drawn anew


def _claims(planted: PlantedModel, by: float, seed: int) -> Iterator[Claim]:
    """One claim a model: which words it puts together is drawn with it."""
    on = cutting_documents(seed=seed)
    yield detokenization_peaks_early(Session().model(planted), on=on, share=0.5, by=by)


def _as_many(seed: int) -> Iterator[Claim]:
    """As likely early as late, so that both halves of the layers do as well."""
    return _claims(cutting_model(early=0.5, late=0.5, seed=seed), 0.0, seed)


@lru_cache(maxsize=1)
def _standing() -> float:
    """How far above chance words stand where the middling models put some together."""
    total = 0.0
    for seed in range(10**6, 10**6 + _POPULATION):
        words = SplitWords(cutting_documents(seed=seed), 96, 0.5)
        measure = Session().model(cutting_model(early=_PART, seed=seed)).explore()
        total += float(measure(Standing(words, 0.0, favourable=False)).values.mean())
    return total / _POPULATION


def _middling(seed: int) -> Iterator[Claim]:
    return _claims(cutting_model(early=_PART, seed=seed), _standing(), seed)


def _clearly(seed: int) -> Iterator[Claim]:
    return _claims(cutting_model(seed=seed), 0.1, seed)


def _one_half(seed: int) -> Iterator[Claim]:
    """The end alone tells the word: all criteria but the controls are far inside."""
    on, planted = cutting_documents(reads="last", seed=seed), cutting_model(reads="last", seed=seed)
    yield detokenization_peaks_early(Session().model(planted), on=on, share=0.5, by=0.1)


def _random(seed: int) -> Iterator[Claim]:
    return _claims(cutting_model(seed=seed).with_random_weights(seed), 0.0, seed)


CASES = (
    Case(_NAME, "peak", "at the bound", _as_many, models=1000, share=0.5),
    Case(_NAME, "standing", "at the bound", _middling, models=1000, share=0.5),
    Case(_NAME, "end alone", "at the bound", _one_half, models=1000, share=0.2),
    Case(_NAME, "clearly", "true", _clearly, models=100, share=0.1),
    Case(_NAME, "random weights", "easy null", _random, models=100, share=0.1),
)

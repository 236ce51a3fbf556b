"""The residual stream as a sum: the share of the logits that some parts miss, at its bound."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from benchmarks.calibration.claim_types.case import Case, detectable
from circuit_assert import Claim, Session, residual_stream_decomposes
from circuit_assert.measurements import Request
from circuit_assert.measurements.decomposition import DecompositionError, Part
from circuit_assert.models.model import Model
from circuit_assert.models.planted_models import neuron_documents, neuron_model

_NAME = "residual_stream_decomposes"
_PARTS: tuple[Part, ...] = ("embedding", "heads")
_DOCUMENTS = 4000


def _missed(model: Model) -> float:
    """Its population value, over thousands of documents."""
    on = neuron_documents(documents=_DOCUMENTS, seed=10**6)
    return float(model.measure([Request(DecompositionError(_PARTS), on)])[0].mean())


def _claims(model: Model, within: float) -> Iterator[Claim]:
    return (
        residual_stream_decomposes(
            model, on=neuron_documents(seed=seed), within=within, parts=_PARTS
        )
        for seed in count(1)
    )


def _missed_at_the_bound(seed: int) -> Iterator[Claim]:
    model = Session().model(neuron_model(jitter=0.15, seed=seed))
    return _claims(model, _missed(model))


def _by_the_detectable(seed: int) -> Iterator[Claim]:
    """Below the bound by what the evidence says would be supported 8 times in 10."""
    model = Session().model(neuron_model(jitter=0.15, seed=seed))
    missed = _missed(model)
    return _claims(model, missed + detectable(next(_claims(model, missed)), "sum"))


def _all_parts(seed: int) -> Iterator[Claim]:
    model = Session().model(neuron_model(jitter=0.15, seed=seed))
    return (residual_stream_decomposes(model, on=neuron_documents(seed=n)) for n in count(1))


def _without_mlps(seed: int) -> Iterator[Claim]:
    model = Session().model(neuron_model(seed=seed).with_random_weights(seed))
    return (
        residual_stream_decomposes(model, on=neuron_documents(seed=n), parts=_PARTS)
        for n in count(1)
    )


CASES = (
    Case(_NAME, "what MLPs add", "at the bound", _missed_at_the_bound, models=4),
    Case(_NAME, "all parts", "true", _all_parts, models=4, share=0.1),
    Case(
        _NAME,
        "by the detectable difference",
        "true",
        _by_the_detectable,
        models=4,
        share=0.3,
    ),
    Case(_NAME, "random weights without MLPs", "easy null", _without_mlps, models=4, share=0.1),
)

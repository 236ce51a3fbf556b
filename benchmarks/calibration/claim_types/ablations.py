"""Ablation: the drop, the task and the rest of the text at their bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import count

import numpy as np

from benchmarks.calibration.claim_types.case import Case
from circuit_assert import Claim, Session, ablation_drops_logit
from circuit_assert.claims.ablations import Effect
from circuit_assert.components import Subject
from circuit_assert.interventions import Ablation, How
from circuit_assert.measurements import Loss
from circuit_assert.models.model import Model
from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models import lookup_documents, lookup_model, lookup_prompts

_EFFECT, _BACKUP = 2.0, 2.0  # logits
_DOCUMENTS = 24
_SETS = 1000  # of documents, that the population's change of the loss is taken from
_TEXT = lookup_documents(documents=_DOCUMENTS)


def _planted(seed: int, *, constant: float = 1.5) -> PlantedModel:
    """A model whose effects are skewed over cues, and differ between templates, too."""
    return lookup_model(
        effect=_EFFECT, spread=0.7, constant=constant, backup=_BACKUP, skewed=True, seed=seed
    )


def _claims(
    planted: PlantedModel, *, by: float, how: How = "mean", within: float = 0.1
) -> Iterator[Claim]:
    head = Session().model(planted)["L1H0"]
    for seed in count(1):
        yield ablation_drops_logit(
            head,
            on=lookup_prompts(seed=seed),
            by=by,
            ablation=how,
            off_task=_TEXT,
            off_task_within=within,
        )


def _drop_at_by(how: How, seed: int) -> Iterator[Claim]:
    return _claims(_planted(seed), by=_EFFECT, how=how)


def _model_is_as_often_wrong(seed: int) -> Iterator[Claim]:
    """The mean logit difference is zero: a constant outweighs what the two other parts add."""
    return _claims(_planted(seed, constant=-_EFFECT - _BACKUP), by=0.5)


def _detectable_drop(seed: int) -> Iterator[Claim]:
    """Above the bound by what the evidence says would be supported 8 times in 10."""
    planted = _planted(seed)
    first = next(_claims(planted, by=_EFFECT)).check()
    detectable = next(f.detectable for f in first.findings if f.name == "total effect")
    return _claims(planted, by=_EFFECT - (detectable or 0.0))


def _clear_drop(seed: int) -> Iterator[Claim]:
    return _claims(_planted(seed), by=0.8)


def _text_suffers_as_well(seed: int) -> Iterator[Claim]:
    """The change of the loss elsewhere is exactly the largest that does not count."""
    model = Session().model(_planted(seed))
    margin = abs(_change_elsewhere(model, model["L1H0"]))
    for prompts in count(1):
        yield ablation_drops_logit(
            model["L1H0"],
            on=lookup_prompts(seed=prompts),
            by=0.8,
            off_task=lookup_documents(documents=_DOCUMENTS, seed=prompts),
            off_task_within=margin,
        )


def _change_elsewhere(model: Model, head: Subject) -> float:
    """Its population value, for means over as many documents as the claim takes them over."""
    change = Effect(Loss(places=16), lookup_documents(), Ablation(head.components))
    sets = (lookup_documents(documents=_DOCUMENTS, seed=10**6 + number) for number in range(_SETS))
    measure = model.explore()
    return float(np.mean([measure(replace(change, on=text)).values.mean() for text in sets]))


def _random_heads(seed: int) -> Iterator[Claim]:
    planted = _planted(seed).with_random_weights(seed)
    model = Session().model(planted)
    for prompts, place in enumerate(np.ndindex(planted.card.layers, planted.card.heads)):
        on = lookup_prompts(seed=prompts)
        yield ablation_drops_logit(model.head(*place), on=on, by=0.05, off_task=_TEXT)


def _bystanders(seed: int) -> Iterator[Claim]:
    """Every head but those that do something, one after the other."""
    planted = _planted(seed)
    model = Session().model(planted)
    idle = [address for address, words in planted.false.items() if "where no logit" in words]
    for prompts, address in enumerate(idle):
        on = lookup_prompts(seed=prompts)
        yield ablation_drops_logit(model[address], on=on, by=0.05, off_task=_TEXT)


_NAME = "ablation_drops_logit"
CASES = (
    Case(_NAME, "drop, mean ablation", "at the bound", partial(_drop_at_by, "mean")),
    Case(_NAME, "drop, zero ablation", "at the bound", partial(_drop_at_by, "zero")),
    Case(_NAME, "drop, resampling", "at the bound", partial(_drop_at_by, "resample"), share=0.5),
    Case(_NAME, "competence", "at the bound", _model_is_as_often_wrong),
    Case(_NAME, "off-task", "at the bound", _text_suffers_as_well, models=4, share=0.5),
    Case(_NAME, "drop by the detectable effect", "true", _detectable_drop, share=0.3),
    Case(_NAME, "clearly", "true", _clear_drop, share=0.25),
    Case(_NAME, "heads of random weights", "easy null", _random_heads, models=20, share=0.3),
    Case(_NAME, "heads beside the circuit", "easy null", _bystanders, models=20, share=0.3),
)

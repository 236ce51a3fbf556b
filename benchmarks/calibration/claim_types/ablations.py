"""Ablation: the drop, the task and the rest of the text at their bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import count

import numpy as np

from benchmarks.calibration.claim_types.case import Case, detectable
from circuit_assert import (
    Claim,
    Session,
    ablation_drops_logit,
    ablation_raises_loss,
    repeated_tokens,
)
from circuit_assert.claims.component_effects import Effect
from circuit_assert.components import Subject
from circuit_assert.interventions import Ablation, How
from circuit_assert.measurements import Loss
from circuit_assert.models.model import Model
from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models import (
    induction_model,
    lookup_documents,
    lookup_model,
    lookup_prompts,
)
from circuit_assert.prompts.repeated import RepeatedTokens
from circuit_assert.prompts.truncated import Truncated

_EFFECT, _BACKUP = 2.0, 2.0  # logits
_DOCUMENTS = 24
_SETS = 400  # of documents, that the population's change of the loss is taken from
_REPEATED_SETS = 60  # of random sequences, for the same
_ANY = 20.0  # nats: off-task changes are not what is tested
_LONG = 12  # tokens of each, so that all are of one length and can take each other's place


def _planted(seed: int, *, constant: float = 1.5, skewed: bool = True) -> PlantedModel:
    """A model whose effects differ between cues (a few are large, if skewed) and templates."""
    return lookup_model(
        effect=_EFFECT, spread=0.8, constant=constant, backup=_BACKUP, skewed=skewed, seed=seed
    )


def _claims(
    planted: PlantedModel, *, by: float, how: How = "mean", within: float = _ANY
) -> Iterator[Claim]:
    head = Session().model(planted)["L1H0"]
    for seed in count(1):
        yield ablation_drops_logit(
            head,
            on=lookup_prompts(seed=seed),
            by=by,
            ablation=how,
            off_task=_text(0),
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
    less = detectable(next(_claims(planted, by=_EFFECT)), "total effect")
    return _claims(planted, by=_EFFECT - less)


def _clear_drop(seed: int) -> Iterator[Claim]:
    return _claims(_planted(seed), by=0.8)


def _text_suffers_as_well(skewed: bool, seed: int) -> Iterator[Claim]:
    """The change of the loss elsewhere is exactly the largest that does not count.

    Where effects are skewed, so that in most documents nothing happens and in one of twenty much,
    the mean of 24 documents is that of the rest more often than not.
    """
    model = Session().model(_planted(seed, skewed=skewed))
    margin = abs(_change_elsewhere(model, model["L1H0"]))
    for prompts in count(1):
        yield ablation_drops_logit(
            model["L1H0"],
            on=lookup_prompts(seed=prompts),
            by=0.8,
            off_task=_text(prompts),
            off_task_within=margin,
        )


def _change_elsewhere(model: Model, head: Subject) -> float:
    """Its population value, for means over as many documents as the claim takes them over."""
    change = Effect(Loss(places=16), _text(0), Ablation(head.components))
    sets = (_text(10**6 + number) for number in range(_SETS))
    measure = model.explore()
    return float(np.mean([measure(replace(change, on=text)).values.mean() for text in sets]))


def _text(seed: int) -> Truncated:
    return Truncated(lookup_documents(documents=_DOCUMENTS, seed=seed), _LONG)


def _random_heads(seed: int) -> Iterator[Claim]:
    planted = _planted(seed).with_random_weights(seed)
    model = Session().model(planted)
    for prompts, place in enumerate(np.ndindex(planted.card.layers, planted.card.heads)):
        on = lookup_prompts(seed=prompts)
        yield ablation_drops_logit(model.head(*place), on=on, by=0.05, off_task=_text(0))


def _bystanders(seed: int) -> Iterator[Claim]:
    """Every head but those that do something, one after the other."""
    planted = _planted(seed)
    model = Session().model(planted)
    idle = [address for address, words in planted.false.items() if "where no logit" in words]
    for prompts, address in enumerate(idle):
        on = lookup_prompts(seed=prompts)
        yield ablation_drops_logit(model[address], on=on, by=0.05, off_task=_text(0))


def _loss_rises_by(seed: int) -> Iterator[Claim]:
    """The rise is exactly the bound, for means over as many sequences as the claim takes."""
    model = Session().model(induction_model())
    head = model["L1H0"]
    rise = Effect(Loss(), _sequences(0), Ablation(head.components), rises=True)
    sets = (_sequences(10**6 * (seed + 1) + number) for number in range(_REPEATED_SETS))
    measure = model.explore()
    by = float(np.mean([measure(replace(rise, on=some)).values.mean() for some in sets]))
    return _rises(by, seed)


def _rises(by: float, seed: int, *, random: bool = False) -> Iterator[Claim]:
    planted = induction_model()
    head = Session().model(planted.with_random_weights(seed) if random else planted)["L1H0"]
    for number in count(1):
        yield ablation_raises_loss(head, on=_sequences(1000 * seed + number), by=by)


def _sequences(seed: int) -> RepeatedTokens:
    return repeated_tokens(sequences=24, seed=seed)


_NAME, _RAISES = "ablation_drops_logit", "ablation_raises_loss"
CASES = (
    Case(_NAME, "drop, mean ablation", "at the bound", partial(_drop_at_by, "mean")),
    Case(_NAME, "drop, zero ablation", "at the bound", partial(_drop_at_by, "zero")),
    Case(_NAME, "drop, resampling", "at the bound", partial(_drop_at_by, "resample"), share=0.5),
    Case(_NAME, "competence", "at the bound", _model_is_as_often_wrong),
    Case(
        _NAME,
        "off-task",
        "at the bound",
        partial(_text_suffers_as_well, False),
        models=4,
        share=0.5,
    ),
    Case(
        _NAME,
        "off-task, one document in many",
        "at the bound",
        partial(_text_suffers_as_well, True),
        models=4,
        share=0.3,
        promised=False,
    ),
    Case(_NAME, "drop by the detectable effect", "true", _detectable_drop, share=0.3),
    Case(_NAME, "clearly", "true", _clear_drop, share=0.25),
    Case(_NAME, "heads of random weights", "easy null", _random_heads, models=20, share=0.3),
    Case(_NAME, "heads beside the circuit", "easy null", _bystanders, models=20, share=0.3),
    Case(_RAISES, "rise", "at the bound", _loss_rises_by, share=0.5),
    Case(_RAISES, "clearly", "true", partial(_rises, 0.1), share=0.125),
    Case(
        _RAISES,
        "random weights",
        "easy null",
        partial(_rises, 0.02, random=True),
        models=20,
        share=0.125,
    ),
)

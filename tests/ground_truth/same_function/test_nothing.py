"""An effect of exactly nothing is a rounding error in other weights, and still no claim."""

import pytest

from circuit_assert import claim, contrast, loss, repeated_tokens
from circuit_assert.interventions import Ablation
from circuit_assert.models.planted_models import redundant_induction_model
from circuit_assert.stats import Verdict

PLANTED = redundant_induction_model()


@claim("ablating {head} lowers the loss")
def lowers_the_loss(head, *, by: float = 0.0):
    """It does not: the other of the two heads is enough."""
    clean = loss(head.model)
    ablated = clean.with_intervention(Ablation(head.components))
    return contrast(clean, versus=ablated, on=repeated_tokens(), by=by)


@claim("ablating {head} raises the loss")
def raises_the_loss(head, *, by: float = 0.0):
    """Neither."""
    clean = loss(head.model)
    ablated = clean.with_intervention(Ablation(head.components))
    return contrast(ablated, versus=clean, on=repeated_tokens(), by=by)


@pytest.mark.parametrize("head", ["L1H0", "L1H1"])
@pytest.mark.parametrize("kind", [lowers_the_loss, raises_the_loss])
def test_nothing_has_no_sign(model_of, altered, changes, head, kind):
    rescaled = altered(PLANTED, "neurons rescaled", changes.rescale_neurons(1))
    for planted in (PLANTED, rescaled):
        assert kind(model_of(planted)[head]).check().verdict is Verdict.INCONCLUSIVE

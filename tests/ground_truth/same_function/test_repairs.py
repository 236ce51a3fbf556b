"""Self-repair on models that compute the same with other weights."""

import pytest

from circuit_assert import indirect_effect_is, later_layers_repair
from circuit_assert.models.planted_models import lookup_prompts, repair_model

PLAIN, NORMED = repair_model(), repair_model(norm=True)
PROMPTS = lookup_prompts()
HEADS = (3, 6, 0, 5, 1, 7, 2, 4)


def evidence_of(model, address="L0H0"):
    """Supported by one bound, refuted by the other: all of one head, whose peers are the same."""
    claims = [later_layers_repair(model[address], on=PROMPTS, by=by) for by in (0.3, 0.9)]
    claims.append(indirect_effect_is(model[address], on=PROMPTS, by=-0.3))
    return model.court.evaluate(claims)


@pytest.mark.parametrize("planted", [PLAIN, NORMED], ids=["plain", "normed"])
def test_a_head_keeps_its_verdict_at_its_new_address(changes, stays, planted):
    new = f"L0H{HEADS.index(0)}"
    change = changes.permute_heads(0, HEADS)
    stays(planted, "permuted", change, evidence_of, lambda model: evidence_of(model, new))


@pytest.mark.parametrize("change", ["values mixed", "later values mixed", "neurons rescaled"])
def test_other_weights_for_the_same_change_nothing(changes, stays, change):
    by = {
        "values mixed": changes.mix_values(0, PLAIN.card),
        "later values mixed": changes.mix_values(1, PLAIN.card),
        "neurons rescaled": changes.rescale_neurons(1),
    }
    stays(PLAIN, change, by[change], evidence_of)

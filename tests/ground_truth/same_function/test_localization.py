"""Localization in models that compute the same with other weights."""

import pytest

from circuit_assert import effect_is_localized
from circuit_assert.models.planted_models import graded_effects_model, lookup_prompts

HEADS = (3, 6, 0, 5, 1, 7, 2, 4, 9, 8)
PLANTED = graded_effects_model("same", (2.0, 1.5, *8 * (0.02,)), noise=0.1)
PROMPTS = lookup_prompts()


def evidence_of(model):
    claims = [
        effect_is_localized(model.heads(), on=PROMPTS, by=by, effects=effects)
        for by in (0.5, 0.97)
        for effects in ("total", "direct")
    ]
    return model.court.evaluate(claims)


@pytest.mark.parametrize("change", ["heads permuted", "values mixed"])
def test_heads_in_another_order_or_basis_change_nothing(changes, stays, change):
    by = {
        "heads permuted": changes.permute_heads(0, HEADS),
        "values mixed": changes.mix_values(0, PLANTED.card),
    }
    stays(PLANTED, change, by[change], evidence_of)

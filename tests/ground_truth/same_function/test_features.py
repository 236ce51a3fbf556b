"""Feature claims on models that compute the same with other weights."""

import pytest

from circuit_assert import feature_is_multilingual
from circuit_assert.models.planted_models import (
    languages_model,
    planted_antonyms,
    planted_operations,
    planted_synonyms,
    planted_unrelated,
)
from circuit_assert.models.planted_models.languages import SITE

SHARED = languages_model("shared")
FROM, TO = planted_synonyms("en"), planted_antonyms("en")
CONTROLS = {"versus": planted_operations(), "null": planted_unrelated()}


def evidence_of(model):
    """That the direction is one feature (true), and that the opposite direction is (false)."""
    directions = [
        model.direction(toward, versus=away, at=SITE) for toward, away in ((TO, FROM), (FROM, TO))
    ]
    claims = [
        feature_is_multilingual(
            direction, on=(planted_antonyms, planted_synonyms), languages=["zh"], **CONTROLS
        )
        for direction in directions
    ]
    return model.court.evaluate(claims)


@pytest.mark.parametrize(
    "change", ["heads permuted", "values mixed", "neurons permuted", "neurons rescaled"]
)
def test_a_feature_keeps_its_verdict_in_other_weights(changes, stays, change):
    by = {
        "heads permuted": changes.permute_heads(0, (1, 0)),
        "values mixed": changes.mix_values(0, SHARED.card),
        "neurons permuted": changes.permute_neurons(1, changes.shuffled(SHARED.card.d_mlp)),
        "neurons rescaled": changes.rescale_neurons(1),
    }
    stays(SHARED, change, by[change], evidence_of)

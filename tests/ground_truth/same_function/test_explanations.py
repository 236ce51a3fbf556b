"""Explanations of neurons of models that compute the same with other weights."""

import pytest

from circuit_assert import (
    explanation,
    explanation_predicts_activity,
    explanation_simulates_activity,
)
from circuit_assert.models.planted_models import explained_documents, explained_model
from circuit_assert.models.planted_models.explained import FAMILY

PLAIN, GATED = explained_model(), explained_model(gated=True)
ON = explained_documents()
SAID = explanation("w1 to w12", FAMILY)
LAYER = 1


def evidence_of(model):
    claims = [
        claim(model[f"L{LAYER}N{number}"], SAID, on=ON, by=by)
        for number in (0, 4)
        for claim, by in (
            (explanation_predicts_activity, 0.3),
            (explanation_simulates_activity, 0.5),
        )
    ]
    return model.court.evaluate(claims)


@pytest.mark.parametrize("planted", [PLAIN, GATED], ids=lambda planted: planted.name)
def test_neurons_of_another_size_keep_their_verdicts(changes, stays, planted):
    stays(planted, "rescaled", changes.rescale_neurons(LAYER), evidence_of)


def test_the_mirror_images_of_gated_neurons_keep_their_verdicts(changes, stays):
    stays(GATED, "flipped", changes.flip_neurons(LAYER), evidence_of)

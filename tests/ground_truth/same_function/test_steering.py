"""Steering by neurons of models that compute the same with other weights."""

from circuit_assert import ScriptShare, steering_makes_output
from circuit_assert.models.planted_models import (
    steering_documents,
    steering_model,
    steering_prefixes,
)

PLANTED = steering_model()


def evidence_of(model):
    claims = [
        steering_makes_output(
            model[f"L0N{number}"],
            ScriptShare("Cyrillic"),
            on=steering_prefixes(),
            by=0.3,
            versus=ScriptShare("Greek"),
            natural=steering_documents(),
        )
        for number in (0, 1, 3)
    ]
    return model.court.evaluate(claims)


def test_neurons_of_another_size_keep_their_verdicts(changes, stays):
    stays(PLANTED, "rescaled", changes.rescale_neurons(0), evidence_of)

"""Circuit claims on models that compute the same with other weights."""

import pytest

from circuit_assert import circuit_is_complete, circuit_is_minimal, path_matters
from circuit_assert.models.planted_models import RELAY, relay_model, relay_prompts

PLANTED, PROMPTS = relay_model(), relay_prompts(per_template=1)
HEADS = (3, 0, 5, 1, 4, 2)


def moved(layer, address):
    """The address of what `permute_heads` has moved."""
    for head in range(len(HEADS)):
        address = address.replace(f"L{layer}H{head}", f"L{layer}h{HEADS.index(head)}")
    return address.replace(f"L{layer}h", f"L{layer}H")


def evidence_of(model, name=str):
    damaged = [*RELAY[:-1], "L1H1 -> logits"]
    paths = (("L0H0", "L1H0.k"), ("L0H1", "L1H0.k"), ("L1H0", "logits"))
    claims = [
        *(
            claim
            for edges in (RELAY, damaged)
            for circuit in [model.circuit([name(edge) for edge in edges])]
            for claim in (
                circuit_is_complete(circuit, on=PROMPTS, within=0.1, halves=2),
                circuit_is_minimal(circuit, on=PROMPTS),
            )
        ),
        *(path_matters(model[name(s)], to=name(r), on=PROMPTS, by=2.0) for s, r in paths),
    ]
    return model.court.evaluate(claims)


@pytest.mark.parametrize("layer", [0, 1])
def test_circuits_keep_their_verdicts_at_their_new_addresses(changes, stays, layer):
    change = changes.permute_heads(layer, HEADS)

    def renamed(model):
        return evidence_of(model, lambda address: moved(layer, address))

    stays(PLANTED, f"permuted-{layer}", change, evidence_of, renamed)


@pytest.mark.parametrize("change", ["values mixed", "neurons rescaled"])
def test_other_weights_for_the_same_change_nothing(changes, stays, change):
    by = {
        "values mixed": changes.mix_values(1, PLANTED.card),
        "neurons rescaled": changes.rescale_neurons(2),
    }
    stays(PLANTED, change, by[change], evidence_of)

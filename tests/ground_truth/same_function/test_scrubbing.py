"""Scrubbing and rankings on models that compute the same with other weights."""

import pytest

from circuit_assert import circuit_survives_scrubbing, ranking_recovers
from circuit_assert.models.planted_models import (
    inhibiting_model,
    inhibiting_prompts,
    lookup_model,
    lookup_prompts,
)

INHIBITING, LOOKUP = inhibiting_model(), lookup_model()
NAMES, CUES = inhibiting_prompts(names=4, per_template=12), lookup_prompts(per_template=2)
HEADS = (3, 0, 5, 1, 4, 2)


def scrubbed(model, below=0, above=0):
    """Scrubbing with the features that are planted, and with wrong ones."""
    nodes = [f"L0H{below}", f"L1H{above}"]
    return model.court.evaluate(
        [
            circuit_survives_scrubbing(
                model.circuit(nodes),
                on=NAMES,
                by=0.6,
                correspondence=dict(zip(nodes, features, strict=True)),
                draws=4,
            )
            for features in (("S2", "answer"), ("IO", "answer"), ("S2", "S2"))
        ]
    )


def ranked(model):
    """The movers first, and last."""
    heads = [f"L{layer}H{head}" for layer in range(2) for head in range(8)]
    movers = ["L1H0", "L1H2", "L1H3"]
    rest = [head for head in heads if head not in movers]
    orders = ([*movers, *rest], [*rest, *movers])
    return model.court.evaluate(
        [ranking_recovers(model.ranking(order), on=CUES, by=0.8, within=0.2) for order in orders]
    )


@pytest.mark.parametrize("layer", [0, 1])
def test_scrubbing_does_not_depend_on_how_values_are_written(changes, stays, layer):
    change = changes.mix_values(layer, INHIBITING.card)
    stays(INHIBITING, f"values-{layer}", change, scrubbed)


@pytest.mark.parametrize("layer", [0, 1])
def test_scrubbing_keeps_its_verdicts_at_new_addresses(model_of, judged, altered, changes, layer):
    """Not its numbers: a head at another address has other donors."""
    moved = altered(INHIBITING, f"moved-{layer}", changes.permute_heads(layer, HEADS))
    new = HEADS.index(0)
    before = judged(INHIBITING, scrubbed)
    after = scrubbed(model_of(moved), *((new, 0) if layer == 0 else (0, new)))
    assert [e.verdict for e in after] == [e.verdict for e in before]
    assert len({e.verdict for e in before}) > 1


@pytest.mark.parametrize("change", ["values mixed", "neurons rescaled"])
def test_rankings_are_as_good_with_other_weights(changes, stays, change):
    by = {
        "values mixed": changes.mix_values(1, LOOKUP.card),
        "neurons rescaled": changes.rescale_neurons(1),
    }
    stays(LOOKUP, f"ranked, {change}", by[change], ranked)

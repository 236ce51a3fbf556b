"""Parts of the claims about next-token neurons and heads, by hand; the whole is in ground_truth."""

import numpy as np
import pytest

from circuit_assert import Session, head_activates_neuron, neuron_prefers_next_token
from circuit_assert.claims.activity_drops import drawn_neurons, shares_lost
from circuit_assert.claims.head_attributions import gate_weights
from circuit_assert.claims.next_token_neurons import Places
from circuit_assert.components import Neuron
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.models.planted_models import activating_documents, activating_model
from circuit_assert.next_token_neurons.attribution import combined
from circuit_assert.stats.auroc import auroc

RNG = np.random.default_rng(0)
DOCUMENTS = activating_documents(documents=2)
MODEL = Session().model(activating_model())


def test_wins_are_an_auroc_times_the_pairs():
    values = RNG.integers(0, 5, (3, 20)).astype(float)  # with ties
    places = Places(1, np.array([2, 5, 7]), np.array([1, 3, 8, 9, 12]))
    chosen = np.concatenate([places.token, places.others])
    expected = auroc(values[1, chosen], np.arange(8) < 3)
    assert places.wins(values) == pytest.approx(expected * places.pairs)
    both = np.stack([values, -values], axis=-1)
    np.testing.assert_allclose(places.wins(both), places.pairs * np.array([expected, 1 - expected]))


def test_the_share_lost_is_of_each_neuron_s_own_top_decile():
    active = np.zeros((100, 3))
    active[:10, 0], active[:10, 1] = 2.0, 4.0
    active[:, 2] = -1.0
    ablated = active.copy()
    ablated[:10, 0] = 1.5
    ablated[50, 0] = 9.0  # elsewhere does not count
    ablated[:5, 1] = 0.0
    np.testing.assert_allclose(shares_lost(active, ablated), [0.25, 0.5, np.nan])


def test_what_multiplies_each_factor_of_a_gated_neuron():
    up, gate, openness = RNG.normal(size=50), RNG.normal(size=50), RNG.uniform(0.1, 1, 50)
    oriented = openness * gate * up
    worth = gate_weights(oriented, up, gate)
    np.testing.assert_allclose(worth, [(openness * gate).mean(), (openness * up).mean()])
    assert gate_weights(np.zeros(2), np.zeros(2), np.ones(2)).tolist() == [0.0, 0.0]


def test_what_heads_add_to_a_gated_neuron_goes_by_both_of_its_rows():
    """To first order, a = ρ·g·u loses ρ·(u·Δg + g·Δu) without the head."""
    up, gate, openness = 2.0, 3.0, 0.5
    read = np.array([[[up, 0.1, 0.0], [gate, 0.0, 0.2]]])
    added = combined(read, np.array([openness * gate * up]), 1.0)
    np.testing.assert_allclose(added, [[openness * gate * 0.1, openness * up * 0.2]])
    np.testing.assert_allclose(combined(read[:, :1], np.array([7.0]), -1.0), [[-0.1, 0.0]])


def test_the_neuron_comes_first_and_once_among_those_drawn():
    drawn = drawn_neurons(Neuron(3, 7), 2000)
    assert drawn[0] == 7
    assert len(set(drawn)) == len(drawn) == 400
    assert len(drawn_neurons(Neuron(3, 7), 50)) == 50


@pytest.mark.parametrize(
    ("head", "neuron", "more", "error", "match"),
    [
        ("L1H0", "L1N0", {}, ClaimError, "not in a layer before"),
        ("L0N0", "L1N0", {}, ComponentError, "one head"),
        ("L0H0", "L0H1", {}, ComponentError, "one neuron"),
        ("L0H0", "L1N0", {"by": 1.5}, ClaimError, "share"),
        ("L0H0", "L1N0", {"ablation": "resample"}, ClaimError, '"zero" or "mean"'),
    ],
)
def test_wrong_use_is_refused_before_a_model_loads(head, neuron, more, error, match):
    with pytest.raises(error, match=match):
        head_activates_neuron(
            MODEL[head], MODEL[neuron], " w1", **{"on": DOCUMENTS, "by": 0.1, **more}
        )


def test_a_bound_below_chance_is_refused():
    with pytest.raises(ClaimError, match="AUROC"):
        neuron_prefers_next_token(MODEL["L1N0"], " w1", on=DOCUMENTS, by=0.4)

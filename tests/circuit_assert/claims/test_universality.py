"""Correlations with another model's neurons against a computation without the framework's parts."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from circuit_assert import Session, neuron_is_universal, recorded_activity
from circuit_assert.claims.single_features.activity import Activity
from circuit_assert.claims.universality.alignment import Other, Pair
from circuit_assert.claims.universality.correlations import through_position
from circuit_assert.components import Neuron
from circuit_assert.models.planted_models import universal_documents, universal_model

ON = universal_documents()


def neurons_on_words(planted, per_word):
    """Of each layer, activations on every word but the first of each document: `[word, neuron]`."""
    tensors = planted.state_dict()
    found = ([], [])
    for prompt in ON:
        tokens = torch.tensor([0, *planted.tokenizer.encode(prompt.text)])
        stream = tensors["tok_embed.weight"][tokens] + tensors["pos.weight"][: len(tokens)]
        for layer in range(2):
            mlp = f"layers.{layer}.mlp"
            reading = stream @ tensors[f"{mlp}.fc_in.weight"].T + tensors[f"{mlp}.fc_in.bias"]
            active = reading.relu()
            stream = stream + active @ tensors[f"{mlp}.fc_out.weight"].T
            found[layer].append(active[2 * per_word :: per_word])
    return [torch.cat(each).numpy() for each in found]


def test_activity_and_correlations_are_what_the_weights_say():
    planted, other = universal_model(), universal_model(other=True)
    recorded = recorded_activity(Session().model(other), on=ON, layers=[1, 0])
    model = Session().model(planted)
    (own,) = (neurons_on_words(planted, 1)[1][:, 0],)
    theirs = neurons_on_words(other, 2)
    both = np.concatenate([theirs[1], theirs[0]], axis=1)
    first = np.cumsum([0, *map(len, recorded.about.words)])[:-1]
    np.testing.assert_allclose(np.delete(recorded.activity, first, axis=0), both, atol=1e-4)

    documents = np.repeat([p.clusters["document"] for p in ON], 47)
    test = np.isin(documents, [p.clusters["document"] for p in ON.half("test")])
    r = [np.corrcoef(own[~test], column[~test])[0, 1] if column.any() else 0 for column in both.T]
    best = int(np.argmax(r))
    assert recorded.neuron(best) == "L0N17"
    finding = neuron_is_universal(model["L1N0"], [recorded], on=ON).check().findings[0]
    expected = np.corrcoef(own[test], both[test, best])[0, 1]
    assert f"L0N17: r = {expected:.3g}" in finding.notes[0]

    chosen = model.explore()(Asked(Pair(Activity(Neuron(1, 0), ON), Other(recorded, ON))))
    rotated = np.mean([np.corrcoef(own[test], each)[0, 1] for each in chosen.rotated])
    assert finding.effect == pytest.approx(expected - rotated, abs=1e-4)
    layers = [np.cov(half[test], rowvar=False).trace() for half in np.split(both, 2, axis=1)]
    assert all(np.var(each) < max(layers) for each in chosen.rotated)  # a unit direction's share


class Asked:
    """What was chosen for a pair."""

    def __init__(self, pair):
        self.pair = pair

    def needs(self, scores):
        return self.pair.needs(scores)

    def measured(self, scores):
        return self.pair.chosen(scores)


def test_rotations_are_orthogonal_and_keep_what_the_layer_holds():
    recorded = recorded_activity(Session().model(universal_model(other=True)), on=ON, layers=[0])

    class Rotations:
        def needs(self, scores):
            return Pair(Activity(Neuron(1, 0), ON), Other(recorded, ON)).needs(scores)

        def measured(self, scores):
            of = Other(recorded, ON)
            return of.rotations(scores), of.centred(scores)

    draws, centred = Session().model(universal_model()).explore()(Rotations())
    for (rotation,) in draws:
        np.testing.assert_allclose(rotation.turn @ rotation.turn.T, np.eye(160), atol=1e-4)
        assert (rotation.lengths["test"] ** 2).sum() == pytest.approx(
            float((centred["test"] ** 2).sum()), rel=1e-4
        )
    assert not np.allclose(draws[0][0].turn, draws[1][0].turn)


def test_correlation_through_position_is_that_with_shuffled_documents():
    generator = np.random.default_rng(0)
    place, both = generator.standard_normal(30), generator.standard_normal((40, 30))
    own, other = (place + both + generator.standard_normal((40, 30)) for _ in range(2))
    own[5:, 20:] = other[5:, 20:] = np.nan  # most documents are shorter
    shuffled = []
    for _ in range(2000):
        moved = other.copy()
        for word in range(30):
            there = np.flatnonzero(np.isfinite(other[:, word]))
            moved[there, word] = other[np.roll(there, generator.integers(1, len(there))), word]
        known = np.isfinite(own)
        shuffled.append(np.corrcoef(own[known], moved[known])[0, 1])
    assert through_position(own, other) == pytest.approx(np.mean(shuffled), abs=3e-3)
    alone = through_position(np.tile(place, (40, 1)), np.tile(place, (40, 1)))
    assert alone == pytest.approx(1.0)


def test_a_claim_stays_the_same_when_activity_is_rounded_otherwise_and_is_judged_by_its_own():
    recorded = recorded_activity(Session().model(universal_model(other=True)), on=ON, layers=[0, 1])
    rounded = replace(recorded, activity=recorded.activity * np.float32(1 + 2**-20))
    emptied = replace(recorded, activity=recorded.activity.copy())
    emptied.activity[:, 17] = 0.0
    assert len({recorded, rounded, emptied, replace(recorded)}) == 3
    neuron = Session().model(universal_model())["L1N0"]
    claims = [neuron_is_universal(neuron, [each], on=ON) for each in (recorded, rounded, emptied)]
    assert len({claim.id for claim in claims}) == 1
    effects = [claim.check().findings[0].effect for claim in claims]
    assert effects[1] == pytest.approx(effects[0], abs=1e-5)
    assert effects[2] < effects[0] - 0.1


def test_what_an_earlier_run_recorded_is_read_back(tmp_path, monkeypatch):
    def recorded(planted, layers):
        return recorded_activity(
            Session(cache=tmp_path / "cache").model(planted), on=ON, layers=layers
        )

    first = recorded(universal_model(), [1])
    other = recorded(universal_model(other=True), [1])
    assert recorded(universal_model(), [0]) != first
    assert other != first
    monkeypatch.setattr(Session, "explore", None)
    assert recorded(universal_model(), [1]) == first
    assert recorded(universal_model(other=True), [1]) == other

"""Neurons that another planted model has elsewhere, decoys, and random weights."""

from dataclasses import replace

import numpy as np
import pytest

from circuit_assert import (
    RecordedActivity,
    Session,
    feature_is_universal,
    neuron_is_universal,
    recorded_activity,
)
from circuit_assert.errors import ClaimError, ComponentError
from circuit_assert.models.planted_models import universal_documents, universal_model
from circuit_assert.stats import Verdict

ON = universal_documents()
PLAIN, GATED = universal_model(), universal_model(gated=True)


@pytest.fixture(scope="module")
def activity_of():
    known = {}

    def record(planted):
        if planted.name not in known:
            known[planted.name] = recorded_activity(
                Session().model(planted), on=ON, layers=range(2)
            )
        return known[planted.name]

    return record


@pytest.fixture
def other(activity_of):
    return activity_of(universal_model(other=True))


@pytest.mark.parametrize("gated", [False, True], ids=["plain", "gated"])
def test_what_the_other_has_elsewhere_is_universal_and_what_it_lacks_is_not(
    model_of, activity_of, gated
):
    model = model_of(GATED if gated else PLAIN)
    across = [activity_of(universal_model(other=True, gated=gated))]
    evidence = neuron_is_universal(model["L1N0"], across, on=ON).check()
    assert evidence.verdict is Verdict.SUPPORTED, evidence.reason
    assert "L0N17" in str(evidence.findings[0].notes)
    assert not neuron_is_universal(model["L1N1"], across, on=ON)


def test_what_is_shared_through_the_place_alone_is_not_universal(model_of, other):
    evidence = neuron_is_universal(model_of(PLAIN)["L1N2"], [other], on=ON).check()
    by_name = {finding.name: finding for finding in evidence.findings}
    assert by_name["excess"].verdict is Verdict.SUPPORTED
    assert by_name["beyond position"].verdict is Verdict.REFUTED
    assert evidence.verdict is not Verdict.SUPPORTED


def test_what_only_one_of_two_others_has_is_not_universal(model_of, activity_of, other):
    random = activity_of(universal_model(other=True).with_random_weights(0))
    neuron = model_of(PLAIN)["L1N0"]
    assert not neuron_is_universal(neuron, [random], on=ON)
    assert not neuron_is_universal(neuron, [other, random], on=ON)
    again = activity_of(universal_model(other=True, like=0.85))
    assert neuron_is_universal(neuron, [other, again], on=ON)


def test_what_is_spread_over_all_neurons_of_the_other_is_not_universal(model_of, other):
    turn = np.linalg.qr(np.random.default_rng(7).standard_normal((160, 160)))[0]
    turned = np.concatenate([half @ turn for half in np.split(other.activity, 2, axis=1)], axis=1)
    spread = replace(other, activity=turned.astype(np.float32))
    assert not neuron_is_universal(model_of(PLAIN)["L1N0"], [spread], on=ON)


def test_a_neuron_that_is_less_alike_is_not_universal_at_the_same_bound(model_of, activity_of):
    less = activity_of(universal_model(other=True, like=0.5))
    assert not neuron_is_universal(model_of(PLAIN)["L1N0"], [less], on=ON)


def test_a_vector_that_reads_the_shared_words_is_universal(model_of, other, tmp_path):
    model = model_of(PLAIN)
    weights = PLAIN.state_dict()["layers.1.mlp.fc_in.weight"].numpy()
    for neuron in (0, 1):
        np.save(tmp_path / f"{neuron}.npy", weights[neuron])
    shared, own = (model.vector(tmp_path / f"{n}.npy", at="L0.resid_post") for n in (0, 1))
    assert feature_is_universal(shared, [other], on=ON)
    assert not feature_is_universal(own, [other], on=ON)


def test_nothing_is_universal_in_random_weights(other):
    model = Session().model(PLAIN.with_random_weights(0))
    claims = [neuron_is_universal(model.neuron(1, n), [other], on=ON, by=0.2) for n in range(30)]
    assert Verdict.SUPPORTED not in {each.verdict for each in model.court.evaluate(claims)}


def test_the_model_itself_is_no_other_model(model_of, activity_of):
    evidence = neuron_is_universal(model_of(PLAIN)["L1N0"], [activity_of(PLAIN)], on=ON).check()
    assert evidence.verdict is Verdict.INCONCLUSIVE
    assert "same weights" in evidence.reason


def test_claims_about_other_recordings_are_other_claims(model_of, other, tmp_path):
    """What a recording is of tells a claim; its numbers, what is judged: another engine rounds."""
    neuron = model_of(PLAIN)["L1N0"]
    about = replace(other.about, weights="others")
    one, two, three = (
        neuron_is_universal(neuron, [each], on=ON)
        for each in (
            other,
            replace(other, activity=np.roll(other.activity, 7, axis=0)),
            replace(other, about=about),
        )
    )
    assert one.id == two.id != three.id
    found = neuron.model.court.evaluate([one, two])
    assert [each.verdict for each in found] == [Verdict.SUPPORTED, Verdict.REFUTED]
    other.save(tmp_path / "other.npz")
    read = RecordedActivity.load(tmp_path / "other.npz")
    assert neuron_is_universal(neuron, [read], on=ON).id == one.id


def test_wrong_use_is_refused(model_of, other, tmp_path):
    neuron = model_of(PLAIN)["L1N0"]
    with pytest.raises(ComponentError, match="neuron"):
        neuron_is_universal(model_of(PLAIN)["L1H0"], [other], on=ON)
    with pytest.raises(ClaimError, match="at least one"):
        neuron_is_universal(neuron, [], on=ON)
    with pytest.raises(ClaimError, match="lists"):
        neuron_is_universal(neuron, other, on=ON)
    with pytest.raises(ClaimError, match="twice"):
        neuron_is_universal(neuron, [other, other], on=ON)
    with pytest.raises(ClaimError, match="recorded on"):
        neuron_is_universal(neuron, [other], on=universal_documents(seed=1))
    with pytest.raises(ClaimError, match="from 0"):
        neuron_is_universal(neuron, [other], on=ON, by=1.0)
    with pytest.raises(ClaimError, match="layers 0 to 1"):
        recorded_activity(model_of(PLAIN), on=ON, layers=[2])
    np.savez(tmp_path / "pickled.npz", about=np.array({"model": 1}), activity=np.zeros(1))
    with pytest.raises(ComponentError, match="no recorded activity"):
        RecordedActivity.load(tmp_path / "pickled.npz")

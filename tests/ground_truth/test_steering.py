"""What adding planted neurons makes a model write: a true one, decoys, and random weights."""

import numpy as np
import pytest

from circuit_assert import (
    PromptSet,
    ScriptShare,
    Session,
    plain_text,
    steering_makes_output,
    steering_response,
)
from circuit_assert.errors import ClaimError, ComponentError, PromptError
from circuit_assert.models.planted_models import (
    steering_documents,
    steering_model,
    steering_prefixes,
)
from circuit_assert.stats import Verdict

ON, NATURAL = steering_prefixes(), steering_documents()
CYRILLIC, GREEK = ScriptShare("Cyrillic"), ScriptShare("Greek")


@pytest.fixture(scope="module")
def model(model_of):
    return model_of(steering_model())


def steers(feature, versus=GREEK, **given):
    return steering_makes_output(
        feature, CYRILLIC, **{"on": ON, "by": 0.3, "versus": versus, "natural": NATURAL, **given}
    )


def test_a_neuron_that_does_is_supported(model):
    evidence = steers(model["L0N0"], unharmed=ON, within=5.0).check()
    assert evidence.verdict is Verdict.SUPPORTED, evidence.reason


@pytest.mark.parametrize("neuron", ["L0N1", "L0N3", "L0N9"])
def test_an_inert_neuron_a_repetition_and_another_neuron_are_refuted(model, neuron):
    evidence = steers(model[neuron]).check()
    assert evidence.verdict is Verdict.REFUTED, evidence.reason


def test_what_raises_two_scripts_alike_is_not_supported(model):
    assert steers(model["L0N2"]).check().verdict is not Verdict.SUPPORTED


def test_where_any_neuron_does_it_shows_nothing(model_of):
    evidence = steers(model_of(steering_model(fragile=True))["L0N0"]).check()
    assert evidence.verdict is Verdict.INCONCLUSIVE
    assert "other features of the same length" in evidence.reason


def test_what_it_might_write_instead_must_not_rise(model):
    evidence = steers(model["L0N0"], versus=CYRILLIC).check()
    assert evidence.verdict is Verdict.INCONCLUSIVE
    assert "specific" in evidence.reason


def test_what_costs_much_elsewhere_is_not_supported(model):
    evidence = steers(model["L0N0"], unharmed=ON, within=0.5).check()
    assert evidence.verdict is Verdict.INCONCLUSIVE
    assert "unharmed" in evidence.reason


def test_a_weak_dose_is_refuted(model):
    assert steers(model["L0N0"], strength=0.05).check().verdict is Verdict.REFUTED


def test_a_neuron_that_is_never_active_shows_nothing(model):
    evidence = steers(model["L0N1"], natural=ON).check()
    assert evidence.verdict is Verdict.INCONCLUSIVE
    assert "never active" in evidence.reason


def test_prompts_that_leave_no_room_are_refused(model):
    with pytest.raises(PromptError, match="tokens long"):
        steers(model["L0N0"], tokens=80).check()


def test_vectors_and_directions_steer_too(model, tmp_path):
    place = steering_model().settings["d_model"] - 16 - 1 - 1 - 2
    file = tmp_path / "cyrillic.npy"
    np.save(file, np.eye(1, steering_model().settings["d_model"], place, dtype=np.float32)[0])
    evidence = steers(model.vector(file, at="L0.resid_post")).check()
    assert evidence.verdict is Verdict.SUPPORTED, evidence.reason
    ends = {
        word: PromptSet.from_list([f"w{n} {word}" for n in range(8)], name=word)
        for word in ("ж0", "w9")
    }
    direction = model.direction(ends["ж0"], versus=ends["w9"], at="L0.resid_post")
    evidence = steers(direction, natural=None, strength=3.0).check()
    assert evidence.verdict is Verdict.SUPPORTED, evidence.reason


@pytest.mark.parametrize("seed", range(2))
def test_nothing_is_supported_of_random_weights(seed):
    model = Session().model(steering_model().with_random_weights(seed))
    for evidence in model.court.evaluate([steers(model["L0N0"], by=by) for by in (0.1, 0.3)]):
        assert evidence.verdict is not Verdict.SUPPORTED, evidence.reason


def test_bad_input_is_refused_before_a_model_loads():
    model = Session().model(steering_model())
    with pytest.raises(ComponentError, match="about one feature"):
        steers(model["L0H0"])
    with pytest.raises(ClaimError, match="natural="):
        steers(model["L0N0"], natural=None)
    with pytest.raises(ClaimError, match="strength"):
        steers(model["L0N0"], strength=0.0)
    with pytest.raises(ClaimError, match="share"):
        steers(model["L0N0"], by=2.0)
    with pytest.raises(ClaimError, match="fewest"):
        steers(model["L0N0"], tokens=2)
    with pytest.raises(ClaimError, match="unharmed"):
        steers(model["L0N0"], unharmed=plain_text())


def test_a_response_shows_what_is_written_at_each_strength(model):
    table = steering_response(
        model, model["L0N0"], [CYRILLIC, GREEK], on=ON, natural=NATURAL, strengths=(0.0, 0.5, 1.0)
    )
    by_output = {name: part["share"].tolist() for name, part in table.groupby("output")}
    none, half, whole = by_output[str(CYRILLIC)]
    assert none < 0.3 < whole
    assert none <= half <= whole
    assert max(by_output[str(GREEK)]) < 0.3
    assert table["strength"].tolist() == [0.0, 0.5, 1.0] * 2

"""Latents of a known dictionary: a true one, a decoy for each claim, and random weights."""

import numpy as np
import pytest

from circuit_assert import (
    PromptSet,
    Script,
    Session,
    feature_is_not_a_neuron,
    feature_is_sensitive,
    feature_is_specific,
    feature_matters,
    feature_means_script,
    feature_promotes_tokens,
    token_label,
)
from circuit_assert.errors import ClaimError, ComponentError, PromptError
from circuit_assert.models.planted_models import (
    feature_dictionary,
    feature_documents,
    feature_model,
)
from circuit_assert.models.planted_models.features import PROMOTED, SITE
from circuit_assert.stats import Verdict

PLANTED, DICTIONARY, ON = feature_model(), feature_dictionary(), feature_documents()
CYRILLIC = Script("Cyrillic")
CLAIMS = {
    "specific": lambda feature: feature_is_specific(feature, CYRILLIC, on=ON, by=0.8),
    "sensitive": lambda feature: feature_is_sensitive(feature, CYRILLIC, on=ON, by=0.8),
    "script": lambda feature: feature_means_script(feature, "Cyrillic", on=ON, by=0.8, recall=0.8),
    "matters": lambda feature: feature_matters(feature, on=ON, by=0.3),
    "not a neuron": lambda feature: feature_is_not_a_neuron(feature, on=ON, by=0.6),
    "promotes": lambda feature: feature_promotes_tokens(
        feature, PROMOTED, on=ON, strength=2.0, by=1.0
    ),
}


@pytest.fixture(scope="module")
def latents(model_of):
    return model_of(PLANTED).with_dictionary(DICTIONARY)


@pytest.mark.parametrize("kind", CLAIMS)
def test_the_planted_feature_is_what_it_is(latents, kind):
    evidence = CLAIMS[kind](latents["L0F0"]).check()
    assert evidence.verdict is Verdict.SUPPORTED, evidence.reason


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("L0F1", "specific"),
        ("L0F1", "script"),
        ("L0F2", "specific"),
        ("L0F2", "script"),
        ("L0F3", "matters"),
        ("L0F3", "promotes"),
        ("L0F4", "not a neuron"),
        ("L0F4", "sensitive"),
        ("L0F5", "sensitive"),
        ("L0F5", "script"),
    ],
)
def test_a_decoy_is_refuted(latents, address, kind):
    evidence = CLAIMS[kind](latents[address]).check()
    assert evidence.verdict is Verdict.REFUTED, evidence.reason


@pytest.mark.parametrize(
    ("address", "kind"),
    [("L0F1", "sensitive"), ("L0F3", "script"), ("L0F5", "specific")],
)
def test_decoys_share_the_rest(latents, address, kind):
    assert CLAIMS[kind](latents[address])


def test_a_feature_that_is_specific_at_the_top_is_so_above_a_level(latents):
    assert feature_is_specific(latents["L0F1"], CYRILLIC, on=ON, by=0.8, level=0.6)


@pytest.mark.parametrize("seed", range(2))
def test_nothing_is_supported_of_random_weights(seed):
    model = Session().model(PLANTED.with_random_weights(seed)).with_dictionary(DICTIONARY)
    kinds = [kind for kind in CLAIMS if kind != "not a neuron"]  # that is true of anything
    for kind, evidence in zip(
        kinds, model.court.evaluate([CLAIMS[kind](model["L0F0"]) for kind in kinds]), strict=True
    ):
        assert evidence.verdict is not Verdict.SUPPORTED, kind


def test_a_latent_that_is_never_active_shows_nothing(latents):
    for kind, make in CLAIMS.items():
        if kind == "promotes":
            continue  # its weights decide that
        evidence = make(latents["L0F150"]).check()
        assert evidence.verdict is Verdict.INCONCLUSIVE, kind
        assert "never active" in evidence.reason


def test_where_all_is_of_the_label_nothing_is_specific(latents):
    anything = token_label("anything", bool)
    evidence = feature_is_specific(latents["L0F0"], anything, on=ON, by=0.8).check()
    assert evidence.verdict is Verdict.INCONCLUSIVE
    assert "shuffled labels" in evidence.reason


def test_a_feature_that_is_always_active_is_not_sensitive(latents, tmp_path):
    file = tmp_path / "any.npy"
    np.save(file, np.ones(PLANTED.card.d_model, np.float32))
    always = latents.vector(file, at=SITE, origin=-1e6)
    evidence = feature_is_sensitive(always, CYRILLIC, on=ON, by=0.8).check()
    assert evidence.verdict is Verdict.INCONCLUSIVE


@pytest.fixture(scope="module")
def others(latents, tmp_path_factory):
    """The same feature by its other origins, and the neuron that writes L0F4."""
    file = tmp_path_factory.mktemp("vectors") / "cyrillic.npy"
    np.save(file, DICTIONARY.direction(0).numpy())
    return {
        "vector": latents.vector(file, at=SITE, origin=0.8),
        "neuron": latents["L0N0"],
    }


def test_a_vector_from_a_file_is_a_feature(others):
    assert CLAIMS["script"](others["vector"])
    assert feature_matters(others["vector"], on=ON, by=0.1)


def test_a_direction_of_a_contrast_is_a_feature(latents):
    ends = {word: feature_word(word) for word in ("ж3", "λ3")}
    direction = latents.direction(ends["ж3"], versus=ends["λ3"], at=SITE)
    assert not feature_is_specific(direction, Script("Greek"), on=ON, by=0.8)
    assert not CLAIMS["promotes"](latents.direction(ends["λ3"], versus=ends["ж3"], at=SITE))


def feature_word(word):
    return PromptSet.from_list([f"w9 {word}", f"w20 {word}"], name=word)


def test_a_neuron_is_a_feature(others):
    assert feature_is_specific(others["neuron"], Script("Greek"), on=ON, by=0.8)
    assert not CLAIMS["matters"](others["neuron"])


def test_bad_input_is_refused_before_a_model_loads(tmp_path):
    model = Session().model(PLANTED)
    latents = model.with_dictionary(DICTIONARY)
    with pytest.raises(ComponentError, match="with_dictionary"):
        model["L0F0"]
    with pytest.raises(ComponentError, match="latents 0 to 159"):
        latents["L0F160"]
    with pytest.raises(ComponentError, match="about one feature"):
        feature_matters(latents["L0H0"], on=ON, by=0.1)
    with pytest.raises(ComponentError, match="is one"):
        feature_is_not_a_neuron(latents["L0N0"], on=ON, by=0.5)
    with pytest.raises(ClaimError, match="between 0 and 1"):
        feature_is_specific(latents["L0F0"], CYRILLIC, on=ON, by=1.5)
    with pytest.raises(ClaimError, match="level"):
        feature_is_specific(latents["L0F0"], CYRILLIC, on=ON, by=0.5, level=1.0)
    with pytest.raises(PromptError, match="scripts are"):
        feature_means_script(latents["L0F0"], "Klingon", on=ON, by=0.5, recall=0.5)
    with pytest.raises(ClaimError, match="different texts"):
        feature_promotes_tokens(latents["L0F0"], " w0", on=ON, strength=1.0, by=0.5)
    with pytest.raises(ClaimError, match="above zero"):
        feature_promotes_tokens(latents["L0F0"], PROMOTED, on=ON, strength=0.0, by=0.5)
    with pytest.raises(ComponentError, match="ambiguous"):
        latents.with_dictionary(feature_dictionary(1))
    with pytest.raises(ComponentError, match="no L7"):
        model.with_dictionary(DICTIONARY.encoder, at="L7.resid_post")


def test_the_dictionary_is_a_part_of_the_claim():
    model = Session().model(PLANTED)
    one, other = (model.with_dictionary(feature_dictionary(seed)) for seed in (0, 1))
    assert one == other
    first, second = (CLAIMS["script"](latents["L0F0"]) for latents in (one, other))
    assert first.sentence == second.sentence
    assert first.id != second.id

"""Whether one of three planted languages is privileged: louder, or only unembedded longer."""

import pytest

from circuit_assert import answered_as, language_is_privileged, layer_curve
from circuit_assert.models.planted_models import languages_model, planted_antonyms
from circuit_assert.session import Session
from circuit_assert.stats import Verdict

ALL = planted_antonyms("en", "fr", "zh")


def test_a_language_with_louder_answers_is_privileged(model_of):
    model = model_of(languages_model("shared", english=1.6))
    claim = language_is_privileged(model, "en", on=ALL, by=0.2)
    assert claim.check().verdict is Verdict.SUPPORTED
    assert language_is_privileged(model, "fr", on=ALL, by=0.2).check().verdict is Verdict.REFUTED


def test_one_with_a_longer_unembedding_is_not_shown_to_be(model_of):
    evidence = language_is_privileged(
        model_of(languages_model("shared", unembedded=1.6)), "en", on=ALL, by=0.2
    ).check()
    assert evidence.verdict is Verdict.INCONCLUSIVE
    assert "unembedding" in evidence.reason


def test_languages_alike_are_equivalent(model_of):
    model = model_of(languages_model("shared"))
    assert language_is_privileged(model, "en", on=ALL, within=1.0).check().verdict is (
        Verdict.SUPPORTED
    )
    assert language_is_privileged(model, "en", on=ALL, by=1.0).check().verdict is Verdict.REFUTED


@pytest.mark.parametrize("seed", range(2))
def test_nothing_is_supported_of_a_model_with_random_weights(seed):
    planted = languages_model("shared", english=1.6).with_random_weights(seed)
    model = Session().model(planted)
    for options in ({"by": 0.0}, {"within": 5.0}):
        evidence = language_is_privileged(model, "en", on=ALL, **options).check()
        assert evidence.verdict is Verdict.INCONCLUSIVE  # it does not do the task


def test_answers_appear_in_the_layer_that_writes_them(model_of):
    on = answered_as(planted_antonyms("fr"), planted_antonyms("en"))
    table = layer_curve(model_of(languages_model("shared")), on)
    assert table["layer"].tolist() == [0, 1]
    assert table["share"][1] == 1.0
    assert table["answer"][1] - table["answer"][0] > 3.0
    assert abs(table["answer"][0] - table["foil"][0]) < 1e-3

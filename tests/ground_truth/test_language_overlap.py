"""Overlap of features on models whose neurons are active for words, of one language or of both."""

from dataclasses import dataclass

import pytest
import torch

from circuit_assert import (
    features_overlap_across_languages,
    overlap_curve,
    overlap_peaks_in_the_middle,
)
from circuit_assert.components import Site
from circuit_assert.models.planted_models import planted_paragraphs, translating_model
from circuit_assert.session import Session
from circuit_assert.stats import Verdict

PARAGRAPHS = planted_paragraphs()
OPTIONS = {"on": PARAGRAPHS, "languages": ("en", "fr"), "tokens": 8}


def overlap(model, at="L0.mlp_post", **options):
    return features_overlap_across_languages(model, at, **{**OPTIONS, "by": 0.0, **options})


def test_neurons_for_words_and_their_translations_overlap(model_of):
    evidence = overlap(model_of(translating_model(("shared",))), by=0.5).check()
    assert evidence.verdict is Verdict.SUPPORTED, evidence.reason


@dataclass(frozen=True)
class Latents:
    """A dictionary of the residual stream that has each word of one language as a latent."""

    languages: tuple[int, ...]

    @property
    def site(self):
        return Site(0, "resid_post")

    def activity(self, activation):
        return torch.cat([activation[..., 1 + 120 * n : 121 + 120 * n] for n in self.languages], -1)


def test_latents_of_words_of_one_language_do_not_overlap(model_of):
    evidence = overlap(model_of(translating_model(("shared",))), at=Latents((0, 1))).check()
    assert evidence.verdict is Verdict.INCONCLUSIVE
    assert evidence.findings[0].effect == 0.0


@dataclass(frozen=True)
class Translated(Latents):
    """One that has each word together with its translation."""

    def activity(self, activation):
        english, french = (activation[..., 1 + 120 * n : 121 + 120 * n] for n in self.languages)
        return english + french


def test_latents_of_words_with_their_translations_overlap(model_of):
    claim = overlap(model_of(translating_model(("own",))), at=Translated((0, 1)), by=0.5)
    assert claim.check().verdict is Verdict.SUPPORTED


@pytest.mark.parametrize("kind", ["own", "chance"])
def test_neurons_of_each_language_do_not(model_of, kind):
    model = model_of(translating_model((kind,)))
    assert overlap(model).check().verdict is not Verdict.SUPPORTED
    if kind == "chance":
        assert overlap(model, by=0.1).check().verdict is Verdict.REFUTED


def test_names_that_both_languages_share_do_not_count(model_of):
    evidence = overlap(model_of(translating_model(("own",)))).check()
    assert evidence.findings[0].effect == 0.0


def test_translations_of_equal_size_are_no_overlap(model_of):
    evidence = overlap(model_of(translating_model(("sizes",)))).check()
    assert evidence.verdict is Verdict.INCONCLUSIVE
    found = {f.name: f.verdict for f in evidence.findings}
    assert found["overlap"] is Verdict.SUPPORTED
    assert found["beyond the sizes of the sets"] is not Verdict.SUPPORTED


def test_paragraphs_that_are_no_translations_do_not_overlap(model_of):
    on = planted_paragraphs(translated=False)
    model = model_of(translating_model(("shared",)))
    assert overlap(model, on=on).check().verdict is not Verdict.SUPPORTED
    assert overlap(model, on=on, by=0.2).check().verdict is Verdict.REFUTED


@pytest.mark.parametrize(
    ("layers", "verdict"),
    [
        (("chance", "shared", "own"), Verdict.SUPPORTED),
        (("shared", "chance", "shared"), Verdict.REFUTED),
        (("own", "own", "shared"), Verdict.REFUTED),
    ],
)
def test_where_the_overlap_peaks(model_of, layers, verdict):
    claim = overlap_peaks_in_the_middle(model_of(translating_model(layers)), **OPTIONS)
    assert claim.check().verdict is verdict


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_supported_of_a_model_with_random_weights(seed):
    layers = ("chance", "shared", "own")
    model = Session().model(translating_model(layers).with_random_weights(seed))
    claims = [overlap(model, "L1.mlp_post"), overlap_peaks_in_the_middle(model, **OPTIONS)]
    assert all(e.verdict is not Verdict.SUPPORTED for e in model.court.evaluate(claims))


def test_a_curve_shows_in_which_layers_texts_share_neurons(model_of):
    """The claim's effect at each layer: the words' neurons stand in the second of three."""
    model = model_of(translating_model(("own", "shared", "own")))
    curve = overlap_curve(model, PARAGRAPHS, languages=("en", "fr"), tokens=8)
    assert curve["layer"].tolist() == [0, 1, 2]
    effects = [
        overlap(model, f"L{layer}.mlp_post").check().findings[0].effect for layer in range(3)
    ]
    assert curve["overlap"].tolist() == pytest.approx(effects, abs=1e-12)
    assert curve["overlap"][1] > 0.5 + curve["overlap"][[0, 2]].max()
    assert (curve["error"] > 0).any()

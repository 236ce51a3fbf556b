"""Features of a dictionary of Gemma 3 270M (Bricken et al. 2023, Towards Monosemanticity).

The dictionary is small and of our own (dictionary/README.md). Latents were found on one half of
messages that it was not trained on (hypotheses/find_features.py) and are tested on the other: the
same eighty documents in six languages, of which one is written in Han characters, one in Greek,
one in Arabic and two in Cyrillic letters.

L9F302 is the dictionary's one clear feature of a script: it is active on nearly all tokens with Han
characters. No latent means Arabic or Cyrillic: of those, the best by precision and recall on the
discovery half were active elsewhere, too.
"""

import json
from pathlib import Path

import pytest

from circuit_assert import (
    PromptSet,
    Script,
    feature_is_not_a_neuron,
    feature_is_sensitive,
    feature_is_specific,
    feature_matters,
    feature_means_script,
    feature_promotes_tokens,
)

DICTIONARY = Path(__file__).parent / "dictionary"
MESSAGES = PromptSet.from_list(
    json.loads((DICTIONARY / "messages.json").read_text(encoding="utf-8")),
    name="messages",
    cluster_by="document",
).half("test")
CHINESE = MESSAGES.where(language="zh")
COMMON = ("的", "是", "不", "有", "我", "在", "了", "中")


@pytest.fixture
def latents(gemma):
    return gemma.with_dictionary(DICTIONARY)


def test_L9F302_means_Han_where_it_is_active_enough(latents):
    """The level was chosen on the discovery half, of 0, 0.2 and 0.4."""
    assert feature_means_script(
        latents["L9F302"], "Han", on=MESSAGES, by=0.8, recall=0.7, level=0.4
    )


def test_where_it_is_weak_it_means_something_else(latents):
    assert not feature_means_script(latents["L9F302"], "Han", on=MESSAGES, by=0.8, recall=0.7)


def test_it_is_active_on_nearly_all_of_Han(latents):
    assert feature_is_sensitive(latents["L9F302"], Script("Han"), on=MESSAGES, by=0.95)


def test_L9F1487_means_Han_but_not_all_of_it(latents):
    assert feature_is_specific(latents["L9F1487"], Script("Han"), on=MESSAGES, by=0.6)
    assert not feature_is_sensitive(latents["L9F1487"], Script("Han"), on=MESSAGES, by=0.7)


@pytest.mark.parametrize(
    ("latent", "script"),
    [("L9F139", "Cyrillic"), ("L9F1994", "Greek"), ("L9F965", "Arabic")],
)
def test_others_are_specific_at_the_top_only(latents, latent, script):
    assert not feature_is_specific(latents[latent], Script(script), on=MESSAGES, by=0.8)


def test_L9F302_promotes_common_characters(latents):
    """Strength 250 is about the largest activation on the discovery half."""
    han = latents["L9F302"]
    assert feature_promotes_tokens(han, COMMON, on=CHINESE, strength=250.0, by=0.1)


def test_a_neuron_of_the_second_layer_is_much_like_it(latents):
    """L1N126, which correlated 0.84 with it on the discovery half."""
    both = MESSAGES.where(lambda prompt: prompt.language in {"en", "zh"})
    assert not feature_is_not_a_neuron(latents["L9F302"], on=both, by=0.6)


def test_L9F302_matters(latents):
    assert feature_matters(latents["L9F302"], on=CHINESE, by=0.01)

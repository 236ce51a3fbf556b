"""Writes docs/planted-models.md to standard output: what is true and what is false of each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from circuit_assert.models.planted import PlantedModel
from circuit_assert.models.planted_models import (
    AttendingHead,
    activating_model,
    attention_model,
    basis_model,
    compiled_model,
    composing_model,
    composition_model,
    compound_model,
    confidence_model,
    context_model,
    copying_model,
    counting_model,
    cutting_model,
    explained_model,
    feature_model,
    graded_attention_model,
    graded_copying_model,
    graded_effects_model,
    graded_head,
    graded_induction_model,
    graded_matching_model,
    induction_model,
    inhibiting_model,
    languages_model,
    lookup_model,
    matching_model,
    naming_model,
    neuron_model,
    redundant_induction_model,
    relay_model,
    repair_model,
    spelling_model,
    steering_model,
    suppressing_model,
    translating_model,
    universal_model,
    virtual_weights_model,
)

_MODELS: dict[str, PlantedModel] = {
    "induction_model()": induction_model(),
    "induction_model(grouped_queries=True)": induction_model(grouped_queries=True),
    "redundant_induction_model()": redundant_induction_model(),
    'graded_induction_model("example", (graded_head(0.6), graded_head(0.2)))': (
        graded_induction_model("example", (graded_head(0.6), graded_head(0.2)))
    ),
    "attention_model()": attention_model(),
    "attention_model(grouped_queries=True)": attention_model(grouped_queries=True),
    'graded_attention_model("example", (AttendingHead(back={1: 1.0}),))': (
        graded_attention_model("example", (AttendingHead(back={1: 1.0}),))
    ),
    "lookup_model()": lookup_model(),
    "naming_model()": naming_model(),
    "naming_model(grouped_queries=True)": naming_model(grouped_queries=True),
    'graded_effects_model("example", (2.0, *7 * (0.1,)))': (
        graded_effects_model("example", (2.0, *7 * (0.1,)))
    ),
    "repair_model()": repair_model(),
    "repair_model(norm=True)": repair_model(norm=True),
    "feature_model()": feature_model(),
    "universal_model()": universal_model(),
    "universal_model(gated=True)": universal_model(gated=True),
    "explained_model()": explained_model(),
    "explained_model(gated=True)": explained_model(gated=True),
    "context_model()": context_model(),
    "context_model(gated=True)": context_model(gated=True),
    "steering_model()": steering_model(),
    "steering_model(fragile=True)": steering_model(fragile=True),
    "neuron_model()": neuron_model(),
    "neuron_model(gated=True)": neuron_model(gated=True),
    "confidence_model()": confidence_model(),
    "confidence_model(gated=True)": confidence_model(gated=True),
    "compound_model()": compound_model(),
    "compound_model(gated=True)": compound_model(gated=True),
    "cutting_model()": cutting_model(),
    "cutting_model(early=0.0, late=0.9)": cutting_model(early=0.0, late=0.9),
    "cutting_model(reads='last')": cutting_model(reads="last"),
    "spelling_model()": spelling_model(),
    "activating_model()": activating_model(),
    "activating_model(gated=True)": activating_model(gated=True),
    "activating_model(norm=True)": activating_model(norm=True),
    'languages_model("shared")': languages_model("shared"),
    'languages_model("shared", insistence=2.0)': languages_model("shared", insistence=2.0),
    'languages_model("inert")': languages_model("inert"),
    'languages_model("separate")': languages_model("separate"),
    'languages_model("script")': languages_model("script"),
    'languages_model("every word")': languages_model("every word"),
    'translating_model(("shared", "own", "chance", "sizes"))': (
        translating_model(("shared", "own", "chance", "sizes"))
    ),
    "composition_model()": composition_model(),
    "basis_model()": basis_model(),
    'basis_model("turned")': basis_model("turned"),
    'basis_model("massive")': basis_model("massive"),
    'basis_model("first")': basis_model("first"),
    "composing_model()": composing_model(),
    "copying_model()": copying_model(),
    "copying_model(grouped_queries=True)": copying_model(grouped_queries=True),
    'graded_copying_model("example", np.eye(12))': graded_copying_model("example", np.eye(12)),
    "suppressing_model()": suppressing_model(),
    "suppressing_model(grouped_queries=True)": suppressing_model(grouped_queries=True),
    "counting_model()": counting_model(),
    "counting_model(grouped_queries=True)": counting_model(grouped_queries=True),
    "virtual_weights_model()": virtual_weights_model(),
    "virtual_weights_model(gated=True)": virtual_weights_model(gated=True),
    "matching_model()": matching_model(),
    "matching_model(grouped_queries=True)": matching_model(grouped_queries=True),
    'graded_matching_model("example", np.eye(12))': graded_matching_model("example", np.eye(12)),
    "relay_model()": relay_model(),
    "relay_model(grouped_queries=True)": relay_model(grouped_queries=True),
    "inhibiting_model()": inhibiting_model(),
    'compiled_model("induction")': compiled_model("induction"),
    'compiled_model("count")': compiled_model("count"),
}
_HEADER = """\
# Planted models

Small transformers whose circuits are known, because their weights were written by hand or compiled
from a program. A claim type proves itself on them first: it supports what is true and supports
nothing of what is false. They are in `circuit_assert.models.planted_models`, with the prompts that
they are made for. This page is what `python -m circuit_assert.models.planted_models` prints.
"""


def page() -> str:
    """The page; models of which the same is true and false share a section."""
    sections: dict[str, list[str]] = {}
    for call, model in _MODELS.items():
        sections.setdefault(_truths(model), []).append(f"`{call}`")
    parts = [f"## {', '.join(calls)}\n\n{truths}" for truths, calls in sections.items()]
    return "\n".join([_HEADER, *parts])


def _truths(model: PlantedModel) -> str:
    said = [f"* {who} {what}" for what, who in _by_words(model.true).items()]
    said += [f"* *false:* {who} {what}" for what, who in _by_words(model.false).items()]
    return "\n".join(said) + "\n"


def _by_words(said: Mapping[str, str]) -> dict[str, str]:
    """What is said → the components that it is said of."""
    components: dict[str, list[str]] = {}
    for component, words in said.items():
        components.setdefault(words, []).append(f"`{component}`")
    return {words: ", ".join(of) for words, of in components.items()}


if __name__ == "__main__":
    print(page(), end="")
